/** Counts all invocations by state, from the last entry of every journal. Costs a read of each, so ask seldom. */
import { DeliverPolicy } from 'nats';
import { parseEntry } from '../runtime/journal/journal.ts';
import { journalFilter, journalStream } from '../runtime/subjects.ts';
import type { Platform } from './platform.ts';
import { ENDED } from './settle.ts';

/** State → invocations (and batches) that are in it and have not ended. */
export type Census = Record<string, number>;

export async function census(platform: Platform): Promise<Census> {
  const counts: Census = {};
  const shards = Array.from({ length: platform.runtime.journal.shards }, (_, shard) => shard);
  await Promise.all(shards.map((shard) => countShard(platform, shard, counts)));
  return counts;
}

async function countShard({ nc }: Platform, shard: number, counts: Census): Promise<void> {
  const filter = { filterSubjects: [journalFilter(shard)], deliver_policy: DeliverPolicy.LastPerSubject };
  const consumer = await nc.jetstream().consumers.get(journalStream(shard), filter);
  let left = (await consumer.info()).num_pending;
  if (left === 0) return;
  const messages = await consumer.consume();
  for await (const message of messages) {
    const { state } = parseEntry(message.string(), message.seq);
    if (!ENDED.has(state)) counts[state] = (counts[state] ?? 0) + 1;
    left -= 1;
    if (left <= 0 || message.info.pending === 0) break;
  }
  await messages.close();
}
