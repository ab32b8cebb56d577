/** Counts all invocations, from the last entry of every journal. Costs a read of each, so ask seldom. */
import { DeliverPolicy } from 'nats';
import { parseEntry } from '../runtime/journal/journal.ts';
import { journalFilter, journalStream } from '../runtime/subjects.ts';
import { askedBy, asks } from './human.ts';
import type { Platform } from './platform.ts';
import { ENDED } from './run-states.ts';

export interface Census {
  /** State → invocations (and batches) that are in it and have not ended. */
  open: Record<string, number>;
  /** Questions to people that are open. */
  tasks: number;
  /** Invocations that the supervisor set aside. */
  quarantined: number;
}

export async function census(platform: Platform): Promise<Census> {
  const counts: Census = { open: {}, tasks: 0, quarantined: 0 };
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
    const entry = parseEntry(message.string(), message.seq);
    const { state } = entry;
    if (!ENDED.has(state)) counts.open[state] = (counts.open[state] ?? 0) + 1;
    else if (state === 'failed' && askedBy(entry)?.kind === 'quarantine') counts.quarantined += 1;
    if (asks(entry)) counts.tasks += 1;
    left -= 1;
    if (left <= 0 || message.info.pending === 0) break;
  }
  await messages.close();
}
