/** Connects to Redis and makes sure that it has vector sets. */
import { Redis } from 'ioredis';
import { PlatformError } from '../../config/errors.ts';
import type { RedisAddress } from '../../config/services/address.ts';
import { primaryOptions } from './primary.ts';

const NEEDED_MAJOR = 8;
const FIRST_CONNECT_MS = 5_000;

/** A command that has no answer by then fails, whether it was sent or waits for a connection. */
const COMMAND_MS = 30_000;
/** A server that is sent commands and says nothing for so long is given up, and its commands are sent to the next. */
const SILENT_MS = 10_000;

export interface RedisHooks {
  /** The connection was lost, or cannot be made again; the client goes on trying. Each trouble is told once per outage. */
  onError?(error: Error): void;
  /** A connection that was lost is there again; another server may be at its end. */
  onReturn?(): void;
}

/**
 * Connects to the primary (`primary.ts`). The first connect fails within 5 s; once connected, the client reconnects for ever,
 * and commands wait for it up to 30 s. A server that takes no writes any more, since it was demoted, is left for the primary,
 * and the command is sent there.
 * @throws PlatformError `redis.unreachable`, `redis.denied`, `redis.read_only` or `redis.too_old`
 */
export async function connectRedis(address: RedisAddress, hooks: RedisHooks = {}): Promise<Redis> {
  let connected = false;
  let firstError: Error | undefined;
  let replica: string | undefined;
  const told = new Set<string>();
  const trouble = (error: Error): void => {
    firstError ??= error;
    if (!connected || told.has(error.message)) return;
    told.add(error.message);
    hooks.onError?.(error);
  };
  const onReplica = (at: string): void => {
    replica = at;
    trouble(new Error(`the Redis server at ${at} is a replica and takes no writes; its primary is looked for`));
  };
  const servers = 1 + (address.sentinel === undefined ? (address.others?.length ?? 0) : 0);
  const redis: Redis = new Redis({
    ...primaryOptions(address, () => connected, onReplica),
    ...(address.username === undefined ? {} : { username: address.username }),
    ...(address.password === undefined ? {} : { password: address.password }),
    ...(address.db === undefined ? {} : { db: address.db }),
    lazyConnect: true,
    connectTimeout: FIRST_CONNECT_MS / servers,
    commandTimeout: COMMAND_MS,
    socketTimeout: SILENT_MS,
    maxRetriesPerRequest: null,
    // Null stops: at the first connect each address is tried once.
    retryStrategy: (attempt) => (connected ? Math.min(50 * attempt, 1_000) : attempt < servers ? 0 : null),
    // 2: connect anew, and send the command there.
    reconnectOnError: ({ message }) => (/^(READONLY|MASTERDOWN)\b/.test(message) ? 2 : false),
  });
  // Without a listener ioredis prints each error to the console.
  redis.on('error', trouble);
  redis.on('sentinelError', trouble);
  const ready = new Promise<void>((resolve, reject) => {
    redis.once('ready', resolve);
    redis.once('end', () => reject(firstError ?? new Error('it closed the connection')));
  });
  try {
    redis.connect().catch(() => {}); // Told by `ready`, which waits for the other addresses, too.
    await within(
      FIRST_CONNECT_MS,
      ready.then(() => redis.ping()),
    );
    await requireVectorSets(redis, address);
    connected = true;
    redis.on('ready', () => {
      told.clear();
      hooks.onReturn?.();
    });
    return redis;
  } catch (cause) {
    redis.disconnect();
    if (cause instanceof PlatformError) throw cause;
    if (replica !== undefined) throw isReplica(address, replica);
    throw refusal(address, firstError ?? (cause as Error), cause as Error);
  }
}

function isReplica({ url }: RedisAddress, at: string): PlatformError {
  return new PlatformError(
    'redis.read_only',
    `of the addresses ${url} none is a primary (${at} is a replica and takes no writes); name the primary, all servers as ` +
      'redis://host:6379,host:6379, or the sentinels as redis+sentinel://host:26379/NAME',
    { details: { url } },
  );
}

async function requireVectorSets(redis: Redis, address: RedisAddress): Promise<void> {
  const version = /^redis_version:(.+)$/m.exec(await redis.info('server'))?.[1]?.trim() ?? 'unknown';
  const wrong =
    Number.parseInt(version, 10) >= NEEDED_MAJOR
      ? (await knows(redis, 'vadd'))
        ? null
        : `runs version ${version} without vector sets (VADD)`
      : `runs version ${version}`;
  if (wrong === null) return;
  throw new PlatformError(
    'redis.too_old',
    `the Redis server at ${address.url} ${wrong}; Redis ${NEEDED_MAJOR} or newer is needed, for vector sets`,
    { details: { url: address.url, version } },
  );
}

async function knows(redis: Redis, command: string): Promise<boolean> {
  const [entry] = (await redis.command('INFO', command)) as unknown[];
  return entry !== null && entry !== undefined;
}

function refusal(address: RedisAddress, first: Error, last: Error): PlatformError {
  const details = { url: address.url };
  const denied = [first, last].find(({ message }) =>
    /^(NOAUTH|WRONGPASS|NOPERM|ERR (AUTH|invalid password))/.test(message),
  );
  if (denied !== undefined) {
    const login = address.password === undefined ? 'a connection without a password' : 'the login';
    return new PlatformError(
      'redis.denied',
      `the Redis server at ${address.url} refused ${login} (${denied.message.split(/[ :]/)[0]}); put the right one into ` +
        'REDIS_URL, as redis://user:password@host:port',
      { cause: denied, details },
    );
  }
  return new PlatformError(
    'redis.unreachable',
    `no Redis server answers at ${address.url} (${first.message}); start Redis ${NEEDED_MAJOR} or newer there, correct ` +
      'REDIS_URL, or unset it to use an embedded server',
    { cause: first, details },
  );
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
