/** Reads what the servers keep for good, and what is still on its way: streams and consumers, nothing of a process. */
import { createInbox, type JetStreamManager, type MsgHdrs, type NatsConnection } from 'nats';
import type { Address } from '../../runtime/address.ts';
import { parseEntry, type StoredEntry } from '../../runtime/journal/journal.ts';
import type { Memory } from '../../runtime/memory/memory.ts';
import { MAIL_STREAM, MEMORY_STREAM, parseJournalSubject } from '../../runtime/subjects.ts';

export interface JournalRecord {
  address: Address;
  entries: StoredEntry[];
}

export interface EventRecord {
  topic: string;
  subject: string;
  id: string;
  /** Milliseconds of the server's clock. */
  at: number;
  data: unknown;
}

export interface Records {
  journals: JournalRecord[];
  events: EventRecord[];
  memories: Memory[];
  /** Subjects of what waits in MAIL: mail, starts, timers and cron lines. */
  mail: string[];
  /** Consumers of MAIL that have something to deliver, or delivered what nobody acknowledged. */
  unread: { consumer: string; pending: number; unacked: number }[];
}

const BATCH = 500;
const READ_TIMEOUT_MS = 10_000;

export async function readRecords(nc: NatsConnection): Promise<Records> {
  const jsm = await nc.jetstreamManager();
  const streams: string[] = [];
  for await (const name of jsm.streams.names()) streams.push(name);
  const journals = new Map<string, JournalRecord>();
  const events: EventRecord[] = [];
  for (const stream of streams.filter((name) => name.startsWith('JOURNAL_'))) {
    for await (const { subject, seq, text } of stored(nc, stream)) {
      if (subject.split('.').length < 5) continue; // A process proved here that it can write.
      const journal = journals.get(subject) ?? { address: parseJournalSubject(subject), entries: [] };
      journal.entries.push(parseEntry(text, seq));
      journals.set(subject, journal);
    }
  }
  for (const stream of streams.filter((name) => name.startsWith('TOPIC_'))) {
    for await (const { subject, at, text, headers } of stored(nc, stream)) {
      const id = headers.get('ce-id');
      events.push({ topic: stream.slice('TOPIC_'.length), subject, id, at, data: JSON.parse(text) });
    }
  }
  const memories: Memory[] = [];
  for await (const { text } of stored(nc, MEMORY_STREAM)) memories.push(JSON.parse(text) as Memory);
  const mail: string[] = [];
  for await (const { subject } of stored(nc, MAIL_STREAM)) mail.push(subject);
  return { journals: [...journals.values()], events, memories, mail, unread: await unreadConsumers(jsm) };
}

async function unreadConsumers(jsm: JetStreamManager): Promise<Records['unread']> {
  const unread: Records['unread'] = [];
  for await (const { name, num_pending, num_ack_pending } of jsm.consumers.list(MAIL_STREAM)) {
    if (num_pending + num_ack_pending === 0) continue;
    unread.push({ consumer: name, pending: num_pending, unacked: num_ack_pending });
  }
  return unread;
}

interface Stored {
  subject: string;
  seq: number;
  at: number;
  text: string;
  headers: MsgHdrs;
}

/** All messages of a stream in their order, by direct-get batches. */
async function* stored(nc: NatsConnection, stream: string): AsyncGenerator<Stored> {
  for (let from = 1; ; ) {
    const inbox = createInbox();
    const answers = nc.subscribe(inbox, { timeout: READ_TIMEOUT_MS });
    const request = { batch: BATCH, seq: from, next_by_subj: '>' };
    nc.publish(`$JS.API.DIRECT.GET.${stream}`, JSON.stringify(request), { reply: inbox });
    let pending = 0;
    let last = from - 1;
    for await (const { headers, data } of answers) {
      const status = headers?.code ?? 0;
      if (headers === undefined || (status >= 300 && status !== 404)) {
        throw new Error(`reading ${stream} from ${from}: ${headers?.description ?? 'no answer'}`);
      }
      if (status === 404) break;
      if (status === 204) {
        pending = Number(headers.get('Nats-Num-Pending') || 0);
        break;
      }
      last = Number(headers.get('Nats-Sequence'));
      const text = Buffer.from(data).toString('utf8');
      yield {
        subject: headers.get('Nats-Subject'),
        seq: last,
        at: Date.parse(headers.get('Nats-Time-Stamp')),
        text,
        headers,
      };
    }
    if (pending === 0 || last < from) return;
    from = last + 1;
  }
}
