import type { Redis } from 'ioredis';
import type { ThreadTurn } from '../journal/entry.ts';
import { threadKey } from './keys.ts';

/** Working memory across the runs of a thread: the latest of each agent, in Redis, kept for a while after the last. */
export class Threads {
  private readonly redis: Redis;
  private readonly ttlSeconds: number;

  constructor(redis: Redis, options: { ttlDays: number }) {
    this.redis = redis;
    this.ttlSeconds = options.ttlDays * 86_400;
  }

  /** The latest `window` runs, oldest first. */
  async read(tenant: string, agent: string, thread: string, window: number): Promise<ThreadTurn[]> {
    const turns = await this.redis.lrange(threadKey(tenant, agent, thread), -window, -1);
    return turns.map((turn) => JSON.parse(turn) as ThreadTurn);
  }

  /** Adds a run that ended. The same run added again stands there once. */
  async add(tenant: string, agent: string, thread: string, turn: ThreadTurn, window: number): Promise<void> {
    const key = threadKey(tenant, agent, thread);
    const text = JSON.stringify(turn);
    await this.redis
      .multi()
      .lrem(key, 0, text)
      .rpush(key, text)
      .ltrim(key, -window, -1)
      .expire(key, this.ttlSeconds)
      .exec();
  }
}
