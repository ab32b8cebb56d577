/**
 * A NATS and a Redis of this run alone, on loopback, that can be killed and started again on the same ports and data.
 * They end with this process, however it ends.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { findServers, type Host } from '../../config/services/binaries.ts';
import type { Program } from '../../config/services/protocol.ts';
import { type Server, startServer } from '../../config/services/server.ts';

const READY_MS = 30_000;

export interface Restartable {
  readonly url: string;
  /** Kills it (SIGKILL) or has it end by itself, leaves it down for a while, and resolves when it listens again. */
  restart(how: 'kill' | 'stop', downMs: number): Promise<void>;
  stop(): Promise<void>;
}

export async function startChaosServers(dir: string, host: Host): Promise<{ nats: Restartable; redis: Restartable }> {
  const programs = await findServers({ nats: true, redis: true }, host, (line) => console.error(line));
  if (!programs.nats || !programs.redis) throw new Error('the servers were not found');
  const [natsPort, redisPort] = [await freePort(), await freePort()];
  const natsConfig = {
    host: '127.0.0.1',
    port: natsPort,
    server_name: 'chaos',
    jetstream: { store_dir: folder(dir, 'nats'), sync_interval: 'always' },
  };
  const redisConfig = [
    'bind 127.0.0.1',
    `port ${redisPort}`,
    `dir ${JSON.stringify(folder(dir, 'redis'))}`,
    'appendonly yes',
    'appendfsync everysec',
    'save ""',
    'set-proc-title no',
  ];
  const nats = await restartable(dir, 'nats-server', programs.nats, natsPort, 'nats', JSON.stringify(natsConfig));
  const redis = await restartable(dir, 'redis-server', programs.redis, redisPort, 'redis', redisConfig.join('\n'));
  return { nats, redis };
}

async function restartable(
  dir: string,
  name: string,
  program: Program,
  port: number,
  scheme: string,
  text: string,
): Promise<Restartable> {
  const config = join(dir, `${name}.conf`);
  writeFileSync(config, `${text}\n`);
  let server: Server = startServer(name, dir, program, config);
  await listens(port, server);
  return {
    url: `${scheme}://127.0.0.1:${port}`,
    restart: async (how, downMs) => {
      if (how === 'kill') {
        process.kill(Number(readFileSync(join(dir, `${name}.pid`), 'utf8')), 'SIGKILL');
        await server.ended;
      } else await server.stop();
      await pause(downMs);
      server = startServer(name, dir, program, config);
      await listens(port, server);
    },
    stop: () => server.stop(),
  };
}

async function listens(port: number, server: Server): Promise<void> {
  for (const deadline = performance.now() + READY_MS; ; await pause(20)) {
    if (await connects(port)) return;
    if (performance.now() > deadline) throw new Error(`${server.name} does not listen:\n${server.log()}`);
  }
}

function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

function folder(dir: string, name: string): string {
  const path = join(dir, name);
  mkdirSync(path, { recursive: true });
  return path;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
