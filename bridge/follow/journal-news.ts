/**
 * What is appended to the journals, followed once per connection and stream, for all who wait for something of some run.
 *
 * 1. There is one consumer for each stream as long as anybody listens, and a little longer: requests come one after another.
 * 2. Who begins to listen is told the latest entries first, as far as they are remembered: a replica that is read at the same
 *    time may not have them yet.
 * 3. When following breaks off, all listeners are told; who listens then begins anew.
 */
import { DeliverPolicy, type NatsConnection } from 'nats';
import { type Address, addressKey, rootOf } from '../../runtime/address.ts';
import { openReader, type Reader, type StreamMessage } from '../../runtime/bus/reader.ts';
import { journalFilter, journalStream, parseJournalSubject } from '../../runtime/subjects.ts';

/** How many journals' latest entries are remembered, and how far back following begins. */
const REMEMBERED = 64;
const LINGER_MS = 10_000;

export interface Listener {
  took(message: StreamMessage): void;
  /** Nothing more will come. */
  ended(error: unknown): void;
}

const streams = new WeakMap<NatsConnection, Map<number, JournalNews>>();

/** The news of one journal stream, the same for all who ask on this connection. */
export function newsOf(nc: NatsConnection, shard: number): JournalNews {
  const shards = streams.get(nc) ?? new Map<number, JournalNews>();
  streams.set(nc, shards);
  const news = shards.get(shard) ?? new JournalNews(nc, shard);
  shards.set(shard, news);
  return news;
}

class JournalNews {
  private readonly nc: NatsConnection;
  private readonly shard: number;
  /** By run. */
  private readonly listeners = new Map<string, Set<Listener>>();
  /** The latest message of each journal, the longest unchanged first. */
  private readonly latest = new Map<string, StreamMessage>();
  private reader: Promise<Reader> | null = null;
  private idle: NodeJS.Timeout | undefined;

  constructor(nc: NatsConnection, shard: number) {
    this.nc = nc;
    this.shard = shard;
  }

  /** Of how many runs somebody hears. */
  get heard(): number {
    return this.listeners.size;
  }

  /** Resolves once nothing of these runs is missed any more, with how to stop. */
  async listen(tenant: string, runs: readonly string[], listener: Listener): Promise<() => void> {
    clearTimeout(this.idle);
    const keys = runs.map((run) => runKey({ tenant, run }));
    for (const key of keys) {
      const known = this.listeners.get(key) ?? new Set();
      this.listeners.set(key, known.add(listener));
    }
    const stop = (): void => {
      for (const key of keys) {
        const known = this.listeners.get(key);
        known?.delete(listener);
        if (known?.size === 0) this.listeners.delete(key);
      }
      if (this.listeners.size === 0) this.rest();
    };
    try {
      this.reader ??= this.follow();
      await this.reader;
    } catch (error) {
      stop();
      throw error;
    }
    const own = new Set(keys);
    for (const message of this.latest.values()) if (own.has(keyOf(message))) listener.took(message); // (2)
    return stop;
  }

  private async follow(): Promise<Reader> {
    const stream = journalStream(this.shard);
    const opening = (async () => {
      const jsm = await this.nc.jetstreamManager({ checkAPI: false });
      const { state } = await jsm.streams.info(stream);
      return openReader(this.nc, stream, {
        filterSubjects: [journalFilter(this.shard)],
        deliver_policy: DeliverPolicy.StartSequence,
        opt_start_seq: Math.max(1, state.last_seq + 1 - REMEMBERED),
      });
    })();
    try {
      const reader = await opening;
      void this.tell(reader);
      return reader;
    } catch (error) {
      this.reader = null;
      throw error;
    }
  }

  private async tell(reader: Reader): Promise<void> {
    let broken: unknown = null;
    try {
      for await (const message of reader.messages) this.take(message);
    } catch (error) {
      broken = error;
    }
    reader.close();
    const current = await this.reader?.catch(() => null);
    if (current !== reader) return;
    // (3)
    this.reader = null;
    this.latest.clear();
    for (const known of [...this.listeners.values()]) for (const listener of [...known]) listener.ended(broken);
  }

  private take(message: StreamMessage): void {
    this.latest.delete(message.subject);
    this.latest.set(message.subject, message);
    if (this.latest.size > REMEMBERED) {
      const [oldest = ''] = this.latest.keys();
      this.latest.delete(oldest);
    }
    for (const listener of this.listeners.get(keyOf(message)) ?? []) listener.took(message);
  }

  /** (1) */
  private rest(): void {
    clearTimeout(this.idle);
    this.idle = setTimeout(() => {
      const { reader } = this;
      this.reader = null;
      this.latest.clear();
      void closed(reader);
    }, LINGER_MS);
    this.idle.unref();
  }
}

async function closed(opening: Promise<Reader> | null): Promise<void> {
  const reader = await opening?.catch(() => null);
  reader?.close();
}

function keyOf({ subject }: StreamMessage): string {
  return runKey(parseJournalSubject(subject));
}

function runKey({ tenant, run }: Pick<Address, 'tenant' | 'run'>): string {
  return addressKey(rootOf({ tenant, run }));
}
