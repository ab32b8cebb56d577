/** Reads what the servers keep for good, and what is still on its way: streams and consumers, nothing of a process. */
import type { JetStreamManager, MsgHdrs, NatsConnection } from 'nats';
import type { Address } from '../../runtime/address.ts';
import { storedMessages } from '../../runtime/bus/stored.ts';
import { parseEntry, type StoredEntry } from '../../runtime/journal/journal.ts';
import { attributeOf } from '../../runtime/topics/attributes.ts';
import type { Memory } from '../../runtime/memory/memory.ts';
import { ADVISORIES_STREAM, MAIL_STREAM, MEMORY_STREAM, parseJournalSubject } from '../../runtime/subjects.ts';

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
  /** Mail that was acknowledged and is still there: a server that is killed may forget to have removed it. */
  forgotten: string[];
  /** Consumers of MAIL that have something to deliver, or delivered what nobody acknowledged. */
  unread: { consumer: string; pending: number; unacked: number }[];
}

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
      const id = attributeOf(headers, 'id') ?? '';
      events.push({ topic: stream.slice('TOPIC_'.length), subject, id, at, data: JSON.parse(text) });
    }
  }
  const memories: Memory[] = [];
  for await (const { text } of stored(nc, MEMORY_STREAM)) memories.push(JSON.parse(text) as Memory);
  return { journals: [...journals.values()], events, memories, ...(await readMail(nc, jsm)) };
}

/**
 * A consumer is through with what lies below its ack floor: it was acknowledged, or delivered too often, of which there is
 * an advisory.
 */
async function readMail(
  nc: NatsConnection,
  jsm: JetStreamManager,
): Promise<Pick<Records, 'mail' | 'forgotten' | 'unread'>> {
  const unread: Records['unread'] = [];
  const floors = new Map<string, number>();
  for await (const { name, num_pending, num_ack_pending, ack_floor } of jsm.consumers.list(MAIL_STREAM)) {
    floors.set(name, ack_floor.stream_seq);
    if (num_pending + num_ack_pending === 0) continue;
    unread.push({ consumer: name, pending: num_pending, unacked: num_ack_pending });
  }
  const tooOften = new Set<number>();
  for await (const { text } of stored(nc, ADVISORIES_STREAM)) {
    tooOften.add((JSON.parse(text) as { stream_seq: number }).stream_seq);
  }
  const mail: string[] = [];
  const forgotten: string[] = [];
  for await (const { subject, seq } of stored(nc, MAIL_STREAM)) {
    const [kind = '', , agent = ''] = subject.split('.');
    const isThrough = seq <= (floors.get(`${kind}-${agent}`) ?? 0) && !tooOften.has(seq);
    (isThrough ? forgotten : mail).push(subject);
  }
  return { mail, forgotten, unread };
}

interface Stored {
  subject: string;
  seq: number;
  at: number;
  text: string;
  headers: MsgHdrs;
}

/** All messages of a stream in their order, as its leader has them. */
async function* stored(nc: NatsConnection, stream: string): AsyncGenerator<Stored> {
  for await (const messages of storedMessages(nc, stream, { next_by_subj: '>', seq: 1 })) {
    for (const { subject, seq, time, data, headers } of messages) {
      yield { subject, seq, at: Date.parse(time), text: Buffer.from(data).toString('utf8'), headers };
    }
  }
}
