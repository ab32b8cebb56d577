/**
 * The platform as one process uses it: servers, connections, packs, and what actors need. Made once by a command.
 *
 * Owns everything it opens; `close` releases it in reverse order and may be called more than once.
 */
import { randomUUID } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { Runtime } from '../../actors/runtime.ts';
import { namedData } from '../../config/data-setting.ts';
import { PlatformError } from '../../config/errors.ts';
import type { Settings } from '../../config/settings.ts';
import { farText, ServerClock } from '../../runtime/bus/clock.ts';
import { orUnavailable, patiently } from '../../runtime/bus/patience.ts';
import { Publisher } from '../../runtime/bus/publish.ts';
import { Catalog } from '../../runtime/definitions/catalog.ts';
import { loadPacks } from '../../runtime/definitions/load.ts';
import type { LoadedPack } from '../../runtime/definitions/resolved.ts';
import { Mailer } from '../../runtime/mail/mail.ts';
import { connectRedis } from '../../runtime/memory/connect.ts';
import { LongTermMemory } from '../../runtime/memory/long-term.ts';
import { Threads } from '../../runtime/memory/thread.ts';
import { Clockwork } from '../../runtime/schedules/clockwork.ts';
import { Sources } from '../../runtime/tools/sources.ts';
import { Topics } from '../../runtime/topics/topics.ts';
import { checkNamedPacks, checkOneMeaning } from './data-packs.ts';
import { logWaits } from './log-waits.ts';
import { modelFrom, modelOfOthers } from './model.ts';
import { openRecords, type Records, type RecordsHooks } from './records.ts';
import { warnSeldom } from './warn-seldom.ts';

export interface Platform extends Records {
  readonly redis: Redis;
  readonly clock: ServerClock;
  readonly runtime: Runtime;
}

export interface PlatformHooks extends RecordsHooks {
  /** It serves requests for every pack, so each must have data of its own. */
  readonly serves?: boolean;
  /** Milliseconds since 1970 as this machine has them; for tests. */
  ownClock?(): number;
}

/** Opens servers and packs. Throws a coded error with nothing left running. */
export async function openPlatform(settings: Settings, log: Logger, hooks: PlatformHooks = {}): Promise<Platform> {
  // Packs are read first: a wrong file costs no server start.
  const packs = await loadPacks(settings.packs, { log });
  checkNamedPacks(settings, packs);
  if (hooks.serves) checkOneMeaning(settings, packs);
  const closing: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const release of closing.splice(0).reverse()) await release();
  };
  try {
    const topics = packs.flatMap((pack) => Object.keys(pack.manifest.topics));
    const records = await openRecords(settings, log, { ...hooks, topics });
    closing.push(() => records.close());
    const { services, nc, jsm, runtime: recorded } = records;
    const { worker, journal, replicas } = recorded;
    journal.observe(logWaits(log));
    let returned = (): void => {};
    const redis = await connectRedis(services.redis, {
      onError: (err) => log.warn({ err }, 'redis'),
      onReturn: () => {
        log.info('redis answers again');
        returned();
      },
    });
    closing.push(async () => redis.disconnect());
    const clock = await ServerClock.open(nc, {
      ...(hooks.ownClock && { own: hooks.ownClock }),
      onFar: (aheadMs) => log.warn({ ahead_ms: aheadMs }, farText(aheadMs)),
    });
    closing.push(async () => clock.stop());
    const catalog = await patiently(nc, () => Catalog.open(nc, packs, replicas));
    const onUnindexed = (err: unknown): void =>
      warnSeldom(log, { err }, 'a memory was recorded and not indexed; the next recall adds it');
    const memory = new LongTermMemory({ nats: nc, jsm, redis, onUnindexed });
    returned = () => memory.redisReturned();
    const publisher = new Publisher(nc);
    const sources = new Sources();
    closing.push(() => sources.close());
    const now = () => clock.now();
    const runtime: Runtime = {
      worker,
      journal,
      mailer: new Mailer(publisher, journal.objects),
      memory,
      threads: new Threads(redis, { ttlDays: settings.threadTtlDays }),
      topics: new Topics(publisher, catalog, now),
      clockwork: await patiently(nc, () => Clockwork.open(nc, jsm, publisher, now, replicas)),
      catalog,
      sources,
      model: await modelFrom(settings, catalog),
      otherModel: (name) => modelOfOthers(name, catalog),
      log,
      replicas,
      toolTimeoutMs: settings.toolTimeoutMs,
      maxResultChars: settings.maxResultChars,
      batchWindow: settings.batchWindow,
      now,
      whoseTime: () => clock.whose,
      id: randomUUID,
    };
    return { settings, services, nc, jsm, redis, clock, runtime, close };
  } catch (error) {
    await close();
    throw orUnavailable(error);
  }
}

/** The data folder and tenant of a command: the user's folder, or the pack's own, whose runs are kept apart. */
export function dataOf(settings: Settings, pack: LoadedPack): { folder: string | null; tenant: string } {
  const own = pack.manifest.data;
  const ownFolder = own ? realFolder(resolve(pack.folder, own.folder)) : null;
  const named = namedData(settings.data, pack.manifest.metadata.name);
  const folder = named === undefined ? ownFolder : realFolder(named);
  const tenant = settings.tenant ?? (own && folder === ownFolder ? own.tenant : 'default');
  return { folder, tenant };
}

function realFolder(folder: string): string {
  try {
    return realpathSync(folder);
  } catch (cause) {
    throw new PlatformError('data.missing', `the data folder ${folder} does not exist; name one with --data DIR`, {
      cause,
    });
  }
}
