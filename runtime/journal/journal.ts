/**
 * The journal: one NATS subject per invocation, one message per entry.
 *
 * Invariants:
 * 1. An entry is appended only behind the entry its writer read last (expected-last-subject-sequence). Appends carry no
 *    message id: a loser that reused the winner's id would be told «duplicate», which looks like success.
 * 2. An append whose ack got lost is neither done nor undone: the tail is read through the stream's leader and its key
 *    compared, before anything else happens.
 * 3. An append that finds no room waits for it, because its writer has nothing better to do; a door's is refused, with
 *    `storage.full`, and nothing was written.
 * 4. Large values are kept as objects, before the entry that names them. What `read` returns is whole again; those who
 *    read the streams by themselves see references.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { createInbox, ErrorCode, type JetStreamClient, type NatsConnection, NatsError } from 'nats';
import { PlatformError } from '../../config/errors.ts';
import type { Address } from '../address.ts';
import {
  FULL_PAUSE_MS,
  isAnswered,
  isFull,
  isWrongLastSequence,
  PAUSE_MS,
  storageFull,
  type WhenFull,
} from '../bus/publish.ts';
import { journalStream, journalSubject, shardOf } from '../subjects.ts';
import { mayHoldLarge, swapEntry } from './by-reference.ts';
import { ENTRY_VERSION, type Entry } from './entry.ts';
import { Objects } from './objects.ts';

/** An entry as it is stored: `seq` is its stream sequence, the fence for the next append. */
export interface StoredEntry extends Entry {
  seq: number;
}

export type Appended = { status: 'appended'; seq: number } | { status: 'fenced' };

/** Told of each append of this process once its outcome is known. Must not throw. */
export type AppendObserver = (address: Address, entry: Entry, appended: Appended) => void;

const ACK_TIMEOUT_MS = 5_000;
const READ_TIMEOUT_MS = 5_000;
/** A leader change takes seconds, once half a minute: writers wait it out. */
const GIVE_UP_MS = 60_000;
const BATCH = 500;

/** A read that came to nothing, and may come to something in a moment. */
class Unread extends Error {}

export class Journal {
  readonly shards: number;
  /** Large values of this process's entries and mail. */
  readonly objects: Objects;
  private readonly nc: NatsConnection;
  private readonly js: JetStreamClient;
  private observers: AppendObserver[] = [];
  private readonly whenFull: WhenFull;
  private mayAppend = (): void => {};

  constructor(nc: NatsConnection, shards: number, whenFull: WhenFull = 'wait') {
    this.nc = nc;
    this.js = nc.jetstream();
    this.shards = shards;
    this.objects = new Objects(nc, whenFull);
    this.whenFull = whenFull;
  }

  /** The same journal as doors write it: see (3); `mayAppend` throws what they refuse with. It has the same observers. */
  forDoors(mayAppend: () => void): Journal {
    const journal = new Journal(this.nc, this.shards, 'refuse');
    journal.observers = this.observers;
    journal.mayAppend = mayAppend;
    return journal;
  }

  /** For counting: what this process wrote, and what another writer was first to write. */
  observe(observer: AppendObserver): void {
    this.observers.push(observer);
  }

  /** Appends behind `after`, the sequence of the last entry read (0 = the journal must not exist yet). */
  async append(address: Address, entry: Entry, after: number): Promise<Appended> {
    this.mayAppend();
    const appended = await this.write(address, entry, after);
    for (const observer of this.observers) observer(address, entry, appended);
    return appended;
  }

  private async write(address: Address, entry: Entry, after: number): Promise<Appended> {
    const subject = this.subject(address);
    const data = await this.textOf(entry);
    let deadline = performance.now() + GIVE_UP_MS;
    for (;;) {
      try {
        const ack = await this.js.publish(subject, data, {
          expect: { lastSubjectSequence: after },
          timeout: ACK_TIMEOUT_MS,
        });
        return { status: 'appended', seq: ack.seq };
      } catch (error) {
        if (!(error instanceof NatsError)) throw error;
        if (error.code === 'MAX_PAYLOAD_EXCEEDED') {
          throw new PlatformError(
            'message.too_large',
            `a journal entry of ${Buffer.byteLength(data)} bytes is larger than the server accepts`,
          );
        }
        if (isWrongLastSequence(error)) {
          // Our own earlier attempt may be what stands in the way.
          const tail = await this.tail(address);
          return tail?.key === entry.key ? { status: 'appended', seq: tail.seq } : { status: 'fenced' };
        }
        if (isFull(error)) {
          if (this.whenFull === 'refuse' || this.nc.isClosed()) {
            // An earlier attempt of ours may have found room, and lost its ack. (2)
            const tail = await this.tail(address).catch(() => null);
            if (tail?.key === entry.key) return { status: 'appended', seq: tail.seq };
            throw storageFull(error);
          }
          await pause(FULL_PAUSE_MS);
          deadline = performance.now() + GIVE_UP_MS;
          continue;
        }
        if (isAnswered(error) || this.nc.isClosed() || performance.now() > deadline) throw error;
        const tail = await this.tail(address).catch(() => null);
        if (tail && tail.seq !== after) {
          return tail.key === entry.key ? { status: 'appended', seq: tail.seq } : { status: 'fenced' };
        }
        await pause(PAUSE_MS);
      }
    }
  }

