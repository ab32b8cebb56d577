import type { Behaviour } from '../../actors/behaviour.ts';
import type { InvocationContext } from '../../runtime/context/invocation.ts';
import type { TestPlatform } from './platform.ts';

/**
 * Model turns of which `when` is true throw in the platform itself, as a mistake of ours would: their actor is started
 * again, and set aside in the end. Nothing that a model or a pack answers does that.
 */
export function throwingTurns<P extends Pick<TestPlatform, 'worker'>>(
  opened: P,
  when: (context: InvocationContext) => boolean = () => true,
): P {
  const { invocations } = opened.worker as unknown as { invocations: Behaviour };
  const { perform } = invocations;
  invocations.perform = async (kind, ordinal, snapshot, signal) => {
    if (kind === 'model' && when(snapshot.context as InvocationContext)) throw new TypeError('the platform threw');
    return perform(kind, ordinal, snapshot, signal);
  };
  return opened;
}
