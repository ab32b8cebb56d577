import { DeliverPolicy } from 'nats';
import type { Address } from '../runtime/address.ts';
import { parseEntry, type StoredEntry } from '../runtime/journal/journal.ts';
import { journalStream, journalSubject, shardOf } from '../runtime/subjects.ts';
import type { Platform } from './platform.ts';

/** The entries of one journal behind sequence `after`, those that are there and those to come, until the signal aborts. */
export async function* entriesAfter(
  { nc, runtime }: Platform,
  address: Address,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<StoredEntry, void, undefined> {
  const shard = shardOf(address.run, runtime.journal.shards);
  const consumer = await nc.jetstream().consumers.get(journalStream(shard), {
    filterSubjects: [journalSubject(address, shard)],
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: after + 1,
  });
  const messages = await consumer.consume();
  const stop = (): void => void messages.close();
  signal.addEventListener('abort', stop, { once: true });
  try {
    if (signal.aborted) return;
    for await (const message of messages) yield parseEntry(message.string(), message.seq);
  } finally {
    signal.removeEventListener('abort', stop);
    // Not awaited: the close of an iterator that was left early is never told.
    stop();
  }
}
