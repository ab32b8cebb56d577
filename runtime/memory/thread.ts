import type { Redis } from 'ioredis';
import type { ThreadTurn } from '../journal/entry.ts';
import { threadKey } from './keys.ts';
import { coded } from './trouble.ts';

/** Working memory across the runs of a thread: the latest of each agent, in Redis, kept for a while after the last. */
export class Threads {
  private readonly redis: Redis;
  private readonly ttlSeconds: number;

  constructor(redis: Redis, options: { ttlDays: number }) {
    this.redis = redis;
    this.ttlSeconds = options.ttlDays * 86_400;
  }

  /** The latest `window` runs, oldest first. @throws PlatformError `redis.…` */
  async read(tenant: string, agent: string, thread: string, window: number): Promise<ThreadTurn[]> {
    const turns = await coded(this.redis.lrange(threadKey(tenant, agent, thread), -window, -1));
    return turns.map((turn) => JSON.parse(turn) as ThreadTurn);
  }

  /** Adds a run that ended. A run is added once, however often it reports: it keeps its place. */
  async add(tenant: string, agent: string, thread: string, turn: ThreadTurn, window: number): Promise<void> {
    const key = threadKey(tenant, agent, thread);
    const args = [turn.run, JSON.stringify(turn), window, this.ttlSeconds];
    await coded(this.redis.eval(ADD_ONCE, 2, key, `${key}:runs`, ...args));
  }
}

/** Keys: the list, the set of runs in it. Arguments: run, turn, window, seconds to live. */
const ADD_ONCE = `
if redis.call('SADD', KEYS[2], ARGV[1]) == 1 then
  redis.call('RPUSH', KEYS[1], ARGV[2])
  redis.call('LTRIM', KEYS[1], -tonumber(ARGV[3]), -1)
end
redis.call('EXPIRE', KEYS[1], ARGV[4])
redis.call('EXPIRE', KEYS[2], ARGV[4])
`;
