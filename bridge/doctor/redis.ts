/** Whether Redis takes writes, keeps what it took, and forgets nothing. Writes nothing. */
import type { Redis } from 'ioredis';
import { fail, type Finding, ok, warn } from './finding.ts';

export async function examineRedis(redis: Redis): Promise<Finding[]> {
  const text = `${await redis.info('memory')}\n${await redis.info('persistence')}`;
  const field = (name: string) => new RegExp(`^${name}:(.*)$`, 'm').exec(text)?.[1]?.trim() ?? 'unknown';
  return [...examineWrites(field), ...examineMemoryLimit(field), ...examinePersistence(field)];
}

type Field = (name: string) => string;

function examineWrites(field: Field): Finding[] {
  if (field('rdb_last_bgsave_status') === 'err') {
    const text = 'redis.read_only: the last snapshot failed, and with stop-writes-on-bgsave-error it takes no writes';
    return [fail('redis', text, 'look into the log of Redis; make room on its disk')];
  }
  return [];
}

function examineMemoryLimit(field: Field): Finding[] {
  const [used, limit] = [Number(field('used_memory')), Number(field('maxmemory'))];
  const held = `${field('used_memory_human')} used`;
  const policy = field('maxmemory_policy');
  if (policy !== 'noeviction') {
    const text = `eviction policy ${policy}, ${held}: memories may leave the index`;
    return [warn('redis', text, 'CONFIG SET maxmemory-policy noeviction')];
  }
  if (limit > 0 && used >= limit) {
    const text = `redis.full: ${held} of ${field('maxmemory_human')}, so it takes no writes`;
    return [fail('redis', text, 'raise maxmemory, or remove keys that are not ours')];
  }
  return [ok('redis', `eviction policy noeviction, ${held}${limit > 0 ? ` of ${field('maxmemory_human')}` : ''}`)];
}

function examinePersistence(field: Field): Finding[] {
  if (field('aof_enabled') !== '1') {
    const remedy = 'CONFIG SET appendonly yes; without it the index of memories is built anew after a restart';
    return [warn('redis', 'the append-only file is off', remedy)];
  }
  if (field('aof_last_write_status') === 'ok')
    return [ok('redis', 'the append-only file is on, its last write succeeded')];
  const text = 'redis.read_only: the last write of the append-only file failed, and it takes no writes';
  return [fail('redis', text, 'look into the log of Redis; make room')];
}
