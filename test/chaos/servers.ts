/**
 * A NATS, of one server or of three, and a Redis of this run alone, on loopback, that can be killed, frozen and started
 * again on the same ports and data. They end with this process, however it ends.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { findServers, type Host } from '../../config/services/binaries.ts';
import type { Program } from '../../config/services/protocol.ts';
import { type Server, startServer } from '../../config/services/server.ts';
import type { Chance } from './random.ts';

const READY_MS = 30_000;

export interface Restartable {
  readonly url: string;
  /** Kills it (SIGKILL) or has it end by itself, leaves it down for a while, and resolves when it listens again. */
  restart(how: 'kill' | 'stop', downMs: number): Promise<void>;
  /** Stops the process (SIGSTOP) for a while: its connections stay, and nothing is answered. */
  freeze(ms: number): Promise<void>;
  stop(): Promise<void>;
}

/** `nodes`: of how many servers NATS is a cluster. */
export async function startChaosServers(
  dir: string,
  host: Host,
  nodes: 1 | 3,
  chance: Chance,
): Promise<{ nats: Restartable; redis: Restartable }> {
  const programs = await findServers({ nats: true, redis: true }, host, (line) => console.error(line));
  if (!programs.nats || !programs.redis) throw new Error('the servers were not found');
  const redisPort = await freePort();
  const redisConfig = [
    'bind 127.0.0.1',
    `port ${redisPort}`,
    `dir ${JSON.stringify(folder(dir, 'redis'))}`,
    'appendonly yes',
    'appendfsync everysec',
    'save ""',
    'set-proc-title no',
  ];
  const nats = await natsServers(dir, programs.nats, nodes);
  const redis = await restartable(dir, 'redis-server', programs.redis, redisPort, 'redis', redisConfig.join('\n'));
  return { nats: nodes === 1 ? (nats[0] as Restartable) : together(nats, chance), redis };
}

async function natsServers(dir: string, program: Program, count: number): Promise<Restartable[]> {
  const names = Array.from({ length: count }, (_, i) => `n${i + 1}`);
  const ports: number[] = [];
  const routes: number[] = [];
  for (const _ of names) {
    ports.push(await freePort());
    routes.push(await freePort());
  }
  const starting = names.map((server_name, i) => {
    const config = {
      host: '127.0.0.1',
      port: ports[i],
      server_name,
      jetstream: { store_dir: folder(dir, server_name), sync_interval: 'always' },
      ...(count > 1 && {
        cluster: {
          name: 'chaos',
          host: '127.0.0.1',
          port: routes[i],
          routes: routes.map((port) => `nats://127.0.0.1:${port}`),
        },
      }),
    };
    // The program's name says how it is configured; each has a folder of its own.
    const own = folder(dir, `${server_name}-process`);
    return restartable(own, 'nats-server', program, ports[i] as number, 'nats', JSON.stringify(config));
  });
  return Promise.all(starting);
}

/** Several servers as one address; what strikes strikes one of them. */
function together(nodes: readonly Restartable[], chance: Chance): Restartable {
  const one = (): Restartable => chance.pick(nodes) as Restartable;
  return {
    url: nodes.map(({ url }) => url).join(','),
    restart: (how, downMs) => one().restart(how, downMs),
    freeze: (ms) => one().freeze(ms),
    stop: async () => void (await Promise.all(nodes.map((node) => node.stop()))),
  };
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
        process.kill(pidOf(dir, name), 'SIGKILL');
        await server.ended;
      } else await server.stop();
      await pause(downMs);
      server = startServer(name, dir, program, config);
      await listens(port, server);
    },
    freeze: async (ms) => {
      const pid = pidOf(dir, name);
      process.kill(pid, 'SIGSTOP');
      await pause(ms);
      process.kill(pid, 'SIGCONT');
    },
    stop: () => server.stop(),
  };
}

function pidOf(dir: string, name: string): number {
  return Number(readFileSync(join(dir, `${name}.pid`), 'utf8'));
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
