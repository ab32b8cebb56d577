/** What Redis answers when it cannot serve, as coded errors. */
import { type ErrorCode, PlatformError } from '../../config/errors.ts';

const TROUBLES: readonly (readonly [answer: RegExp, code: ErrorCode, what: string])[] = [
  [/^OOM\b/, 'redis.full', 'has no memory left; raise its maxmemory, or remove what is not ours'],
  [/^READONLY\b/, 'redis.read_only', 'is a replica and takes no writes; name its primary in redis_url'],
  [/^MISCONF\b/, 'redis.read_only', 'takes no writes, since it cannot write to its disk; make room there'],
  [/^NOREPLICAS\b/, 'redis.read_only', 'takes no writes, since too few replicas follow it'],
  [/^(NOAUTH|WRONGPASS|NOPERM)\b/, 'redis.denied', 'refuses the login or a command; correct the login in redis_url'],
  [/^(LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|UNBLOCKED)\b/, 'redis.unreachable', 'cannot serve yet'],
  [
    /^(Command timed out|Command aborted|Connection is closed|Socket timeout|Stream isn't writeable)/,
    'redis.unreachable',
    'does not answer',
  ],
];

/** The coded error that a client's error means; any other stays what it is. */
export function redisTrouble(error: unknown): unknown {
  if (error instanceof PlatformError || !(error instanceof Error)) return error;
  const found = TROUBLES.find(([answer]) => answer.test(error.message));
  if (found === undefined) return error;
  const [, code, what] = found;
  return new PlatformError(code, `the Redis server ${what} (${error.message})`, { cause: error });
}

/** Whether it is Redis that cannot serve now, and not the request that is wrong. */
export function isRedisTrouble(error: unknown): error is PlatformError {
  return error instanceof PlatformError && error.code.startsWith('redis.');
}

/** @throws PlatformError `redis.full`, `redis.read_only`, `redis.unreachable` or `redis.denied` */
export async function coded<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw redisTrouble(error);
  }
}
