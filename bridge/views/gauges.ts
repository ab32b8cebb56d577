/** Counts all invocations, from the last entry of every journal that this version can read. Costs a read of each, so ask seldom. */
import { lastMessages } from '../../actors/last-entries.ts';
import { tryEntry } from '../../runtime/journal/unreadable.ts';
import { journalFilter, journalStream } from '../../runtime/subjects.ts';
import { askedBy, asks } from './human.ts';
import type { Platform } from '../platform/platform.ts';
import { ENDED } from '../contract/run-states.ts';

export interface Gauges {
  /** State → invocations (and batches) that are in it and have not ended. */
  open: Record<string, number>;
  /** Questions to people that are open. */
  tasks: number;
  /** Invocations that the supervisor set aside. */
  quarantined: number;
}

export async function gaugesOf(platform: Platform): Promise<Gauges> {
  const counts: Gauges = { open: {}, tasks: 0, quarantined: 0 };
  const shards = Array.from({ length: platform.runtime.journal.shards }, (_, shard) => shard);
  await Promise.all(shards.map((shard) => countShard(platform, shard, counts)));
  return counts;
}

async function countShard({ nc }: Platform, shard: number, counts: Gauges): Promise<void> {
  for await (const message of lastMessages(nc, journalStream(shard), journalFilter(shard))) {
    const { entry } = tryEntry(message.string(), message.seq);
    if (!entry) continue;
    const { state } = entry;
    if (!ENDED.has(state)) counts.open[state] = (counts.open[state] ?? 0) + 1;
    else if (state === 'failed' && askedBy(entry)?.kind === 'quarantine') counts.quarantined += 1;
    if (asks(entry)) counts.tasks += 1;
  }
}
