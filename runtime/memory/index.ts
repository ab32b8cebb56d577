import type { Redis } from 'ioredis';
import { escapeToken } from '../subjects.ts';
import type { Embedder } from './embedder.ts';
import { ALL_MEMORY_KEYS, completeKey, memoryKey, parseMemoryKey, vectorKey } from './keys.ts';
import { asFields, fromFields } from './fields.ts';
import type { Memory } from './memory.ts';
import { type Candidate, epochDay, searchableText } from './recall.ts';
import { coded, redisTrouble } from './trouble.ts';

/**
 * The index of long-term memory in Redis: a hash per memory, a vector set per tenant and scope. It holds nothing that the
 * MEMORY stream doesn't.
 *
 * 1. The hash is written before the vector, so a memory with a vector is indexed completely.
 * 2. Attributes hold escaped tokens and day numbers only: FILTER has no escapes, and `<` works on numbers alone.
 * 3. Vectors are stored unquantized: a match's score is the exact cosine, so rescoring needs no second copy of them.
 */
const OVER_FETCH = 64;
/** For one subject more are fetched, so that recency decides over a long history too. */
const OVER_FETCH_SUBJECT = 256;
/** Up to this many memories in a scope a query is compared with each of them: exact, in a few milliseconds. */
const SMALL_SET = 10_000;
/**
 * How many neighbours the graph is walked along when a vector is added, and when one is looked for. Building with little
 * and searching with much finds as many (0.998 of the nearest ten among 10,000) and adds five times as fast.
 */
const BUILD_EFFORT = 64;
const SEARCH_EFFORT = 500;
/** Commands of one pipeline that asks about many memories. */
const AT_ONCE = 1_000;

export interface Scope {
  tenant: string;
  scope: string;
}

export interface MemoryRef extends Scope {
  id: string;
}

export interface Nearness extends Scope {
  query: string;
  subject: string | null;
  /** ISO date, exclusive; null for any date. */
  before: string | null;
  limit: number;
}

/** A match whose hash is gone, for instance evicted. */
export interface LostMatch {
  id: string;
  cosine: number;
}

export interface Found {
  candidates: Candidate[];
  lost: LostMatch[];
  /** Of the vector set that was searched. */
  vectors: number;
  /** As in `Holding` of `holdings.ts`. */
  completeFor: string | null;
}

export class MemoryIndex {
  private readonly redis: Redis;
  private readonly embedder: Embedder;

  constructor(redis: Redis, embedder: Embedder) {
    this.redis = redis;
    this.embedder = embedder;
  }

  /** Indexes memories; one that is indexed already is replaced by itself. */
  async add(memories: readonly Memory[]): Promise<void> {
    if (memories.length === 0) return;
    const vectors = await this.embedder.embed(memories.map(searchableText));
    const pipeline = this.redis.pipeline();
    memories.forEach((memory, i) => {
      const vector = vectors[i];
      if (!vector)
        throw new Error(`embedder ${this.embedder.id} returned ${vectors.length} of ${memories.length} vectors`);
      const { tenant, scope, id } = memory;
      pipeline.hset(memoryKey(tenant, scope, id), asFields(memory)); // invariant 1
      const attributes = JSON.stringify({
        ...(memory.subject === null ? {} : { subject: escapeToken(memory.subject) }),
        day: epochDay(memory.date),
      });
      pipeline.vadd(
        this.vectors(memory),
        'FP32',
        bytes(vector),
        id,
        ...['NOQUANT', 'EF', BUILD_EFFORT, 'SETATTR', attributes],
      );
    });
    await done(pipeline.exec());
  }

  /** Which of these have both a hash and a vector, in order. */
  async has(refs: readonly MemoryRef[]): Promise<boolean[]> {
    const there: boolean[] = [];
    for (let i = 0; i < refs.length; i += AT_ONCE) {
      const pipeline = this.redis.pipeline();
      for (const ref of refs.slice(i, i + AT_ONCE)) {
        pipeline.vismember(this.vectors(ref), ref.id);
        pipeline.exists(memoryKey(ref.tenant, ref.scope, ref.id));
      }
      const replies = await done(pipeline.exec());
      for (let k = 0; k < replies.length; k += 2) there.push(replies[k] === 1 && replies[k + 1] === 1);
    }
    return there;
  }

