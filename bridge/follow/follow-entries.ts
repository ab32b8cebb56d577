import { DeliverPolicy } from 'nats';
import type { Address } from '../../runtime/address.ts';
import { openReader } from '../../runtime/bus/reader.ts';
import type { StoredEntry } from '../../runtime/journal/journal.ts';
import { patiently } from '../../runtime/bus/patience.ts';
import { tryEntry } from '../../runtime/journal/unreadable.ts';
import { journalFilter, journalStream, parseJournalSubject } from '../../runtime/subjects.ts';
import type { Platform } from '../platform/platform.ts';

/**
 * Hands over every entry that is appended from now on: of all runs and batches of all tenants, whichever process appends
 * it. Large values are references; what cannot be read is left out.
 */
export async function followEntries(
  { nc, jsm, runtime }: Platform,
  onEntry: (address: Address, entry: StoredEntry) => void,
): Promise<{ stop(): Promise<void> }> {
  const shards = Array.from({ length: runtime.journal.shards }, (_, shard) => shard);
  const following = await Promise.all(
    shards.map(async (shard) => {
      const stream = journalStream(shard);
      const { state } = await patiently(nc, () => jsm.streams.info(stream));
      // Not «new»: that would miss what is appended before the consumer is made.
      const from = {
        filterSubjects: [journalFilter(shard)],
        deliver_policy: DeliverPolicy.StartSequence,
        opt_start_seq: state.last_seq + 1,
      };
      const { messages, close } = await patiently(nc, () => openReader(nc, stream, from));
      const done = (async () => {
        for await (const message of messages) {
          const { entry } = tryEntry(message.string(), message.seq);
          if (entry) onEntry(parseJournalSubject(message.subject), entry);
        }
      })();
      done.catch((err: unknown) => runtime.log.error({ err, stream }, 'what becomes of runs is no longer told'));
      return { close, done };
    }),
  );
  const stop = async (): Promise<void> => {
    for (const { close } of following) close();
    await Promise.allSettled(following.map(({ done }) => done));
  };
  return { stop };
}
