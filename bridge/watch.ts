import { DeliverPolicy, type NatsConnection } from 'nats';
import type { Address } from '../runtime/address.ts';
import type { Journal, StoredEntry } from '../runtime/journal/journal.ts';
import { tryEntry } from '../runtime/journal/unreadable.ts';
import { journalFilter, journalStream, parseJournalSubject, shardOf } from '../runtime/subjects.ts';

/** Up to this many runs are watched by their own subjects; more are picked from all journals of the tenant. */
const LITERAL_RUNS = 64;

/**
 * Follows the journals of these runs (of all runs of the tenant when there are none): first the last entry of each that
 * exists, then every new one as it is appended. Resolves when the signal aborts.
 * @throws PlatformError `journal.newer`, `journal.invalid` of these runs; what cannot be read of others is left out
 */
export async function watchJournals(
  nc: NatsConnection,
  journal: Journal,
  options: {
    tenant: string;
    runs: readonly string[];
    signal: AbortSignal;
    onEntry(address: Address, entry: StoredEntry): void | Promise<void>;
  },
): Promise<void> {
  const { tenant, runs, onEntry } = options;
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  const js = nc.jetstream();
  const literal = runs.length > 0 && runs.length <= LITERAL_RUNS;
  const shards = literal
    ? [...new Set(runs.map((run) => shardOf(run, journal.shards)))]
    : Array.from({ length: journal.shards }, (_, shard) => shard);
  await Promise.all(
    shards.map(async (shard) => {
      const own = runs.filter((run) => shardOf(run, journal.shards) === shard);
      const consumer = await js.consumers.get(journalStream(shard), {
        filterSubjects: literal ? own.map((run) => journalFilter(shard, tenant, run)) : [journalFilter(shard, tenant)],
        deliver_policy: DeliverPolicy.LastPerSubject,
      });
      const messages = await consumer.consume();
      const stop = () => void messages.close();
      signal.addEventListener('abort', stop, { once: true });
      if (signal.aborted) stop();
      try {
        for await (const message of messages) {
          const address = parseJournalSubject(message.subject);
          const { entry, error } = tryEntry(message.string(), message.seq);
          if (entry) await onEntry(address, entry);
          else if (runs.includes(address.run)) throw error;
        }
      } catch (error) {
        failed.abort(); // Ends the other shards', too.
        throw error;
      } finally {
        signal.removeEventListener('abort', stop);
        stop();
      }
    }),
  );
}
