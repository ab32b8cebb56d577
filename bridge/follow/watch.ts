import { DeliverPolicy, type NatsConnection } from 'nats';
import type { Address } from '../../runtime/address.ts';
import { openReader } from '../../runtime/bus/reader.ts';
import { askLeader, latestMessages, type StoredMessage } from '../../runtime/bus/stored.ts';
import type { Journal, StoredEntry } from '../../runtime/journal/journal.ts';
import { tryEntry } from '../../runtime/journal/unreadable.ts';
import { journalFilter, journalStream, parseJournalSubject, shardOf } from '../../runtime/subjects.ts';
import type { Platform } from '../platform/platform.ts';
import { newsOf } from './journal-news.ts';
import { Queue } from '../../runtime/bus/queue.ts';

/** Up to this many runs are watched by themselves; more are picked from all journals of the tenant. */
const LITERAL_RUNS = 64;

export interface Watch {
  /** `*` for all, where no runs are named. */
  tenant: string;
  runs: readonly string[];
  signal: AbortSignal;
  /** By shard: only entries behind these positions are wanted, of many runs or all at least. See `positions`. */
  after?: readonly number[];
  onEntry(address: Address, entry: StoredEntry): void | Promise<void>;
}

/** A message of a journal, however it was read. */
type Heard = Pick<StoredMessage, 'subject' | 'seq' | 'data'>;

/**
 * Follows the journals of these runs (of all runs when none are named): first the last entry of each that
 * exists, then every new one as it is appended. Resolves when the signal aborts, or the connection is closed.
 * @throws PlatformError `journal.newer`, `journal.invalid` of these runs; what cannot be read of others is left out
 */
export async function watchJournals(nc: NatsConnection, journal: Journal, watch: Watch): Promise<void> {
  const { runs } = watch;
  if (runs.length > 0 && runs.length <= LITERAL_RUNS) return watchRuns(nc, journal, watch);
  const failed = new AbortController();
  const signal = AbortSignal.any([watch.signal, failed.signal]);
  const known = new Set(runs);
  const shards = Array.from({ length: journal.shards }, (_, shard) => shard);
  await Promise.all(
    shards.map(async (shard) => {
      const { messages, close } = await openReader(nc, journalStream(shard), {
        filterSubjects: [journalFilter(shard, watch.tenant)],
        ...(watch.after
          ? { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: (watch.after[shard] ?? 0) + 1 }
          : { deliver_policy: DeliverPolicy.LastPerSubject }),
      });
      signal.addEventListener('abort', close, { once: true });
      if (signal.aborted) close();
      try {
        for await (const message of messages) await handOver(message, watch, known);
      } catch (error) {
        failed.abort(); // Ends the other shards', too.
        throw error;
      } finally {
        signal.removeEventListener('abort', close);
        close();
      }
    }),
  );
}

/**
 * Looks whenever something of a run is appended, and first at the last entry of each of its journals, until a look finds
 * something. Null when the signal came first.
 */
export async function untilFound<T>(
  { nc, runtime }: Platform,
  { tenant, run }: Pick<Address, 'tenant' | 'run'>,
  signal: AbortSignal,
  look: (address: Address, entry: StoredEntry) => Promise<T | null>,
): Promise<T | null> {
  const done = new AbortController();
  let found: T | null = null;
  await watchJournals(nc, runtime.journal, {
    tenant,
    runs: [run],
    signal: AbortSignal.any([signal, done.signal]),
    onEntry: async (address, entry) => {
      found ??= await look(address, entry);
      if (found !== null) done.abort();
    },
  });
  return found;
}

/** The position of the latest entry of each shard, as its leader has it. */
export async function positions(nc: NatsConnection, { shards }: Journal): Promise<number[]> {
  const streams = Array.from({ length: shards }, (_, shard) => journalStream(shard));
  const latest = streams.map((stream) => askLeader(nc, stream, { last_by_subj: '>' }));
  return (await Promise.all(latest)).map((message) => message?.seq ?? 0);
}

/** A few runs: what is new of them is heard with what is new of all others that somebody on this connection waits for. */
async function watchRuns(nc: NatsConnection, journal: Journal, watch: Watch): Promise<void> {
  const { tenant, runs, signal } = watch;
  const known = new Set(runs);
  const heard = new Queue<Heard>(signal);
  /** Journal → the position of its entry that was handed over last. */
  const seen = new Map<string, number>();
  const listener = { took: (message: Heard) => heard.put(message), ended: (error: unknown) => heard.end(error) };
  const stops: (() => void)[] = [];
  try {
    for (const shard of new Set(runs.map((run) => shardOf(run, journal.shards)))) {
      const own = runs.filter((run) => shardOf(run, journal.shards) === shard);
      stops.push(await newsOf(nc, shard).listen(tenant, own, listener));
      for (const run of own) {
        for await (const message of latestMessages(nc, journalStream(shard), journalFilter(shard, tenant, run))) {
          heard.put(message);
        }
      }
    }
    for await (const message of heard) {
      if (message.seq <= (seen.get(message.subject) ?? 0)) continue;
      seen.set(message.subject, message.seq);
      await handOver(message, watch, known);
    }
  } finally {
    for (const stop of stops) stop();
  }
}

async function handOver(message: Heard, { onEntry }: Watch, known: ReadonlySet<string>): Promise<void> {
  const address = parseJournalSubject(message.subject);
  const { entry, error } = tryEntry(Buffer.from(message.data).toString('utf8'), message.seq);
  if (entry) await onEntry(address, entry);
  else if (known.has(address.run)) throw error;
}
