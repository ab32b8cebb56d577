/**
 * Reads what a stream holds, in two ways.
 *
 * 1. Direct: one request for many messages, which any replica answers. One that is behind leaves out the latest ones, or
 *    says that there are none; so absence is never decided by it.
 * 2. Through the stream's leader, one by one: what was confirmed to its writer is there.
 * 3. No read waits for ever: a server that falls silent in the middle of an answer is `Unread`, as one that says nothing.
 */
import { createInbox, type MsgHdrs, type NatsConnection, NatsError, type StoredMsg } from 'nats';
import { isUndecided, patiently, Unread } from './patience.ts';

/** There is none; that there is no such stream is another answer, and proves nothing. */
const NO_MESSAGE = 10037;
const NO_STREAM = 10059;
/** How long a server may take for its first message, and from each to the next. */
const SILENT_MS = 5_000;
const BATCH = 500;
const BATCH_BYTES = 8 * 1024 * 1024;

export interface StoredMessage {
  subject: string;
  seq: number;
  /** RFC 3339, in nanoseconds of the server's clock. */
  time: string;
  data: Uint8Array;
  headers: MsgHdrs;
}

export interface DirectBatch {
  messages: StoredMessage[];
  /** Whether that replica holds more of them. */
  pending: boolean;
}

/** A filter, the sequence to begin at, and how many messages an answer may have at most. */
export interface Wanted {
  next_by_subj: string;
  seq: number;
  batch?: number;
}

/** The last message of each subject that these filters match, 1024 subjects at most. */
interface WantedLast {
  multi_last: string[];
}

/** What is wanted as some replica has it, as much as fits into one answer. @throws Unread (1, 3) */
export function directBatch(
  nc: NatsConnection,
  stream: string,
  wanted: Wanted | WantedLast,
  silentMs = SILENT_MS,
): Promise<DirectBatch> {
  const filter = 'multi_last' in wanted ? wanted.multi_last.join(', ') : wanted.next_by_subj;
  return new Promise((resolve, reject) => {
    const messages: StoredMessage[] = [];
    let timer: NodeJS.Timeout | undefined;
    const inbox = createInbox();
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      subscription.unsubscribe();
      settle();
    };
    const fail = (why: string): void => end(() => reject(new Unread(`reading ${filter} of ${stream}: ${why}`)));
    const silent = (): void => fail(messages.length === 0 ? 'no answer' : 'the answer broke off');
    const subscription = nc.subscribe(inbox, {
      callback: (error, { headers, data }) => {
        if (error) return end(() => reject(error));
        const status = headers?.code ?? 0;
        if (status === 404) return end(() => resolve({ messages, pending: false }));
        if (status === 204) {
          const pending = Number(headers?.get('Nats-Num-Pending') || 0) > 0;
          return end(() => resolve({ messages, pending }));
        }
        if (status !== 0 || headers === undefined) return fail(headers?.description || 'not now');
        clearTimeout(timer);
        timer = setTimeout(silent, silentMs);
        const [subject, time] = [headers.get('Nats-Subject'), headers.get('Nats-Time-Stamp')];
        messages.push({ subject, seq: Number(headers.get('Nats-Sequence')), time, data, headers });
      },
    });
    timer = setTimeout(silent, silentMs);
    const request = { batch: BATCH, max_bytes: BATCH_BYTES, ...wanted };
    nc.publish(`$JS.API.DIRECT.GET.${stream}`, JSON.stringify(request), { reply: inbox });
  });
}

/**
 * The last message of a subject or filter, or the next one that is wanted, as the stream's leader has it; null when there is
 * none. Waits for a leader. (2)
 */
export async function askLeader(
  nc: NatsConnection,
  stream: string,
  query: { last_by_subj: string } | Wanted,
): Promise<StoredMessage | null> {
  return patiently(nc, () => askLeaderOnce(nc, stream, query));
}

/** The same, for whoever waits by itself. @throws Unread, NatsError while there is no leader */
export async function askLeaderOnce(
  nc: NatsConnection,
  stream: string,
  query: { last_by_subj: string } | Wanted,
): Promise<StoredMessage | null> {
  const jsm = await nc.jetstreamManager({ checkAPI: false, timeout: SILENT_MS });
  try {
    // The typings do not know the second query.
    return ofLeader(await jsm.streams.getMessage(stream, query as { last_by_subj: string }));
  } catch (error) {
    const code = error instanceof NatsError ? error.api_error?.err_code : undefined;
    if (code === NO_MESSAGE) return null;
    if (code === NO_STREAM) throw new Unread(`there is no stream ${stream}`, { cause: error });
    throw error;
  }
}

function ofLeader({ subject, seq, timestamp, data, header }: StoredMsg & { timestamp?: string }): StoredMessage {
  return { subject, seq, time: timestamp ?? '', data, headers: header };
}

const NOTHING: DirectBatch = { messages: [], pending: false };

function unlessUndecided(error: unknown): DirectBatch {
  if (!isUndecided(error)) throw error;
  return NOTHING;
}

/**
 * All messages of a filter from a sequence on, oldest first: those that were confirmed to their writers before this began,
 * and maybe later ones. In batches of any replica, and what it does not have yet, or does not say, from the leader.
 */
export async function* storedMessages(
  nc: NatsConnection,
  stream: string,
  { seq: first, ...wanted }: Wanted,
): AsyncGenerator<StoredMessage[], void, undefined> {
  let direct = true;
  for (let seq = first; ; ) {
    const batch: DirectBatch = direct
      ? await directBatch(nc, stream, { ...wanted, seq }).catch(unlessUndecided)
      : NOTHING;
    const { messages, pending } = batch;
    direct = messages.length > 0;
    if (messages.length > 0) yield messages;
    seq = (messages.at(-1)?.seq ?? seq - 1) + 1;
    if (pending) continue;
    const next = await askLeader(nc, stream, { next_by_subj: wanted.next_by_subj, seq });
    if (next === null) return;
    yield [next];
    seq = next.seq + 1;
  }
}

/**
 * The last message of each subject of a filter, and those that came behind them: whatever was confirmed to its writer before
 * this began has been told, or is followed by a later one of its subject that has.
 */
export async function* latestMessages(
  nc: NatsConnection,
  stream: string,
  filter: string,
): AsyncGenerator<StoredMessage, void, undefined> {
  // Of a replica that is silent or behind, or where there are more subjects than an answer may have, all are read.
  const { messages } = await directBatch(nc, stream, { multi_last: [filter] }).catch(unlessUndecided);
  yield* messages;
  const seq = Math.max(0, ...messages.map((message) => message.seq)) + 1;
  for await (const later of storedMessages(nc, stream, { next_by_subj: filter, seq })) yield* later;
}
