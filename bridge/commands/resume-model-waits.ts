/**
 * A worker that may ask the model has come: what waits for one goes on now, and not only when its timer fires, which may be an
 * hour away. Everything else that waits is left alone: for a model that is busy, for a person, for a report.
 */
import pMap from 'p-map';
import { AT_ONCE } from '../../runtime/at-once.ts';
import { rootOf } from '../../runtime/address.ts';
import { isElsewhere } from '../../runtime/policy/retry.ts';
import { intakeOf } from './intake.ts';
import type { Platform } from '../platform/platform.ts';
import { flattenTree, readRun, type RunTree } from '../journals/runs.ts';

/**
 * Wakes all invocations of these runs of a tenant that wait so. Of runs that have none, nothing is sent; a wake-up is refused
 * while other mail of its receiver is queued. Whether a worker may ask the model decides the one that takes the mail.
 */
export async function resumeModelWaits(platform: Platform, tenant: string, runs: readonly string[]): Promise<void> {
  const { mailer, journal } = intakeOf(platform);
  const wake = async (run: string): Promise<void> => {
    const tree = await readRun(journal, rootOf({ tenant, run }));
    const waiting = tree === null ? [] : flattenTree(tree).filter(waitsElsewhere);
    for (const { address: of, agent, context } of waiting) {
      const trace = context.invocation?.trace ?? { correlation_id: run };
      await mailer.resume({ ...of, agent }, trace);
    }
  };
  await pMap(runs, wake, AT_ONCE);
}

function waitsElsewhere({ state, context }: RunTree): boolean {
  const { retry } = context.timers;
  return state === 'backing_off' && retry !== null && isElsewhere(retry.name);
}
