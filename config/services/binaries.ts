/** Finds the server programs: on PATH when new enough, else from Debian's archive, else says what to install. */
import { execFile } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { PlatformError } from '../errors.ts';
import { fetchFromDebian } from './debian.ts';
import type { Program } from './protocol.ts';

export type ServerName = 'nats-server' | 'redis-server';

/** The oldest version of each that we can use: schedules in streams, and vector sets. */
export const NEEDED: Readonly<Record<ServerName, readonly [major: number, minor: number]>> = {
  'nats-server': [2, 12],
  'redis-server': [8, 0],
};

export interface Host {
  readonly path: string;
  readonly cacheDir: string;
}

/** @throws PlatformError `services.unavailable` that names what was found and what to install on this machine. */
export async function findServers(
  wanted: { readonly nats: boolean; readonly redis: boolean },
  host: Host,
  onProgress: (line: string) => void = () => {},
): Promise<{ readonly nats: Program | null; readonly redis: Program | null }> {
  const [nats, redis] = await Promise.allSettled([
    wanted.nats ? findServer('nats-server', host, onProgress) : null,
    wanted.redis ? findServer('redis-server', host, onProgress) : null,
  ]);
  const failures = [nats, redis].flatMap((result) => (result.status === 'rejected' ? [result.reason as Error] : []));
  if (nats.status === 'fulfilled' && redis.status === 'fulfilled') return { nats: nats.value, redis: redis.value };
  throw new PlatformError(
    'services.unavailable',
    [...failures.map((failure) => failure.message), ...remedy(process.platform)].join('\n'),
    { cause: failures[0] },
  );
}

async function findServer(name: ServerName, host: Host, onProgress: (line: string) => void): Promise<Program> {
  const onPath = await findOnPath(name, host.path);
  if (onPath !== undefined && isNewEnough(name, onPath.version)) return onPath;
  const found = onPath === undefined ? 'none on PATH' : `found ${onPath.version} at ${onPath.file}`;
  const missing = `${name} ${NEEDED[name].join('.')} or newer is needed, ${found}`;
  try {
    return await fetchFromDebian(name, host.cacheDir, onProgress);
  } catch (cause) {
    throw new Error(`${missing}; ${(cause as Error).message}`, { cause });
  }
}

async function findOnPath(name: ServerName, path: string): Promise<Program | undefined> {
  for (const folder of path.split(delimiter)) {
    const file = join(folder, name);
    // A relative entry of PATH means another folder in each process: a server is not started from there.
    if (!folder.startsWith('/') || !isExecutable(file)) continue;
    const version = await versionOf({ file, args: [] }).catch(() => 'a version that does not run');
    return { file, args: [], version };
  }
  return undefined;
}

/** What `--version` says: `nats-server: v2.15.1`, `Redis server v=8.0.2 sha=…`. */
export async function versionOf(program: Pick<Program, 'file' | 'args'>): Promise<string> {
  const { stdout } = await promisify(execFile)(program.file, [...program.args, '--version'], { timeout: 10_000 });
  const version = /v=?(\d+\.\d+\.\d+\S*)/.exec(stdout)?.[1];
  if (version === undefined) throw new Error(`${program.file} --version said ${JSON.stringify(stdout.slice(0, 80))}`);
  return version;
}

export function isNewEnough(name: ServerName, version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  const [neededMajor, neededMinor] = NEEDED[name];
  return major > neededMajor || (major === neededMajor && minor >= neededMinor);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

function remedy(platform: NodeJS.Platform): string[] {
  return [
    platform === 'darwin'
      ? 'Install both: brew install nats-server redis'
      : "Install nats-server 2.12 and redis-server 8 with the system's packages, so that both are on PATH",
    'Or run them with docker, and say where they are:',
    '  docker run -d -p 127.0.0.1:4222:4222 nats:2.12 -js',
    '  docker run -d -p 127.0.0.1:6379:6379 redis:8',
    '  export NATS_URL=nats://127.0.0.1:4222 REDIS_URL=redis://127.0.0.1:6379',
  ];
}
