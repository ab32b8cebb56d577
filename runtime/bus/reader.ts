/**
 * Reads a stream in order, through a consumer of its own that is gone with its reader.
 *
 * 1. Where something is missing (a gap in the consumer's count, a server that leaves out its heartbeats), the reader goes
 *    on after the last message that it has, with another consumer, and tries so for as long as it is open.
 * 2. The server is told when the messages so far were taken, and sends no more than a few thousand ahead.
 * 3. The client's own ordered consumer is not used. When it is closed while it begins anew, it goes on trying: that keeps the
 *    process alive, and later has the server send to nobody (nats 2.29).
 */
import { setTimeout as pause } from 'node:timers/promises';
import { AckPolicy, type ConsumerConfig, createInbox, DeliverPolicy, nanos, nuid } from 'nats';
import type { Msg, MsgHdrs, NatsConnection, Subscription } from 'nats';
import { isUndecided, PAUSE_MS } from './patience.ts';
import { Queue } from './queue.ts';

/** How long the server remembers a reader that vanished without a word. */
const FORGET_MS = 60_000;
const HEARTBEAT_MS = 1_000;
const MISSED = 2;

/** What a reader reads, and where it begins: with the first message unless told otherwise. */
export interface ReadFrom extends Partial<Pick<ConsumerConfig, 'deliver_policy' | 'opt_start_seq' | 'opt_start_time'>> {
  filterSubjects: string[];
}

export interface StreamMessage {
  subject: string;
  /** Its position in the stream. */
  seq: number;
  /** When the server stored it. */
  time: Date;
  /** How many were to come after it when it was sent. */
  pending: number;
  headers: MsgHdrs | undefined;
  data: Uint8Array;
  /** The data as text. */
  string(): string;
}

export interface Reader {
  /** To be iterated once. They end with the connection, too. */
  messages: AsyncIterable<StreamMessage>;
  /** How many messages there were when it was opened. */
  pending: number;
  /** Ends the messages, and deletes the consumer. May be called again. */
  close(): void;
}

/** @throws NatsError when the server refuses, or does not answer in time */
export async function openReader(nc: NatsConnection, stream: string, from: ReadFrom): Promise<Reader> {
  const reader = new OrderedReader(nc, stream, from);
  try {
    const pending = await reader.begin();
    return { messages: reader.read(), pending, close: () => reader.close() };
  } catch (error) {
    reader.close();
    throw error;
  }
}

interface Consumer {
  name: string;
  subscription: Subscription;
  /** How many messages it has sent. */
  sent: number;
}

class OrderedReader {
  private readonly nc: NatsConnection;
  private readonly stream: string;
  private readonly from: ReadFrom;
  private readonly closing = new AbortController();
  /** Messages, and between them subjects to which the server wants a word once they are reached. (2) */
  private readonly queue = new Queue<StreamMessage | string>(this.closing.signal);
  private readonly watching: NodeJS.Timeout;
  private consumer: Consumer | null = null;
  private last = 0;
  /** Heartbeats that were due since the server was heard. Not a time: this process may have been busy. */
  private missed = 0;
  private isRenewing = false;

  constructor(nc: NatsConnection, stream: string, from: ReadFrom) {
    this.nc = nc;
    this.stream = stream;
    this.from = from;
    this.watching = setInterval(() => {
      this.missed += 1;
      if (this.missed > MISSED) void this.renew();
    }, HEARTBEAT_MS);
    this.watching.unref();
  }

  /** Resolves with how many messages are to come. */
  async begin(): Promise<number> {
    const inbox = createInbox();
    const subscription = this.nc.subscribe(inbox, {
      callback: (error, message) => {
        if (error === null && this.consumer === consumer) this.hear(consumer, message);
      },
    });
    const consumer: Consumer = { name: nuid.next(), subscription, sent: 0 };
    this.consumer = consumer;
    this.missed = 0;
    void subscription.closed.then(() => {
      if (this.consumer === consumer) this.queue.end(null);
    });
    const { filterSubjects: filter_subjects, ...from } = this.from;
    const after = { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: this.last + 1 };
    const jsm = await this.nc.jetstreamManager({ checkAPI: false });
    const { num_pending } = await jsm.consumers.add(this.stream, {
      name: consumer.name,
      filter_subjects,
      deliver_policy: DeliverPolicy.All,
      ...(this.last > 0 ? after : from),
      ack_policy: AckPolicy.None,
      max_deliver: 1,
      deliver_subject: inbox,
      flow_control: true,
      idle_heartbeat: nanos(HEARTBEAT_MS),
      inactive_threshold: nanos(FORGET_MS),
      mem_storage: true,
      num_replicas: 1,
    });
    if (this.consumer !== consumer) this.remove(consumer); // Closed meanwhile.
    return num_pending;
  }

  async *read(): AsyncGenerator<StreamMessage, void, undefined> {
    try {
      for await (const next of this.queue) {
        if (typeof next !== 'string') yield next;
        else if (!this.nc.isClosed()) this.nc.publish(next);
      }
    } finally {
      this.close();
    }
  }

  close(): void {
    clearInterval(this.watching);
    this.closing.abort();
    this.drop();
  }

  private hear(consumer: Consumer, message: Msg): void {
    this.missed = 0;
    const { headers, reply = '' } = message;
    const status = headers?.code ?? 0;
    if (status === 0) {
      const { count, ...position } = positionOf(reply);
      if (count !== consumer.sent + 1) return void this.renew();
      consumer.sent = count;
      this.last = position.seq;
      const { subject, data } = message;
      return this.queue.put({ ...position, subject, headers, data, string: () => message.string() });
    }
    if (status !== 100) return void this.renew();
    if (reply !== '') return this.queue.put(reply);
    const stalled = headers?.get('Nats-Consumer-Stalled') ?? '';
    if (stalled !== '') this.queue.put(stalled);
    if (Number(headers?.get('Nats-Last-Consumer')) !== consumer.sent) void this.renew();
  }

  /** (1) */
  private async renew(): Promise<void> {
    if (this.isRenewing) return;
    this.isRenewing = true;
    while (!this.closing.signal.aborted) {
      this.drop();
      try {
        await this.begin();
        break;
      } catch (error) {
        if (this.nc.isClosed()) return this.queue.end(null);
        if (!isUndecided(error)) return this.queue.end(error);
        await pause(PAUSE_MS, undefined, { ref: false });
      }
    }
    this.isRenewing = false;
  }

  private drop(): void {
    const { consumer } = this;
    this.consumer = null;
    if (consumer) this.remove(consumer);
  }

  /** No answer is waited for: the reader is gone, and the connection may be closed next. */
  private remove({ name, subscription }: Consumer): void {
    if (this.nc.isClosed()) return;
    subscription.unsubscribe();
    this.nc.publish(`$JS.API.CONSUMER.DELETE.${this.stream}.${name}`, '', { reply: createInbox() });
  }
}

/** What the server writes into the reply subject: `$JS.ACK.…`, of two more names at the front, and a token at the end, or not. */
function positionOf(reply: string): { seq: number; count: number; time: Date; pending: number } {
  const tokens = reply.split('.');
  const [seq = 0, count = 0, nanoseconds = 0, pending = 0] = tokens.slice(tokens.length === 9 ? 5 : 7).map(Number);
  return { seq, count, time: new Date(nanoseconds / 1e6), pending };
}
