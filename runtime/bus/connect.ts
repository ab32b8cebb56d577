/** Connects to NATS and makes sure that it can do what the platform needs of it. */
import { createConnection } from 'node:net';
import { connect, type ConnectionOptions, type NatsConnection, NatsError } from 'nats';
import { PlatformError } from '../../config/errors.ts';
import type { NatsAddress } from '../../config/services/address.ts';
import { isNewEnough, neededText } from '../../config/services/version.ts';

const FIRST_CONNECT_MS = 5_000;

/** The client's codes for a refused or expired login. */
const LOGIN_REFUSED = /AUTH|EXPIRED/;

/**
 * The first connect fails within 5 s; once connected, the client reconnects for ever.
 * `name` shows in the server's list of connections.
 * @throws PlatformError `nats.unreachable`, `nats.denied` or `nats.too_old`
 */
export async function connectNats(address: NatsAddress, options: { readonly name: string }): Promise<NatsConnection> {
  const servers = address.url.split(',');
  const connecting: ConnectionOptions = {
    servers: servers.map((server) => server.replace(/^[a-z]+:\/\//, '')),
    name: options.name,
    timeout: FIRST_CONNECT_MS,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    // A server that is frozen keeps its connections: who hears nothing of it leaves it for another one.
    pingInterval: 2_000,
    maxPingOut: 3,
    ...(servers.some((server) => server.startsWith('tls:')) ? { tls: {} } : {}),
    ...(address.token === undefined ? {} : { token: address.token }),
    ...(address.user === undefined ? {} : { user: address.user, pass: address.pass ?? '' }),
  };
  let connection: NatsConnection;
  try {
    await greeting(servers);
    connection = await connect(connecting);
  } catch (cause) {
    throw refusal(address, cause);
  }
  const { version, jetstream } = connection.info ?? {};
  const wrong = !isNewEnough('nats-server', version ?? '0')
    ? `runs version ${version}`
    : jetstream === true
      ? null
      : 'has JetStream disabled';
  if (wrong === null) return connection;
  await connection.close();
  throw new PlatformError(
    'nats.too_old',
    `the NATS server at ${address.url} ${wrong}; ${neededText('nats-server')} with JetStream (-js) is needed`,
    { details: { url: address.url, version } },
  );
}

function refusal(address: NatsAddress, cause: unknown): PlatformError {
  const details = { url: address.url };
  if (cause instanceof NatsError && LOGIN_REFUSED.test(cause.code)) {
    const login = address.user ?? (address.token === undefined ? undefined : 'a token');
    const who = login === undefined ? 'a connection without a login' : `the login of ${login}`;
    const remedy = 'put the right one into NATS_URL, as nats://user:password@host:port';
    return new PlatformError('nats.denied', `the NATS server at ${address.url} refused ${who}; ${remedy}`, {
      cause,
      details,
    });
  }
  const why = (cause as Error).message || String(cause);
  return new PlatformError(
    'nats.unreachable',
    `no NATS server answers at ${address.url} (${why}); start ${neededText('nats-server')} there, correct ` +
      'NATS_URL, or unset it to use an embedded server',
    { cause, details },
  );
}

/**
 * Waits for the first words of one of the servers. The client would try a peer that accepts and never speaks NATS again
 * and again, and keep its sockets open.
 */
async function greeting(addresses: readonly string[]): Promise<void> {
  const failures: unknown[] = [];
  for (const address of addresses) {
    try {
      return await greets(new URL(address));
    } catch (error) {
      failures.push(error);
    }
  }
  throw failures[0];
}

function greets({ hostname, port }: URL): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port || 4222) });
    const end = (settle: () => void): void => {
      socket.destroy();
      settle();
    };
    socket.setTimeout(FIRST_CONNECT_MS, () => end(() => reject(new Error('it accepts, but does not speak NATS'))));
    socket.once('error', (error) => end(() => reject(error)));
    socket.once('close', () => reject(new Error('it closed the connection')));
    socket.once('data', (data) => {
      const speaks = data.toString('latin1').startsWith('INFO ');
      end(() => (speaks ? resolve() : reject(new Error('what answers there does not speak NATS'))));
    });
    // A server speaks first; whatever waits for words of ours is told to say something.
    setTimeout(() => socket.writable && socket.write('PING\r\n'), 1_000).unref();
  });
}
