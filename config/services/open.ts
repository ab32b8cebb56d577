/**
 * Opens the servers that a command needs: those named in the settings are taken as they are, the others are embedded
 * and live as long as someone holds them. Commands on one state folder share its servers.
 */
import { realpathSync, rmdirSync } from 'node:fs';
import { join as joinPath } from 'node:path';
import { PlatformError } from '../errors.ts';
import type { Settings } from '../settings.ts';
import { type NatsAddress, parseNatsUrl, parseRedisUrl, type RedisAddress } from './address.ts';
import { findServers } from './binaries.ts';
import { prepareFolder } from './folder.ts';
import { acquire, type Lease, join, type Programs } from './lease.ts';
import type { Keeping } from './protocol.ts';

export interface Services {
  readonly nats: NatsAddress;
  readonly redis: RedisAddress;
  /** True when at least one server is ours. */
  readonly embedded: boolean;
  /** Versions of the embedded servers; null for one from the settings, whose version is known once connected. */
  readonly versions: { readonly nats: string | null; readonly redis: string | null };
  /** Who keeps the embedded servers, since when, and for whom; null without any. */
  readonly keeper: Keeping | null;
  /** Idempotent; resolves when the embedded servers have ended, or at once when others still use them. */
  close(): Promise<void>;
}

export interface ServiceHooks {
  /** One line for people, at most a few per start; none when nothing takes long. */
  onProgress?(line: string): void;
  /**
   * The keeper of the embedded servers ended while in use, or one of them again and again (`services.lost`). What is
   * connected to it won't come back. A server that ends once is started again at its address, and clients reconnect.
   */
  onLost?(error: PlatformError): void;
}

/**
 * Joins the embedded servers of the state folder when they run, else starts them.
 * @throws PlatformError `services.unavailable`, `services.start_failed`, `state.denied`, or `state.in_use` when the
 * servers run otherwise than the settings ask. Nothing that this call started is left running then.
 */
export async function openServices(settings: Settings, hooks: ServiceHooks = {}): Promise<Services> {
  const named = namedServers(settings);
  if (named.nats !== null && named.redis !== null) return servicesOf(named, null);
  const folder = prepareFolder(settings.stateDir);
  const needs = { nats: named.nats === null, redis: named.redis === null };
  let programs: Promise<Programs> | undefined;
  try {
    const lease = await acquire({
      ...leaseRequest(settings, folder.services, hooks),
      durability: settings.durability,
      findPrograms: () => (programs ??= findServers(needs, settings.host, hooks.onProgress)),
    });
    return servicesOf(named, lease);
  } catch (error) {
    for (const path of folder.created) removeEmpty(path);
    throw error;
  }
}

/**
 * Joins the embedded servers that run, with whatever durability; null when none run. Starts, makes and changes nothing.
 * @throws PlatformError `state.in_use` when they cannot be joined, `state.denied` when the folder cannot be read.
 */
export async function joinServices(settings: Settings, hooks: ServiceHooks = {}): Promise<Services | null> {
  const named = namedServers(settings);
  if (named.nats !== null && named.redis !== null) return servicesOf(named, null);
  const folder = existingFolder(settings.stateDir);
  const lease = folder === null ? null : await join({ ...leaseRequest(settings, folder, hooks), durability: null });
  return lease && servicesOf(named, lease);
}

interface Named {
  readonly nats: NatsAddress | null;
  readonly redis: RedisAddress | null;
}

function namedServers({ natsUrl, redisUrl }: Settings): Named {
  return {
    nats: natsUrl === undefined ? null : parseNatsUrl(natsUrl),
    redis: redisUrl === undefined ? null : parseRedisUrl(redisUrl),
  };
}

function leaseRequest(settings: Settings, dir: string, hooks: ServiceHooks) {
  const { nats, redis } = namedServers(settings);
  return {
    dir,
    stateDir: settings.stateDir,
    needs: { nats: nats === null, redis: redis === null },
    path: settings.host.path,
    onLost: (error: PlatformError) => hooks.onLost?.(error),
  };
}

function servicesOf(named: Named, lease: Lease | null): Services {
  const nats = named.nats ?? lease?.nats ?? null;
  const redis = named.redis ?? lease?.redis ?? null;
  // A keeper lets nobody in whom it cannot give what is needed.
  if (nats === null || redis === null) throw new Error('the keeper gave fewer servers than were asked for');
  const version = (name: 'nats' | 'redis') => (named[name] === null ? (lease?.keeping.versions[name] ?? null) : null);
  return {
    nats,
    redis,
    embedded: lease !== null,
    versions: { nats: version('nats'), redis: version('redis') },
    keeper: lease?.keeping ?? null,
    close: async () => lease?.close(),
  };
}

function existingFolder(stateDir: string): string | null {
  try {
    return realpathSync(joinPath(stateDir, 'services'));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new PlatformError('state.denied', `${stateDir} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

function removeEmpty(path: string): void {
  try {
    rmdirSync(path);
  } catch {
    // Not empty: it holds a log that explains the failure.
  }
}
