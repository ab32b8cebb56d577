import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { JetStreamManager, NatsConnection } from 'nats';
import type { WhenFull } from '../bus/publish.ts';
import { checkMemory, checkQuery, checkSeed } from './check.ts';
import { type Embedder, lexicalEmbedder } from './embedder.ts';
import { MemoryIndex, type MemoryRef } from './index.ts';
import type { Memory, MemorySeed, Recalled, RecallQuery } from './memory.ts';
import { type Ranking, rank, rankingOf } from './recall.ts';
import { MemoryRecord } from './record.ts';

/**
 * Long-term memory: recorded in NATS, found through Redis. Owns neither connection.
 *
 * 1. A memory is recorded before it is indexed; what is indexed is what the record says.
 * 2. The index never answers before it has caught up with the record: once per process, and whenever Redis turns out to
 *    have been emptied. So a crash between recording and indexing, a lost Redis and another embedder all heal themselves.
 */
const AT_ONCE = 64;

export interface LongTermMemoryOptions {
  nats: NatsConnection;
  jsm: JetStreamManager;
  redis: Redis;
  embedder?: Embedder;
}

/** A search by a person: like a recall, but over all dates and, without a subject, all subjects. */
export interface SearchQuery {
  tenant: string;
  scope: string;
  query: string;
  subject?: string | null;
  limit: number;
  /** ISO date from which ages are counted. */
  as_of: string;
}

/** Called now and then with how many of how many memories were indexed. */
export type RebuildProgress = (done: number, total: number) => void;

export class LongTermMemory {
  private readonly record: MemoryRecord;
  private readonly index: MemoryIndex;
  private caughtUp: Promise<unknown> | null = null;

  constructor({ nats, jsm, redis, embedder = lexicalEmbedder }: LongTermMemoryOptions) {
    this.record = new MemoryRecord(nats, jsm);
    this.index = new MemoryIndex(redis, embedder);
  }

  /** Stores a memory under its id; one that exists stays as it was, and is indexed if it was not. */
  async store(memory: Memory, whenFull: WhenFull = 'wait'): Promise<{ id: string; created: boolean }> {
    const { memory: recorded, created } = await this.record.create(checkMemory(memory), whenFull);
    const indexed = !created && (await this.index.has([recorded]))[0] === true;
    if (!indexed) await this.index.add([recorded]);
    return { id: recorded.id, created };
  }

  /** What lies before the as-of date, best first. */
  async recall(query: RecallQuery): Promise<Recalled[]> {
    const checked = checkQuery(query);
    return this.find(checked, rankingOf(checked));
  }

  async search({ tenant, scope, query, subject = null, limit, as_of }: SearchQuery): Promise<Recalled[]> {
    const checked = checkQuery({ tenant, scope, query, subject, limit, before: as_of });
    return this.find(checked, { ...rankingOf(checked), before: null });
  }

  /** Loads memories that a data folder brings along. Returns how many were new; loading them again costs one look. */
  async seed(tenant: string, seeds: readonly MemorySeed[]): Promise<number> {
    const memories = seeds.map((seed) => seededMemory(tenant, checkSeed(seed)));
    await this.ready();
    const indexed = await this.index.has(memories);
    const missing = memories.filter((_, i) => !indexed[i]);
    let created = 0;
    for (let i = 0; i < missing.length; i += AT_ONCE) {
      const stored = await Promise.all(missing.slice(i, i + AT_ONCE).map((memory) => this.store(memory, 'refuse')));
      created += stored.filter((each) => each.created).length;
    }
    return created;
  }

  /** Writes the whole index anew from the record and removes what the record does not hold. Returns the memories indexed. */
  async rebuild(progress: RebuildProgress = () => {}): Promise<number> {
    const { created, count } = await this.record.extent();
    const known = new Set<string>();
    const sequence = await this.indexAfter(0, (memories) => {
      for (const memory of memories) known.add(place(memory));
      progress(known.size, count);
    });
    for await (const refs of this.index.all()) {
      const strangers = refs.filter((ref) => !known.has(place(ref)));
      // One that was stored while this ran is no stranger: ask the record.
      const held = await Promise.all(strangers.map(({ tenant, scope, id }) => this.record.find(tenant, scope, id)));
      await this.index.remove(strangers.filter((_, i) => held[i] === null));
    }
    await this.index.setWatermark({ created, sequence });
    return known.size;
  }

  private async find(query: RecallQuery, ranking: Ranking): Promise<Recalled[]> {
    await this.ready();
    const upToDate = this.caughtUp;
    const near = { ...query, before: ranking.before };
    const [watermark, first] = await Promise.all([this.index.watermark(), this.index.nearest(near)]);
    let found = first;
    if (watermark === null) {
      if (this.caughtUp === upToDate) this.caughtUp = null;
      await this.ready(); // invariant 2: Redis was emptied while we ran
      found = await this.index.nearest(near);
    }
    const { tenant, scope } = query;
    for (const { id, cosine } of found.lost) {
      const memory = await this.record.find(tenant, scope, id);
      if (memory) {
        await this.index.add([memory]);
        found.candidates.push({ memory, cosine });
      } else await this.index.remove([{ tenant, scope, id }]);
    }
    return rank(ranking, found.candidates);
  }

  /** Invariant 2. Callers that come together share one catch-up; one that failed is tried again by the next. */
  private async ready(): Promise<void> {
    const running = (this.caughtUp ??= this.catchUp());
    await running.catch((error: unknown) => {
      if (this.caughtUp === running) this.caughtUp = null;
      throw error;
    });
  }

  /** Indexes what was recorded since the last catch-up; all of it when Redis does not know this stream. */
  private async catchUp(): Promise<void> {
    const [{ created, last }, watermark] = await Promise.all([this.record.extent(), this.index.watermark()]);
    if (watermark?.created !== created || watermark.sequence > last) {
      await this.rebuild();
    } else if (watermark.sequence < last) {
      await this.index.setWatermark({ created, sequence: await this.indexAfter(watermark.sequence) });
    }
  }

  /** Returns the sequence of the last memory indexed, or `sequence` when there was none. */
  private async indexAfter(sequence: number, each: (memories: Memory[]) => void = () => {}): Promise<number> {
    let last = sequence;
    for await (const batch of this.record.after(sequence)) {
      const memories = batch.flatMap(({ memory }) => memory ?? []);
      await this.index.add(memories);
      last = batch.at(-1)?.sequence ?? last;
      each(memories);
    }
    return last;
  }
}

/** The id is a digest of the content, so that a seed is stored once however often it is loaded. */
export function seededMemory(tenant: string, seed: MemorySeed): Memory {
  return { ...seed, id: `seed-${contentDigest(seed)}`, tenant, source: 'seed' };
}

/** What a person tells; saying the same again stores nothing new. @throws PlatformError `memory.invalid` */
export function personsMemory(tenant: string, told: MemorySeed): Memory {
  return checkMemory({ ...told, id: `person-${contentDigest(told)}`, tenant, source: 'person' });
}

function contentDigest(seed: MemorySeed): string {
  const { scope, subject, date, text, kind, assessment, dip_percent, resolved_by } = seed;
  const content = JSON.stringify([scope, subject, date, text, kind, assessment, dip_percent, resolved_by]);
  return createHash('sha256').update(content).digest('hex').slice(0, 16);
}

function place({ tenant, scope, id }: MemoryRef): string {
  return JSON.stringify([tenant, scope, id]);
}
