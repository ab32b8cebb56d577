/**
 * Follows one run: the entries of its whole tree in the order they were appended, from any position, to its end.
 *
 * 1. All journals of a run share one stream, so a stream sequence is a position that survives reconnects and restarts.
 * 2. At most `AHEAD` entries are held for a reader, however slow it is: the next ones are asked for when it took these.
 * 3. It ends when every journal of the tree that exists is final and its last entry was handed over.
 */
import { AckPolicy, type Consumer, type ConsumerMessages, DeliverPolicy, nanos } from 'nats';
import { type Address, ROOT_PATH } from '../../runtime/address.ts';
import { parseEntry, type StoredEntry } from '../../runtime/journal/journal.ts';
import { isUnreadable } from '../../runtime/journal/unreadable.ts';
import { journalFilter, journalStream, parseJournalSubject, shardOf } from '../../runtime/subjects.ts';
import type { Platform } from '../platform/platform.ts';
import { ENDED } from './settle.ts';

const AHEAD = 32;
/** The server forgets a consumer whose reader vanished without a word. */
const FORGET_MS = 60_000;
const ROUND_MS = 20_000;

export interface Followed {
  address: Address;
  entry: StoredEntry;
}

/** Path → its last entry's position and state. */
export type Tails = Map<string, { seq: number; state: string }>;

/** The tails of a run's journals; empty when there is no such run. */
export async function readTails(platform: Platform, tenant: string, run: string): Promise<Tails> {
  const tails: Tails = new Map();
  const round = await openRound(platform, tenant, run, { deliver_policy: DeliverPolicy.LastPerSubject });
  try {
    for (let left = (await round.consumer.info(true)).num_pending; left > 0; ) {
      const messages = await round.fetch();
      for await (const message of messages) {
        const { state, seq } = parseEntry(message.string(), message.seq);
        tails.set(parseJournalSubject(message.subject).path, { seq, state });
        left = message.info.pending;
        if (left === 0) break;
      }
    }
  } finally {
    await round.close();
  }
  return tails;
}

/** Whether nothing comes after this position any more. Pure. */
export function isOver(tails: Tails, position: number): boolean {
  const all = [...tails.values()];
  return tails.has(ROOT_PATH) && all.every(({ seq, state }) => ENDED.has(state) && seq <= position);
}

/** The entries after `position`, until the run has ended or the signal aborts. `tails` must be fresh; it is kept so. */
export async function* follow(
  platform: Platform,
  where: { tenant: string; run: string; after: number; tails: Tails },
  signal: AbortSignal,
): AsyncGenerator<Followed, void, undefined> {
  const { tenant, run, tails } = where;
  let position = where.after;
  while (!signal.aborted && !isOver(tails, position)) {
    const from = { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: position + 1 };
    const round = await openRound(platform, tenant, run, from, signal);
    try {
      let delivered = 0;
      for (let whole = true; whole && !signal.aborted && !isOver(tails, position); ) {
        for await (const message of await round.fetch()) {
          delivered += 1;
          // A gap: what was sent while the connection was down is lost, so this round begins again behind `position`.
          whole = message.info.deliverySequence === delivered;
          if (!whole) break;
          const entry = parseEntry(message.string(), message.seq);
          const address = parseJournalSubject(message.subject);
          position = entry.seq;
          const known = tails.get(address.path);
          if (!known || known.seq < entry.seq) tails.set(address.path, { seq: entry.seq, state: entry.state });
          yield { address, entry };
          if (signal.aborted || isOver(tails, position)) break;
        }
        // A reader slower than the round leaves entries behind that the server takes for delivered.
        whole &&= (await round.consumer.info()).delivered.consumer_seq === delivered;
      }
    } catch (error) {
      // The server forgot the consumer, or went away: a new round finds out which.
      if (platform.nc.isClosed() || isUnreadable(error)) throw error;
    } finally {
      await round.close();
    }
  }
}

interface Round {
  consumer: Consumer;
  fetch(): Promise<ConsumerMessages>;
  close(): Promise<void>;
}

/** A consumer of one run's journals, which lives as long as its reader. */
async function openRound(
  { nc, jsm, runtime }: Platform,
  tenant: string,
  run: string,
  from: { deliver_policy: DeliverPolicy; opt_start_seq?: number },
  signal?: AbortSignal,
): Promise<Round> {
  const shard = shardOf(run, runtime.journal.shards);
  const stream = journalStream(shard);
  const { name } = await jsm.consumers.add(stream, {
    name: `follow-${runtime.id()}`,
    ack_policy: AckPolicy.None,
    filter_subject: journalFilter(shard, tenant, run),
    mem_storage: true,
    num_replicas: 1,
    inactive_threshold: nanos(FORGET_MS),
    ...from,
  });
  const consumer = await nc.jetstream().consumers.get(stream, name);
  let open: ConsumerMessages | null = null;
  const stop = (): void => void open?.close();
  signal?.addEventListener('abort', stop);
  return {
    consumer,
    fetch: async () => {
      open = await consumer.fetch({ max_messages: AHEAD, expires: ROUND_MS });
      if (signal?.aborted) stop();
      return open;
    },
    close: async () => {
      signal?.removeEventListener('abort', stop);
      // Not awaited: the close of an iterator that was left early is never told.
      void open?.close();
      await consumer.delete().catch(() => false);
    },
  };
}
