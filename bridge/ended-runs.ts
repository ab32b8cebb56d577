import { DeliverPolicy } from 'nats';
import { tryEntry } from '../runtime/journal/unreadable.ts';
import { journalStream, parseJournalSubject, rootFilter } from '../runtime/subjects.ts';
import type { Platform } from './platform.ts';
import { ENDED } from './settle.ts';

export interface EndedRun {
  /** ISO time. */
  at: string;
  run: string;
  tenant: string;
  /** `_schedule-<name>` for a batch. */
  agent: string;
  subject: string | null;
  outcome: string;
}

/** Tells of every run and batch, of all tenants, that ends from now on, whichever worker ended it. */
export async function followEndedRuns(
  { nc, jsm, runtime }: Platform,
  onEnded: (run: EndedRun) => void,
): Promise<{ stop(): Promise<void> }> {
  const shards = Array.from({ length: runtime.journal.shards }, (_, shard) => shard);
  const following = await Promise.all(
    shards.map(async (shard) => {
      const stream = journalStream(shard);
      const { state } = await jsm.streams.info(stream);
      // Not «new»: that would miss what ends before the consumer is made.
      const consumer = await nc.jetstream().consumers.get(stream, {
        filterSubjects: [rootFilter(shard)],
        deliver_policy: DeliverPolicy.StartSequence,
        opt_start_seq: state.last_seq + 1,
      });
      const messages = await consumer.consume();
      const done = (async () => {
        for await (const message of messages) {
          const { run, tenant } = parseJournalSubject(message.subject);
          const { entry } = tryEntry(message.string(), message.seq);
          if (!entry) continue;
          const { at, agent, subject, state: outcome } = entry;
          if (ENDED.has(outcome)) onEnded({ at, run, tenant, agent, subject, outcome });
        }
      })();
      done.catch((err: unknown) => runtime.log.error({ err, stream }, 'ended runs are no longer told'));
      return { messages, done };
    }),
  );
  const stop = async (): Promise<void> => {
    await Promise.all(following.map(({ messages }) => messages.close()));
    await Promise.allSettled(following.map(({ done }) => done));
  };
  return { stop };
}
