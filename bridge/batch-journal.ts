import { type BatchContext, batchMachine, pendingTargets, targetRun } from '../actors/batch/machine.ts';
import { fold } from '../actors/fold.ts';
import type { Address } from '../runtime/address.ts';
import type { BatchStart } from '../runtime/journal/entry.ts';
import type { Journal, StoredEntry } from '../runtime/journal/journal.ts';
import type { Target } from '../runtime/pack.ts';
import { batchAgent } from '../runtime/subjects.ts';

/** A batch as its journal shows it. */
export interface BatchJournal {
  address: Address;
  start: BatchStart;
  entries: StoredEntry[];
  state: string;
  context: BatchContext;
  /** Targets whose run has not reported yet. */
  pending: Target[];
}

/** Whether an entry is of a batch's journal; agent tokens of batches are the platform's own. */
export function isBatch({ agent }: Pick<StoredEntry, 'agent'>): boolean {
  return agent.startsWith(batchAgent(''));
}

/** Null when there is no such journal, or when it is an agent's run. */
export async function readBatch(journal: Journal, address: Address): Promise<BatchJournal | null> {
  const entries = await journal.read(address);
  const started = entries[0]?.events[0];
  if (started?.type !== 'invoked' || !('batch' in started)) return null;
  const { snapshot } = fold(batchMachine, entries);
  const { context } = snapshot;
  return {
    address,
    start: started.batch,
    entries,
    state: String(snapshot.value),
    context,
    pending: pendingTargets(context),
  };
}

/** Target id and run id of all targets that the batch has listed. */
export function runsOf({ address, context }: BatchJournal): { target: string; run: string }[] {
  return context.targets.map(({ id }) => ({ target: id, run: targetRun(address.run, id) }));
}
