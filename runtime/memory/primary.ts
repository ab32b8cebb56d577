/**
 * Finds the primary among the addresses of a Redis. A connection counts only when the server at its end says that it is the
 * primary, so after a promotion elsewhere the next try, or the one after it, reaches the new one.
 */
import { createConnection } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { AbstractConnector, type RedisOptions } from 'ioredis';
import type { RedisAddress, RedisServer } from '../../config/services/address.ts';

/** How long ioredis gives a socket to close by itself; its own default. */
const DISCONNECT_MS = 2_000;
const SENTINEL_PAUSE_MS = 1_000;

/** `onReplica` is told of each server that answered and is none. */
export function primaryOptions(address: RedisAddress, connected: () => boolean, onReplica: (at: string) => void) {
  const servers: readonly RedisServer[] = [address, ...(address.others ?? [])];
  const { sentinel } = address;
  if (sentinel !== undefined) {
    return {
      sentinels: servers.map(({ host, port }) => ({ host, port })),
      name: sentinel.name,
      role: 'master',
      sentinelRetryStrategy: () => (connected() ? SENTINEL_PAUSE_MS : null),
      ...(sentinel.password === undefined ? {} : { sentinelPassword: sentinel.password }),
    } satisfies RedisOptions;
  }
  return {
    Connector: connectorOf(address, servers, onReplica),
    // Says to ioredis which event is the connection.
    ...(address.tls === true ? { tls: {} } : {}),
  } satisfies RedisOptions;
}

function connectorOf(
  { path, tls }: RedisAddress,
  servers: readonly RedisServer[],
  onReplica: (at: string) => void,
): NonNullable<RedisOptions['Connector']> {
  /** One address after the other. */
  let tries = 0;
  return class extends AbstractConnector {
    private at = '';

    constructor() {
      super(DISCONNECT_MS);
    }

    async connect() {
      this.connecting = true;
      const { host, port } = servers[tries++ % servers.length] as RedisServer;
      this.at = path ?? `${host}:${port}`;
      const options = path === undefined ? { host, port } : { path };
      this.stream = tls === true ? connectTls(options) : createConnection(options);
      this.stream.once('error', (error: Error) => {
        this.firstError = error;
      });
      return this.stream;
    }

    override check({ role }: { role?: string }): boolean {
      const isPrimary = role === undefined || role === 'master';
      if (!isPrimary) onReplica(this.at);
      return isPrimary;
    }
  };
}