  /** The memories nearest to a query, more than asked for, with their cosines. */
  async nearest(near: Nearness): Promise<Found> {
    const key = this.vectors(near);
    const [vectors, completeFor, [vector]] = await coded(
      Promise.all([
        this.redis.vcard(key),
        this.redis.get(completeKey(near.tenant, near.scope, this.embedder.id)),
        this.embedder.embed([near.query]),
      ]),
    );
    if (vectors === 0 || !vector) return { candidates: [], lost: [], vectors, completeFor };

    const count = Math.max(near.limit * 4, near.subject === null ? OVER_FETCH : OVER_FETCH_SUBJECT);
    const search = async (exhaustive: boolean) => {
      const filter = filterOf(near);
      const reply = await coded(
        this.redis.vsim(
          key,
          ...['FP32', bytes(vector), 'WITHSCORES', 'COUNT', count],
          ...(filter === '' ? [] : ['FILTER', filter]),
          ...(exhaustive ? ['TRUTH'] : ['EF', SEARCH_EFFORT]),
        ),
      );
      return matches(reply as string[]);
    };
    const exhaustive = vectors <= SMALL_SET || near.subject !== null;
    let found = await search(exhaustive);
    // A filter that few pass starves the walk through the graph.
    if (!exhaustive && found.length < count) found = await search(true);
    return { ...(await this.load(near, found)), vectors, completeFor };
  }

  private async load(
    { tenant, scope }: Scope,
    found: readonly LostMatch[],
  ): Promise<{ candidates: Candidate[]; lost: LostMatch[] }> {
    const candidates: Candidate[] = [];
    const lost: LostMatch[] = [];
    if (found.length === 0) return { candidates, lost };
    const pipeline = this.redis.pipeline();
    for (const { id } of found) pipeline.hgetall(memoryKey(tenant, scope, id));
    const hashes = (await done(pipeline.exec())) as Record<string, string>[];
    found.forEach((match, i) => {
      const memory = fromFields({ tenant, scope, id: match.id }, hashes[i] ?? {});
      if (memory) candidates.push({ memory, cosine: match.cosine });
      else lost.push(match);
    });
    return { candidates, lost };
  }

  async remove(refs: readonly MemoryRef[]): Promise<void> {
    if (refs.length === 0) return;
    const pipeline = this.redis.pipeline();
    for (const ref of refs) {
      pipeline.vrem(this.vectors(ref), ref.id);
      pipeline.unlink(memoryKey(ref.tenant, ref.scope, ref.id));
    }
    await done(pipeline.exec());
  }

  /** Every memory that has a hash, in no order; one may come twice. */
  async *all(): AsyncGenerator<MemoryRef[]> {
    for await (const keys of this.redis.scanStream({ match: ALL_MEMORY_KEYS, count: 1000 })) {
      yield (keys as string[]).map(parseMemoryKey).filter((ref) => ref !== null);
    }
  }

  private vectors({ tenant, scope }: Scope): string {
    return vectorKey(tenant, scope, this.embedder.id);
  }
}

/** Invariant 2. */
function filterOf({ subject, before }: Nearness): string {
  const terms: string[] = [];
  if (subject !== null) terms.push(`.subject == "${escapeToken(subject)}"`);
  if (before !== null) terms.push(`.day < ${epochDay(before)}`);
  return terms.join(' and ');
}

/** A reply is element, score, element, score; a score of 0–1 is (cosine + 1) / 2. */
function matches(reply: readonly string[]): LostMatch[] {
  const found: LostMatch[] = [];
  for (let i = 0; i + 1 < reply.length; i += 2)
    found.push({ id: reply[i] ?? '', cosine: Number(reply[i + 1]) * 2 - 1 });
  return found;
}

function bytes(vector: Float32Array): Buffer {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
}

/** The replies of a pipeline; its first error is thrown, coded. */
async function done(run: Promise<[Error | null, unknown][] | null>): Promise<unknown[]> {
  return ((await coded(run)) ?? []).map(([error, reply]) => {
    if (error) throw redisTrouble(error);
    return reply;
  });
}
