/** Connects to Redis and makes sure that it has vector sets. */
import { Redis } from 'ioredis';
import { PlatformError } from '../../config/errors.ts';
import type { RedisAddress } from '../../config/services/address.ts';

const NEEDED_MAJOR = 8;
const FIRST_CONNECT_MS = 5_000;

export interface RedisHooks {
  /** A connection that was up had an error; the client reconnects by itself. Called at most once per lost connection. */
  onError?(error: Error): void;
  /** A connection that was lost is there again; another server may be at its end. */
  onReturn?(): void;
}

/**
 * The first connect fails within 5 s; once connected, the client reconnects for ever and commands wait for it.
 * @throws PlatformError `redis.unreachable`, `redis.denied` or `redis.too_old`
 */
export async function connectRedis(address: RedisAddress, hooks: RedisHooks = {}): Promise<Redis> {
  let connected = false;
  const redis: Redis = new Redis({
    ...(address.path === undefined ? { host: address.host, port: address.port } : { path: address.path }),
    ...(address.username === undefined ? {} : { username: address.username }),
    ...(address.password === undefined ? {} : { password: address.password }),
    ...(address.db === undefined ? {} : { db: address.db }),
    ...(address.tls === true ? { tls: {} } : {}),
    lazyConnect: true,
    connectTimeout: FIRST_CONNECT_MS,
    maxRetriesPerRequest: null,
    // Null stops: the first connect is tried once.
    retryStrategy: (attempt) => (connected ? Math.min(50 * attempt, 1_000) : null),
  });
  let firstError: Error | undefined;
  // Without a listener ioredis prints each error to the console.
  redis.on('error', (error: Error) => {
    firstError ??= error;
    if (connected) hooks.onError?.(error);
  });
  try {
    await within(
      FIRST_CONNECT_MS,
      redis.connect().then(() => redis.ping()),
    );
    await requireVectorSets(redis, address);
    connected = true;
    redis.on('ready', () => hooks.onReturn?.());
    return redis;
  } catch (cause) {
    redis.disconnect();
    if (cause instanceof PlatformError) throw cause;
    throw refusal(address, firstError ?? (cause as Error), cause as Error);
  }
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
