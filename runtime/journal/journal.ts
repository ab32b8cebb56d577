/**
 * The journal: one NATS subject per invocation, one message per entry.
 *
 * Invariants:
 * 1. An entry is appended only behind the entry its writer read last (expected-last-subject-sequence). Appends carry no
 *    message id: a loser that reused the winner's id would be told «duplicate», which looks like success.
 * 2. An append that was refused, or whose ack got lost, is neither done nor undone: the tail is read through the stream's
 *    leader and its key compared. While the leader holds nothing new, the append is tried again.
 * 3. An append that finds no room waits for it, because its writer has nothing better to do; a door's is refused, with
 *    `storage.full`, and nothing was written.
 * 4. Large values are kept as objects, before the entry that names them. What `read` returns is whole again; those who
 *    read the streams by themselves see references.
 * 5. That there is no journal, or no further entry, only the stream's leader says: any replica may be behind.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type JetStreamClient, type NatsConnection, NatsError } from 'nats';
import { PlatformError } from '../../config/errors.ts';
import type { Address } from '../address.ts';
import { GIVE_UP_MS, isAnswered, PAUSE_MS, patiently } from '../bus/patience.ts';
import { fullPause, isFull, isWrongLastSequence, storageFull, type WhenFull } from '../bus/publish.ts';
import {
  askLeader,
  askLeaderOnce,
  directBatch,
  type StoredMessage,
  storedMessages,
  type Wanted,
} from '../bus/stored.ts';
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

export class Journal {
  readonly shards: number;
  readonly replicas: number;
  /** Large values of this process's entries and mail. */
  readonly objects: Objects;
  private readonly nc: NatsConnection;
  private readonly js: JetStreamClient;
  private observers: AppendObserver[] = [];
  private readonly whenFull: WhenFull;
  private mayAppend = (): void => {};

  /** `replicas`: on how many servers objects are kept, should this process be the first that keeps some. */
  constructor(nc: NatsConnection, shards: number, whenFull: WhenFull = 'wait', replicas = 1) {
    this.nc = nc;
    this.js = nc.jetstream();
    this.shards = shards;
    this.replicas = replicas;
    this.objects = new Objects(nc, whenFull, replicas);
    this.whenFull = whenFull;
  }

  /** The same journal as doors write it: see (3); `mayAppend` throws what they refuse with. It has the same observers. */
  forDoors(mayAppend: () => void): Journal {
    const journal = new Journal(this.nc, this.shards, 'refuse', this.replicas);
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
    const data = await this.textFor(entry);
    let deadline = performance.now() + GIVE_UP_MS;
    for (let full = 0; ; ) {
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
        if (isFull(error)) {
          if (this.whenFull === 'refuse' || this.nc.isClosed()) {
            // An earlier attempt of ours may have found room, and lost its ack. (2)
            const came = await this.cameOf(address, entry, after).catch(() => null);
            if (came?.status === 'appended') return came;
            throw storageFull(error);
          }
          await fullPause(full++);
          deadline = performance.now() + GIVE_UP_MS;
          continue;
        }
        const undecided = isWrongLastSequence(error) || !isAnswered(error);
        if (!undecided || this.nc.isClosed() || performance.now() > deadline) throw error;
        const came = await this.cameOf(address, entry, after).catch(() => null);
        if (came !== null) return came;
        await pause(PAUSE_MS);
      }
    }
  }

  /**
   * What the leader's tail says of an append that was refused, or not answered: ours or another writer's is there, or
   * neither, null. A refusal may be because of an entry that is under way and never comes. (2)
   */
  private async cameOf(address: Address, { key }: Entry, after: number): Promise<Appended | null> {
    const last = await askLeaderOnce(this.nc, this.stream(address), { last_by_subj: this.subject(address) });
    if (last === null || last.seq <= after) return null;
    const isOurs = keyOf(last.data) === key;
    return isOurs ? { status: 'appended', seq: last.seq } : { status: 'fenced' };
  }

  /** (4) */
  private async textFor(entry: Entry): Promise<string> {
    const text = JSON.stringify(entry);
    if (!mayHoldLarge(text)) return text;
    return JSON.stringify(await swapEntry(entry, (value) => this.objects.cut(value)));
  }

  /**
   * The entries of one journal behind sequence `after`, oldest first, as the stream's leader has them: all that was confirmed
   * to its writer before this was called. Empty when there are none.
   */
  async read(address: Address, after = 0): Promise<StoredEntry[]> {
    const entries: StoredEntry[] = [];
    for await (const messages of storedMessages(this.nc, this.stream(address), this.wanted(address, after))) {
      entries.push(...messages.map(entryOf));
    }
    return this.whole(entries);
  }

  /**
   * The same as some replica has it: it may lack the latest entries, or all. For whoever appends behind what it read, which
   * tells; nothing else may be decided by it. (5)
   */
  async readAny(address: Address, after = 0): Promise<StoredEntry[]> {
    const entries: StoredEntry[] = [];
    for (let last = after; ; ) {
      const wanted = this.wanted(address, last);
      const { messages, pending } = await patiently(this.nc, () => directBatch(this.nc, this.stream(address), wanted));
      entries.push(...messages.map(entryOf));
      if (!pending || messages.length === 0) return this.whole(entries);
      last = entries.at(-1)?.seq ?? last;
    }
  }

  /** The newest entry as it is stored, read through the stream's leader; null when there is none. */
  async tail(address: Address): Promise<StoredEntry | null> {
    const last = await askLeader(this.nc, this.stream(address), { last_by_subj: this.subject(address) });
    return last && entryOf(last);
  }

  /** The entry that a journal began with, as it is stored, read through the stream's leader; null when there is none. */
  async first(address: Address): Promise<StoredEntry | null> {
    const first = await askLeader(this.nc, this.stream(address), this.wanted(address, 0));
    return first && entryOf(first);
  }

  private wanted(address: Address, after: number): Wanted {
    return { next_by_subj: this.subject(address), seq: after + 1 };
  }

  /** (4) */
  private async whole(entries: StoredEntry[]): Promise<StoredEntry[]> {
    const whole: StoredEntry[] = [];
    for (const entry of entries) whole.push(await swapEntry(entry, (value) => this.objects.whole(value)));
    return whole;
  }

  private subject(address: Address): string {
    return journalSubject(address, shardOf(address.run, this.shards));
  }

  private stream(address: Address): string {
    return journalStream(shardOf(address.run, this.shards));
  }
}

function entryOf({ data, seq }: StoredMessage): StoredEntry {
  return parseEntry(Buffer.from(data).toString('utf8'), seq);
}

/** The key of an entry of any version; null for what is none. */
function keyOf(data: Uint8Array): string | null {
  try {
    return (JSON.parse(Buffer.from(data).toString('utf8')) as Partial<Entry>).key ?? null;
  } catch {
    return null;
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
