/** Finds the server programs: on PATH when new enough, else from Debian's archive, else says what to install. */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { PlatformError } from '../errors.ts';
import { cachedServer, fetchFromDebian, whyNotFetched } from './debian.ts';
import type { Program } from './protocol.ts';
import { isNewEnough, NEEDED, neededText, type ServerName, versionOf } from './version.ts';

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
  const missing = `${neededText(name)} is needed, ${found}`;
  try {
    return await fetchFromDebian(name, host.cacheDir, onProgress);
  } catch (cause) {
    throw new Error(`${missing}; ${(cause as Error).message}`, { cause });
  }
}

/** Where a server would come from, found without fetching anything. */
export type Located =
  | { readonly kind: 'path'; readonly program: Program }
  | { readonly kind: 'cache'; readonly program: Program }
  | { readonly kind: 'fetch'; readonly tooOld: Program | null }
  | { readonly kind: 'missing'; readonly tooOld: Program | null; readonly remedy: string };

export async function locateServer(name: ServerName, host: Host): Promise<Located> {
  const onPath = await findOnPath(name, host.path);
  if (onPath !== undefined && isNewEnough(name, onPath.version)) return { kind: 'path', program: onPath };
  const cached = cachedServer(name, host.cacheDir);
  if (cached !== undefined) return { kind: 'cache', program: cached };
  const tooOld = onPath ?? null;
  if (whyNotFetched() === null) return { kind: 'fetch', tooOld };
  return { kind: 'missing', tooOld, remedy: remedy(process.platform).join('\n') };
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

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

function remedy(platform: NodeJS.Platform): string[] {
  const nats = NEEDED['nats-server'].join('.');
  const [redis] = NEEDED['redis-server'];
  return [
    platform === 'darwin'
      ? 'Install both: brew install nats-server redis'
      : `Install nats-server ${nats} and redis-server ${redis} or newer, so that both are on PATH`,
    'Or run them with docker, and say where they are:',
    `  docker run -d -p 127.0.0.1:4222:4222 nats:${nats} -js`,
    `  docker run -d -p 127.0.0.1:6379:6379 redis:${redis}`,
    '  export NATS_URL=nats://127.0.0.1:4222 REDIS_URL=redis://127.0.0.1:6379',
  ];
}
