import type { Redis } from 'ioredis';
import type { Embedder } from './embedder.ts';
import type { Scope } from './index.ts';
import { completeKey, memoryKey, vectorKey } from './keys.ts';
import { coded } from './trouble.ts';

/** What a scope's index holds, as far as one look tells. */
export interface Holding {
  /** Elements of the vector set. */
  vectors: number;
  /** False when the key holds something else than this embedder's vectors: another dimension, quantized, no set at all. */
  fits: boolean;
  /** The record that it was last found complete against; null when nobody says that it is complete. */
  completeFor: string | null;
}

/** Keys of one EXISTS. */
const AT_ONCE = 1_000;
/** More than any set holds: every element comes once. */
const ALL = 1_000_000_000;

/** Counts what the index in Redis holds, scope by scope, and says whether that is all. */
export class Holdings {
  private readonly redis: Redis;
  private readonly embedder: Embedder;

  constructor(redis: Redis, embedder: Embedder) {
    this.redis = redis;
    this.embedder = embedder;
  }

  async of(scope: Scope): Promise<Holding> {
    const [info, completeFor] = await coded(
      Promise.all([this.redis.vinfo(this.vectors(scope)).catch(noSet), this.redis.get(this.complete(scope))]),
    );
    if (info === null) return { vectors: 0, fits: true, completeFor };
    const fields = new Map<unknown, unknown>();
    for (let i = 0; i + 1 < info.length; i += 2) fields.set(info[i], info[i + 1]);
    const fits = fields.get('quant-type') === 'f32' && fields.get('vector-dim') === this.embedder.dimensions;
    return { vectors: Number(fields.get('size') ?? 0), fits, completeFor };
  }

  /** The ids in a scope's vector set, in no order. */
  async ids(scope: Scope): Promise<string[]> {
    return coded(this.redis.vrandmember(this.vectors(scope), ALL));
  }

  /** How many of these ids have a hash. */
  async hashes({ tenant, scope }: Scope, ids: readonly string[]): Promise<number> {
    let count = 0;
    for (let i = 0; i < ids.length; i += AT_ONCE) {
      const keys = ids.slice(i, i + AT_ONCE).map((id) => memoryKey(tenant, scope, id));
      count += await coded(this.redis.exists(...keys));
    }
    return count;
  }

  /** Says that the scope is complete against a record; null: that something is missing. */
  async setComplete(scope: Scope, record: string | null): Promise<void> {
    const key = this.complete(scope);
    await coded<unknown>(record === null ? this.redis.unlink(key) : this.redis.set(key, record));
  }

  /** Drops a scope's vectors, unless another process has done so since they were `seen`. */
  async drop(scope: Scope, seen: Holding): Promise<void> {
    await coded(this.redis.eval(DROP, 2, this.vectors(scope), this.complete(scope), seen.completeFor ?? ''));
  }

  private vectors({ tenant, scope }: Scope): string {
    return vectorKey(tenant, scope, this.embedder.id);
  }

  private complete({ tenant, scope }: Scope): string {
    return completeKey(tenant, scope, this.embedder.id);
  }
}

/** Keys: the vectors, the mark. Argument: the mark as it was seen, empty for none. */
const DROP = `
if (redis.call('GET', KEYS[2]) or '') == ARGV[1] then redis.call('UNLINK', KEYS[1], KEYS[2]) end
`;

/** Of a key that is no vector set nothing fits. */
function noSet(error: Error): [] {
  if (error.message.startsWith('WRONGTYPE')) return [];
  throw error;
}
