/**
 * How the embedded servers are configured, and when they are up. Both listen on loopback only, with random
 * credentials that stand in files of mode 0600 and never on a command line.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { storeLimit } from './disk.ts';
import type { NatsAddress, RedisAddress } from './address.ts';
import type { KeeperRequest, Program } from './protocol.ts';
import { type Server, startServer, stopNamed } from './server.ts';

/** A server that reads back a large store takes its time; one that failed has ended long before. */
const START_PATIENCE_MS = 120_000;
const POLL_MS = 5;

export interface Started<Address> {
  readonly server: Server;
  /** Settles when the server answers. @throws Error with what it said last, when it ended instead. */
  readonly ready: Promise<Address>;
}

/** Picks its own port, unless it had one, and tells it in a file under `runtimeDir`. */
export async function startNats(
  request: KeeperRequest,
  runtimeDir: string,
  program: Program,
  known: NatsAddress | null,
): Promise<Started<NatsAddress>> {
  const { dir, durability } = request;
  const config = join(dir, 'nats-server.conf');
  await withoutLeftover(dir, 'nats-server', config);
  const user = 'agent-platform';
  const pass = known?.pass ?? randomBytes(24).toString('hex');
  for (const file of readdirSync(runtimeDir)) if (isPorts(file)) rmSync(join(runtimeDir, file));
  const store = dataDir(dir, 'nats');
  const text = {
    host: '127.0.0.1',
    port: known === null ? -1 : Number(new URL(known.url).port),
    ports_file_dir: runtimeDir,
    server_name: 'agent-platform',
    authorization: { user, password: pass },
    jetstream: {
      store_dir: store,
      // Its own default is three quarters of what is free when it starts, whatever it holds already.
      max_file_store: storeLimit(store),
      // The server's own default writes to disk every two minutes: loss of power would lose that much.
      ...(durability === 'power' ? { sync_interval: 'always' } : {}),
    },
  };
  writeFileSync(config, JSON.stringify(text, null, 2), { mode: 0o600 });
  const server = startServer('nats-server', dir, program, config);
  const ready = answered(server, () => natsPort(runtimeDir)).then((port) => ({
    url: `nats://127.0.0.1:${port}`,
    user,
    pass,
  }));
  return { server, ready };
}

/** Listens on a Unix socket under `runtimeDir` for our clients, and on a loopback port for people's tools. */
export async function startRedis(
  request: KeeperRequest,
  runtimeDir: string,
  program: Program,
  known: RedisAddress | null,
): Promise<Started<RedisAddress>> {
  const { dir } = request;
  const config = join(dir, 'redis-server.conf');
  await withoutLeftover(dir, 'redis-server', config);
  const port = known?.port ?? (await freePort());
  const path = join(runtimeDir, 'redis.sock');
  const password = known?.password ?? randomBytes(24).toString('hex');
  const lines = [
    'bind 127.0.0.1',
    `port ${port}`,
    `unixsocket ${JSON.stringify(path)}`,
    'unixsocketperm 700',
    `requirepass ${password}`,
    `dir ${JSON.stringify(dataDir(dir, 'redis'))}`,
    'appendonly yes',
    'appendfsync everysec',
    'save ""',
    'maxmemory-policy noeviction',
    // Its command line must stay as it was started: a later keeper knows a leftover by it.
    'set-proc-title no',
  ];
  writeFileSync(config, `${lines.join('\n')}\n`, { mode: 0o600 });
  const server = startServer('redis-server', dir, program, config);
  const ready = answered(server, () => redisAnswers(path, password)).then(() => ({
    url: `redis://127.0.0.1:${port}`,
    host: '127.0.0.1',
    port,
    path,
    password,
  }));
  return { server, ready };
}

async function withoutLeftover(dir: string, name: string, config: string): Promise<void> {
  if (await stopNamed(dir, name, config)) return;
  throw new Error(`a ${name} of an earlier command still runs on ${dir} and does not end; stop it by hand`);
}

function dataDir(dir: string, name: string): string {
  const path = join(dir, name);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return path;
}

/** Asks until there is an answer or the server has ended. */
async function answered<T>(server: Server, ask: () => Promise<T | null> | T | null): Promise<T> {
  const deadline = performance.now() + START_PATIENCE_MS;
  const ended = server.ended.then((how) => ({ how }));
  for (;;) {
    const answer = await ask();
    if (answer !== null) return answer;
    const end = await Promise.race([ended, delay(POLL_MS)]);
    if (end !== undefined) throw new Error(`${end.how}; its last lines were:\n${server.log()}`);
    if (performance.now() > deadline) throw new Error(`${server.name} did not answer in ${START_PATIENCE_MS / 1000} s`);
  }
}

function isPorts(file: string): boolean {
  return file.endsWith('.ports');
}

function natsPort(runtimeDir: string): number | null {
  const file = readdirSync(runtimeDir).find(isPorts);
  if (file === undefined) return null;
  // Half written: /"nats":\s*\["nats:\/\/…:4222"/ does not match yet.
  const text = readFileSync(join(runtimeDir, file), 'utf8');
  const port = /"nats":\s*\[\s*"nats:\/\/127\.0\.0\.1:(\d+)"/.exec(text)?.[1];
  return port === undefined ? null : Number(port);
}

/** True once it answers a login and a PING (while it reads its data it answers LOADING); null until then. */
function redisAnswers(path: string, password: string): Promise<true | null> {
  return new Promise((resolve) => {
    let heard = '';
    const socket = connect(path, () => socket.write(`AUTH ${password}\r\nPING\r\n`));
    socket.setTimeout(1_000, () => socket.destroy());
    socket.on('error', () => resolve(null));
    socket.on('close', () => resolve(null));
    socket.on('data', (chunk) => {
      heard += chunk.toString();
      if (heard.includes('+PONG')) resolve(true);
      if (heard.split('\r\n').length > 2) socket.destroy();
    });
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
