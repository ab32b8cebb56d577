import { isCutShort, openTargets, targetRun } from '../../actors/batch/machine.ts';
import { type Address, ROOT_PATH } from '../../runtime/address.ts';
import type { Journal, StoredEntry } from '../../runtime/journal/journal.ts';
import { foldBatch } from '../journals/batch-journal.ts';
import type { Platform } from '../platform/platform.ts';
import { ENDED } from '../contract/run-states.ts';
import { watchJournals } from './watch.ts';

export { ENDED };

/** Where a run stands: `ended`, or `waiting` while one of its invocations waits for a person. */
export type Settled = 'ended' | 'waiting';

export interface SettleOptions {
  signal: AbortSignal;
  /** Called once for each run that settles. */
  onSettled?(run: string, how: Settled): void;
  /** Called for each entry of these runs as it comes, and first for the last one of each journal that exists. */
  onEntry?(address: Address, entry: StoredEntry): void;
}

/** Resolves when the run has ended or waits for a person; false when the signal came first. */
export async function settleRun(platform: Platform, address: Address, options: SettleOptions): Promise<boolean> {
  return settle(platform, address.tenant, [address.run], null, options);
}

/**
 * Resolves when every run of a batch has ended or waits for a person, and the batch's own journal holds the reports of
 * those that ended; or when the batch itself has ended, and the runs that it has cancelled with it. False when the signal
 * came first.
 */
export async function settleBatch(
  platform: Platform,
  batch: Address,
  runs: readonly string[],
  options: SettleOptions,
): Promise<boolean> {
  return settle(platform, batch.tenant, runs, batch, options);
}

async function settle(
  platform: Platform,
  tenant: string,
  runs: readonly string[],
  batch: Address | null,
  { signal, onSettled, onEntry }: SettleOptions,
): Promise<boolean> {
  const { journal } = platform.runtime;
  const done = new AbortController();
  const wanted = new Set(runs);
  const settled = new Map<string, Settled>();
  /** The runs that the batch left to be cancelled when it ended; null while it has not. */
  let cancelled: string[] | null = null;
  const reported = new Set<string>();
  /** Runs that have ended, and whose report the batch's journal does not hold yet. */
  const unreported = new Set<string>();
  let caughtUp = false;
  const check = async () => {
    if (cancelled !== null) {
      if (cancelled.every((run) => settled.has(run))) done.abort();
      return;
    }
    if (settled.size < wanted.size) return;
    if (batch === null) return done.abort();
    if (!caughtUp) {
      // What the batch's journal held before it was watched is read once; later reports are seen as they come.
      caughtUp = true;
      for (const entry of await journal.read(batch)) takeReports(entry);
    }
    if (unreported.size === 0) done.abort();
  };
  const takeReports = ({ events }: StoredEntry) => {
    for (const event of events) {
      if (event.type !== 'child.reported' || !('run' in event)) continue;
      reported.add(event.run);
      unreported.delete(event.run);
    }
  };
  await watchJournals(platform.nc, journal, {
    tenant,
    runs: batch ? [...runs, batch.run] : runs,
    signal: AbortSignal.any([signal, done.signal]),
    onEntry: async (address, entry) => {
      const { run, path } = address;
      const { state } = entry;
      if (wanted.has(run)) {
        onEntry?.(address, entry);
        const how = path === ROOT_PATH && ENDED.has(state) ? 'ended' : state === 'waiting_for_human' ? 'waiting' : null;
        if (how === null) return;
        if (settled.get(run) !== how) onSettled?.(run, how);
        settled.set(run, how);
        if (how === 'ended' && !reported.has(run)) unreported.add(run);
        await check();
      } else if (run === batch?.run) {
        takeReports(entry);
        if (ENDED.has(state)) cancelled = await cancelledWith(journal, batch);
        await check();
      }
    },
  });
  return done.signal.aborted;
}

/** The runs of an ended batch that are cancelled because it ended. */
async function cancelledWith(journal: Journal, address: Address): Promise<string[]> {
  const batch = await foldBatch(journal, address);
  if (batch === null || !isCutShort(batch.state, batch.context)) return [];
  return openTargets(batch.context).map(({ id }) => targetRun(address.run, id));
}
