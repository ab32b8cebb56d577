import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { JetStreamManager, NatsConnection } from 'nats';
import pMap from 'p-map';
import { AT_ONCE } from '../at-once.ts';
import type { WhenFull } from '../bus/publish.ts';
import { checkMemory, checkQuery, checkSeed } from './check.ts';
import { type Embedder, lexicalEmbedder } from './embedder.ts';
import { Holdings } from './holdings.ts';
import { type Found, MemoryIndex } from './index.ts';
import type { Memory, MemorySeed, Recalled, RecallQuery } from './memory.ts';
import { type Ranking, rank, rankingOf } from './recall.ts';
import { MemoryRecord } from './record.ts';
import { isRedisTrouble } from './trouble.ts';
import { incomplete, Upkeep } from './upkeep.ts';

/**
 * Long-term memory: recorded in NATS, found through Redis. Owns neither connection.
 *
 * 1. A memory is recorded before it is indexed; what is indexed is what the record says. Recorded, it is stored: what Redis
 *    does not take is told, and indexed by the next recall.
 * 2. A recall answers from a complete index (`upkeep.ts`), or fails. So a crash between recording and indexing, a lost Redis, a
 *    part of it that is lost and another embedder all heal themselves.
 */
const TRIES = 3;

export interface LongTermMemoryOptions {
  nats: NatsConnection;
  jsm: JetStreamManager;
  redis: Redis;
  embedder?: Embedder;
  /** Redis did not take a memory that is recorded. */
  onUnindexed?(error: unknown): void;
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
  private readonly upkeep: Upkeep;
  private readonly onUnindexed: (error: unknown) => void;

  constructor({ nats, jsm, redis, embedder = lexicalEmbedder, onUnindexed = () => {} }: LongTermMemoryOptions) {
    this.record = new MemoryRecord(nats, jsm);
    this.index = new MemoryIndex(redis, embedder);
    this.upkeep = new Upkeep(this.record, this.index, new Holdings(redis, embedder));
    this.onUnindexed = onUnindexed;
  }

  /** The connection to Redis was lost and came back: another server may answer now, without the latest writes. */
  redisReturned(): void {
    this.upkeep.doubtAll();
  }

  /** Stores a memory under its id; one that exists stays as it was, and is indexed if it was not. */
  async store(memory: Memory, whenFull: WhenFull = 'wait'): Promise<{ id: string; created: boolean }> {
    const { memory: recorded, created } = await this.record.create(checkMemory(memory), whenFull);
    try {
      const indexed = !created && (await this.index.has([recorded]))[0] === true;
      if (!indexed) await this.index.add([recorded]);
    } catch (error) {
      await this.upkeep.doubt(recorded);
      this.onUnindexed(error);
    }
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
    for (const scope of new Set(seeds.map((seed) => seed.scope))) await this.upkeep.ready({ tenant, scope });
    const indexed = await this.index.has(memories);
    const missing = memories.filter((_, i) => !indexed[i]);
    const stored = await pMap(missing, (memory) => this.store(memory, 'refuse'), AT_ONCE);
    return stored.filter((each) => each.created).length;
  }

  /** Writes the whole index anew from the record and removes what the record does not hold. Returns the memories indexed. */
  async rebuild(progress: RebuildProgress = () => {}): Promise<number> {
    const scopes = await this.record.scopes();
    const total = scopes.reduce((sum, { count }) => sum + count, 0);
    let done = 0;
    const known = new Map<string, Set<string>>();
    for (const each of scopes) {
      const indexed = await this.upkeep.rebuild(each, (more) => progress((done += more), total));
      known.set(`${each.tenant} ${each.scope}`, indexed);
    }
    for await (const refs of this.index.all()) {
      const strangers = refs.filter(({ tenant, scope, id }) => known.get(`${tenant} ${scope}`)?.has(id) !== true);
      // What was stored meanwhile is no stranger: ask the record.
      const held = await Promise.all(strangers.map((ref) => this.record.load(ref, [ref.id])));
      await this.index.remove(strangers.filter((_, i) => held[i]?.length === 0));
    }
    return done;
  }

  /** Looks at every scope and adds what its index lacks. Returns how many memories that were. */
  async complete(): Promise<number> {
    const before = this.upkeep.added;
    for (const scope of await this.record.scopes()) await this.upkeep.check(scope);
    return this.upkeep.added - before;
  }

  private async find(query: RecallQuery, ranking: Ranking): Promise<Recalled[]> {
    const found = await this.nearest(query, ranking);
    const { tenant, scope } = query;
    for (const { id, cosine } of found.lost) {
      const memory = await this.record.find(tenant, scope, id);
      if (memory) found.candidates.push({ memory, cosine });
      // What Redis does not take now is asked of the record again.
      await (memory ? this.index.add([memory]) : this.index.remove([{ tenant, scope, id }])).catch(this.onUnindexed);
    }
    return rank(ranking, found.candidates);
  }

  /** Invariant 2. */
  private async nearest(query: RecallQuery, { before }: Ranking): Promise<Found> {
    await this.upkeep.ready(query);
    for (let tries = TRIES; tries > 0; tries--) {
      const found = await this.index.nearest({ ...query, before }).catch((error: unknown) => {
        // A set of another dimension, or no set at all: the check replaces it.
        if (isRedisTrouble(error) || tries === 1) throw error;
        return null;
      });
      if (found !== null && !this.upkeep.isDoubtful(query, found)) return found;
      await this.upkeep.check(query);
    }
    throw incomplete(query);
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
