/** What an invocation goes on with on this worker: what it began with, and this worker's code where that will do. */
import type { Lack, Means } from '../../runtime/definitions/catalog.ts';
import { PLAYED_MODEL } from '../../runtime/definitions/players.ts';
import type { CodeId } from '../../runtime/definitions/release.ts';
import type { ResolvedAgent } from '../../runtime/definitions/resolved.ts';
import { own } from '../../runtime/definitions/words.ts';
import type { InvocationContext } from '../../runtime/context/invocation.ts';
import type { Invocation, InvocationEvent, Verdict } from '../../runtime/journal/entry.ts';
import { holds } from '../../runtime/policy/verdict.ts';
import type { Runtime } from '../runtime.ts';

/** What an invocation begins with. */
export interface Beginning {
  /** Digest of its definition; empty for an agent that nobody defines. */
  digest: string;
  resolved: ResolvedAgent | null;
  code?: CodeId;
  /** Digest of the release that both are of. */
  release?: string;
}

/** As its run began; where that was not recorded, as this process has it loaded. */
export async function beginsWith(
  { catalog }: Runtime,
  { agent, release }: Pick<Invocation, 'agent' | 'release'>,
): Promise<Beginning> {
  if (release === undefined) {
    const hosted = catalog.agent(agent);
    if (!hosted) return { digest: '', resolved: null };
    const { digest, resolved, pack } = hosted;
    return { digest, resolved, code: pack.release.release.code, release: pack.release.digest };
  }
  const { agents, code } = await catalog.release(release);
  const digest = own(agents, agent);
  if (digest === undefined) return { digest: '', resolved: null };
  return { digest, resolved: await catalog.resolved(digest), code, release };
}

/** The first event of an invocation: what is asked, under which definition, and with which code. */
export async function invokedEvent(
  runtime: Runtime,
  invocation: Invocation,
): Promise<Extract<InvocationEvent, { type: 'invoked' }>> {
  const { digest, resolved, code, release } = await beginsWith(runtime, invocation);
  return {
    type: 'invoked',
    invocation: { ...invocation, ...(release !== undefined && { release }) },
    definition: digest,
    agent_id: resolved?.definition.metadata.id ?? '',
    version: resolved?.definition.metadata.version ?? '',
    ...(code && { code }),
  };
}

type Begun = Pick<InvocationContext, 'definition' | 'code'> & { invocation: Invocation | null };

/** @throws PlatformError `agent.unknown` when its definition is not recorded */
export function meansOf({ catalog, model }: Runtime, { invocation, definition, code }: Begun): Promise<Means | Lack> {
  return catalog.means(definition, code, (invocation?.model ?? model.name) === PLAYED_MODEL);
}

/** What an event says of the code that made it, where an invocation began with another; nothing where it is the same. */
export function otherCode(means: Means | Lack): { code?: CodeId; verdicts: Verdict[] } {
  const other = 'lacks' in means ? undefined : means.other;
  if (!other) return { verdicts: [] };
  return { code: other.code, verdicts: [{ ...holds('code.compatible'), reason: other.reason }] };
}
