import { DeliverPolicy, type NatsConnection } from 'nats';
import type { Address } from '../runtime/address.ts';
import { journalFilter, journalStream, parseJournalSubject } from '../runtime/subjects.ts';

/** What a journal says last, as far as every version of an entry says it alike. */
export interface LastEntry {
  address: Address;
  agent: string;
  state: string;
}

/** The last entry of each journal of a shard, all of them by one consumer: those that are there when it begins. */
export async function* lastEntries(nc: NatsConnection, shard: number): AsyncGenerator<LastEntry> {
  const consumer = await nc.jetstream().consumers.get(journalStream(shard), {
    filterSubjects: [journalFilter(shard)],
    deliver_policy: DeliverPolicy.LastPerSubject,
  });
  let { num_pending: left } = await consumer.info(true);
  if (left === 0) return;
  const messages = await consumer.consume();
  try {
    for await (const message of messages) {
      const { agent, state } = message.json<{ agent: string; state: string }>();
      yield { address: parseJournalSubject(message.subject), agent, state };
      left -= 1;
      if (left <= 0) return;
    }
  } finally {
    await messages.close();
  }
}
