/** Whether anybody takes the mail of an agent: what nobody takes would wait without a word. */
import { hostedAgents } from '../../actors/consumers.ts';
import { PlatformError } from '../../config/errors.ts';
import { isListened } from '../../runtime/bus/presence.ts';
import { hostSubject } from '../../runtime/subjects.ts';
import type { Platform } from './platform.ts';

/**
 * Refuses mail to an agent that neither this process nor a worker that is alive has: it was renamed or removed, or its pack
 * is not loaded. A schedule's batch has the agent token of its schedule.
 * @throws PlatformError `run.unserved`
 */
export async function checkServed({ nc, runtime }: Platform, agent: string, what: string): Promise<void> {
  if (hostedAgents(runtime.catalog).includes(agent) || (await isListened(nc, hostSubject(agent)))) return;
  throw new PlatformError(
    'run.unserved',
    `${what} is of ${agent}, and no loaded pack has it: start a worker with a release of the pack that does; nothing was done`,
  );
}
