/**
 * Follows one run: the entries of its whole tree in the order they were appended, from any position, to its end.
 *
 * 1. All journals of a run share one stream, so a stream sequence is a position that survives reconnects and restarts.
 * 2. At most `AHEAD` entries are held for a reader, however slow it is: what it could not take is read from the stream later.
 * 3. It ends when every journal of the tree that exists is final and its last entry was handed over.
 */
import { type Address, ROOT_PATH } from '../../runtime/address.ts';
import { latestMessages, type StoredMessage, storedMessages } from '../../runtime/bus/stored.ts';
import { parseEntry, type StoredEntry } from '../../runtime/journal/journal.ts';
import { journalFilter, journalStream, parseJournalSubject, shardOf } from '../../runtime/subjects.ts';
import { ENDED } from '../contract/run-states.ts';
import type { Platform } from '../platform/platform.ts';
import { type Listener, newsOf } from './journal-news.ts';

const AHEAD = 32;

export interface Followed {
  address: Address;
  entry: StoredEntry;
}

/** Path → its last entry's position and state. */
export type Tails = Map<string, { seq: number; state: string }>;

type Message = Pick<StoredMessage, 'subject' | 'seq' | 'data'>;

/** The tails of a run's journals; empty when there is no such run. */
export async function readTails({ nc, runtime }: Platform, tenant: string, run: string): Promise<Tails> {
  const tails: Tails = new Map();
  const shard = shardOf(run, runtime.journal.shards);
  for await (const message of latestMessages(nc, journalStream(shard), journalFilter(shard, tenant, run))) {
    const { address, entry } = followed(message);
    tails.set(address.path, { seq: entry.seq, state: entry.state });
  }
  return tails;
}

/** Whether nothing comes after this position any more. Pure. */
export function isOver(tails: Tails, position: number): boolean {
  const all = [...tails.values()];
  return tails.has(ROOT_PATH) && all.every(({ seq, state }) => ENDED.has(state) && seq <= position);
}

/** The entries after a position, until the run has ended or the signal aborts. `tails` must be fresh; it is kept so. */
export async function* follow(
  platform: Platform,
  { tenant, run, after, tails }: { tenant: string; run: string; after: number; tails: Tails },
  signal: AbortSignal,
): AsyncGenerator<Followed, void, undefined> {
  let position = after;
  for await (const message of messagesAfter(
    platform,
    { tenant, run, after, isOver: () => isOver(tails, position) },
    signal,
  )) {
    const next = followed(message);
    const { seq, state } = next.entry;
    position = seq;
    if ((tails.get(next.address.path)?.seq ?? 0) < seq) tails.set(next.address.path, { seq, state });
    yield next;
  }
}

function followed({ subject, seq, data }: Message): Followed {
  return { address: parseJournalSubject(subject), entry: parseEntry(Buffer.from(data).toString('utf8'), seq) };
}

/** What is heard of one run, as much as a slow reader may have waiting. */
class Heard implements Listener {
  readonly messages: Message[] = [];
  /** Whether the stream may hold messages behind these, or behind what was handed over, that were not heard. */
  hasMore = true;
  broken: { error: unknown } | null = null;
  wake = (): void => {};

  took(message: Message): void {
    if (!this.hasMore && this.messages.length < AHEAD) this.messages.push(message);
    else this.hasMore = true;
    this.wake();
  }

  ended(error: unknown): void {
    this.broken = { error };
    this.wake();
  }
}

/** What is heard is handed over as it comes; what was appended before, or while the reader took none, is read first. (2) */
async function* messagesAfter(
  { nc, runtime }: Platform,
  { tenant, run, after, isOver: isDone }: { tenant: string; run: string; after: number; isOver(): boolean },
  signal: AbortSignal,
): AsyncGenerator<Message, void, undefined> {
  const shard = shardOf(run, runtime.journal.shards);
  const next_by_subj = journalFilter(shard, tenant, run);
  const heard = new Heard();
  const onAbort = (): void => heard.wake();
  const isAtEnd = (): boolean => signal.aborted || isDone();
  let position = after;
  let stop = (): void => {};
  signal.addEventListener('abort', onAbort);
  try {
    stop = await newsOf(nc, shard).listen(tenant, [run], heard);
    while (!isAtEnd()) {
      const next = heard.messages.shift();
      if (next !== undefined) {
        if (next.seq <= position) continue;
        yield next;
        position = next.seq;
      } else if (heard.broken !== null) {
        if (nc.isClosed()) throw heard.broken.error ?? new Error('the connection to NATS is closed');
        heard.broken = null;
        heard.hasMore = true;
        stop = await newsOf(nc, shard).listen(tenant, [run], heard);
      } else if (heard.hasMore) {
        heard.hasMore = false;
        const wanted = { next_by_subj, seq: position + 1, batch: AHEAD };
        for await (const batch of storedMessages(nc, journalStream(shard), wanted)) {
          for (const message of batch) {
            if (isAtEnd()) return;
            yield message;
            position = message.seq;
          }
        }
      } else {
        await new Promise<void>((resolve) => {
          heard.wake = resolve;
        });
      }
    }
  } finally {
    stop();
    signal.removeEventListener('abort', onAbort);
  }
}
