import { type BatchContext, batchMachine, pendingTargets, targetRun } from '../../actors/batch/machine.ts';
import { type Folded, foldInTurns } from '../../actors/fold.ts';
import { FoldCache } from '../../actors/fold-cache.ts';
import { type Address, addressKey } from '../../runtime/address.ts';
import type { BatchStart } from '../../runtime/journal/entry.ts';
import type { Journal, StoredEntry } from '../../runtime/journal/journal.ts';
import type { Target } from '../../runtime/pack.ts';
import { isBatchAgent } from '../../runtime/subjects.ts';

/** A batch as its journal shows it. */
export interface Batch {
  address: Address;
  agent: string;
  start: BatchStart;
  state: string;
  context: BatchContext;
  /** Targets whose run has not reported yet. */
  pending: Target[];
}

export interface BatchJournal extends Batch {
  entries: StoredEntry[];
}

/** Null when there is no such journal, or when it is an agent's run. */
export async function readBatch(journal: Journal, address: Address): Promise<BatchJournal | null> {
  const entries = await journal.read(address);
  const [first] = entries;
  if (!first || !isBatchAgent(first.agent)) return null;
  const batch = batchOf(address, first, await foldInTurns(batchMachine, entries));
  return batch && { ...batch, entries };
}

/** How many folds of batches a process keeps to go on from: one of a hundred thousand targets takes tens of megabytes. */
const KEPT = 4;
const kept = new WeakMap<Journal, { folds: FoldCache; last: Map<string, Promise<unknown>> }>();

/** The same without its entries: of a batch that was asked for lately only what is new is read. */
export async function foldBatch(journal: Journal, address: Address): Promise<Batch | null> {
  const first = await journal.first(address);
  if (!first || !isBatchAgent(first.agent)) return null;
  const { folds, last } = kept.get(journal) ?? { folds: new FoldCache(journal, KEPT), last: new Map() };
  kept.set(journal, { folds, last });
  const key = addressKey(address);
  // Who asks while it is folded waits for that and goes on from it: each fold for itself would take as long again.
  const before = last.get(key) ?? Promise.resolve();
  const reading = before.catch(() => {}).then(() => folds.refresh(batchMachine, address, true));
  last.set(key, reading);
  try {
    return batchOf(address, first, (await reading) as Folded<typeof batchMachine>);
  } finally {
    if (last.get(key) === reading) last.delete(key);
  }
}

function batchOf(address: Address, { agent }: StoredEntry, { snapshot }: Folded<typeof batchMachine>): Batch | null {
  const { value, context } = snapshot;
  if (!context.batch) return null;
  return { address, agent, start: context.batch, state: String(value), context, pending: pendingTargets(context) };
}

/** Target id and run id of all targets that the batch has listed. */
export function runsOf({ address, context }: Batch): { target: string; run: string }[] {
  return context.targets.map(({ id }) => ({ target: id, run: targetRun(address.run, id) }));
}