  /** (4) */
  private async textOf(entry: Entry): Promise<string> {
    const text = JSON.stringify(entry);
    if (!mayHoldLarge(text)) return text;
    return JSON.stringify(await swapEntry(entry, (value) => this.objects.cut(value)));
  }

  /** The entries of one journal behind sequence `after`, oldest first; empty when there are none. */
  async read(address: Address, after = 0): Promise<StoredEntry[]> {
    const entries: StoredEntry[] = [];
    for (let from = after + 1; ; ) {
      const { batch, pending } = await this.patiently(() => this.readBatch(address, from));
      for (const entry of batch) entries.push(await swapEntry(entry, (value) => this.objects.whole(value))); // (4)
      const last = batch.at(-1);
      if (!pending || !last) return entries;
      from = last.seq + 1;
    }
  }

  /** The newest entry as it is stored, read through the stream's leader; null when there is none. */
  async tail(address: Address): Promise<StoredEntry | null> {
    const request = JSON.stringify({ last_by_subj: this.subject(address) });
    const reply = await this.nc.request(`$JS.API.STREAM.MSG.GET.${this.stream(address)}`, request, {
      timeout: READ_TIMEOUT_MS,
    });
    const body = reply.json<{
      error?: { code: number; description: string };
      message?: { seq: number; data: string };
    }>();
    if (body.error?.code === 404) return null;
    if (!body.message)
      throw new Error(`reading the tail of ${this.subject(address)}: ${body.error?.description ?? 'no message'}`);
    return parseEntry(Buffer.from(body.message.data, 'base64').toString('utf8'), body.message.seq);
  }

  /** A server that is just coming back answers nothing, or that it cannot: readers wait as writers do. */
  private async patiently<T>(read: () => Promise<T>): Promise<T> {
    for (const until = performance.now() + GIVE_UP_MS; ; ) {
      try {
        return await read();
      } catch (error) {
        const later = error instanceof Unread || (error instanceof NatsError && error.code === ErrorCode.Timeout);
        if (!later || this.nc.isClosed() || performance.now() > until) throw error;
        await pause(PAUSE_MS);
      }
    }
  }

  /** One direct-get batch: as many entries of the literal subject as fit into one answer. */
  private async readBatch(address: Address, from: number): Promise<{ batch: StoredEntry[]; pending: boolean }> {
    const inbox = createInbox();
    const subscription = this.nc.subscribe(inbox, { timeout: READ_TIMEOUT_MS });
    const request = { batch: BATCH, seq: from, next_by_subj: this.subject(address) };
    this.nc.publish(`$JS.API.DIRECT.GET.${this.stream(address)}`, JSON.stringify(request), { reply: inbox });
    const batch: StoredEntry[] = [];
    for await (const message of subscription) {
      const status = message.headers?.code ?? 0;
      if (status === 404) return { batch, pending: false };
      if (status === 204) return { batch, pending: Number(message.headers?.get('Nats-Num-Pending') ?? 0) > 0 };
      if (status >= 300) throw new Unread(`${this.subject(address)} could not be read (${status})`);
      if (status === 0 && message.headers === undefined)
        throw new Unread(`no answer to a read of ${this.subject(address)}`);
      batch.push(parseEntry(message.string(), Number(message.headers?.get('Nats-Sequence'))));
    }
    throw new Unread(`the read of ${this.subject(address)} was cut off`);
  }

  private subject(address: Address): string {
    return journalSubject(address, shardOf(address.run, this.shards));
  }

  private stream(address: Address): string {
    return journalStream(shardOf(address.run, this.shards));
  }
}

export function parseEntry(text: string, seq: number): StoredEntry {
  let entry: Partial<Entry> | null = null;
  try {
    entry = JSON.parse(text) as Partial<Entry> | null;
  } catch {
    // Told below.
  }
  const v: unknown = entry?.v;
  if (typeof v === 'number' && v > ENTRY_VERSION) {
    throw new PlatformError(
      'journal.newer',
      `this version reads journal entries of version ${String(ENTRY_VERSION)}, found version ${String(v)}; update this worker`,
    );
  }
  if (v !== ENTRY_VERSION || entry === null) {
    throw new PlatformError('journal.invalid', `what the journals hold at position ${seq} is no entry of any version`);
  }
  return { ...(entry as Entry), seq };
}
