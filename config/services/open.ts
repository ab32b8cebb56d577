/**
 * Opens the servers that a command needs: those named in the settings are taken as they are, the others are embedded
 * and live as long as someone holds them.
 */
import { rmdirSync } from 'node:fs';
import { PlatformError } from '../errors.ts';
import type { Settings } from '../settings.ts';
import { type NatsAddress, parseNatsUrl, parseRedisUrl, type RedisAddress } from './address.ts';
import { findServers } from './binaries.ts';
import { acquire, type Hold } from './hold.ts';
import { prepareFolder } from './folder.ts';

export interface Services {
  readonly nats: NatsAddress;
  readonly redis: RedisAddress;
  /** True when at least one server is ours. */
  readonly embedded: boolean;
  /** Versions of the embedded servers; null for one from the settings, whose version is known once connected. */
  readonly versions: { readonly nats: string | null; readonly redis: string | null };
  /** Idempotent; resolves when the embedded servers have ended, or at once when others still use them. */
  close(): Promise<void>;
}

export interface ServiceHooks {
  /** One line for people, at most a few per start; none when nothing takes long. */
  onProgress?(line: string): void;
  /** An embedded server or its keeper ended while in use (`services.lost`). What is connected to it won't come back. */
  onLost?(error: PlatformError): void;
}

/**
 * @throws PlatformError `services.unavailable`, `services.start_failed`, `state.denied` or `state.in_use`. Nothing is
 * left running then.
 */
export async function openServices(settings: Settings, hooks: ServiceHooks = {}): Promise<Services> {
  const nats = settings.natsUrl === undefined ? null : parseNatsUrl(settings.natsUrl);
  const redis = settings.redisUrl === undefined ? null : parseRedisUrl(settings.redisUrl);
  if (nats !== null && redis !== null) {
    return { nats, redis, embedded: false, versions: { nats: null, redis: null }, close: async () => {} };
  }
  const folder = prepareFolder(settings.stateDir);
  let hold: Hold;
  let programs: Awaited<ReturnType<typeof findServers>>;
  try {
    programs = await findServers({ nats: nats === null, redis: redis === null }, settings.host, hooks.onProgress);
    hold = await acquire({
      dir: folder.services,
      stateDir: settings.stateDir,
      durability: settings.durability,
      programs,
      path: settings.host.path,
      share: false,
      onLost: (error) => hooks.onLost?.(error),
    });
  } catch (error) {
    for (const path of folder.created) removeEmpty(path);
    throw error;
  }
  const addresses = { nats: nats ?? hold.nats, redis: redis ?? hold.redis };
  if (addresses.nats === null || addresses.redis === null) {
    await hold.close();
    throw new PlatformError('services.start_failed', 'the keeper of this state folder does not run all servers needed');
  }
  return {
    nats: addresses.nats,
    redis: addresses.redis,
    embedded: true,
    versions: { nats: programs.nats?.version ?? null, redis: programs.redis?.version ?? null },
    close: hold.close,
  };
}

function removeEmpty(path: string): void {
  try {
    rmdirSync(path);
  } catch {
    // Not empty: it holds a log that explains the failure.
  }
}
