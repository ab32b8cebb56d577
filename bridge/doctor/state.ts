/** The state folder: can it be used, how much is in it, who holds it. Makes nothing. */
import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Services } from '../../config/services/open.ts';
import type { Settings } from '../../config/settings.ts';
import { fail, type Finding, ok, plural, warn } from './finding.ts';

const MEGABYTE = 1024 * 1024;
/** Below this much space a journal that grows may fill the disk within a day. */
const LOW_SPACE_MB = 512;

export async function examineState({ stateDir }: Settings): Promise<Finding[]> {
  const exists = existsSync(stateDir);
  let nearest = stateDir;
  while (!existsSync(nearest) && dirname(nearest) !== nearest) nearest = dirname(nearest);
  try {
    accessSync(nearest, constants.R_OK | constants.W_OK | constants.X_OK);
    if (!(await lstat(nearest)).isDirectory() && !exists) throw new Error('a file is in the way');
  } catch (error) {
    const remedy = 'make it writable, or name another folder with --state-dir';
    return [fail('state', `${nearest} cannot be used: ${(error as Error).message}`, remedy)];
  }
  const { bavail, bsize } = statfsSync(nearest);
  const free = Math.floor((bavail * bsize) / MEGABYTE);
  const size = exists ? `${Math.ceil((await sizeOf(stateDir)) / MEGABYTE)} MB` : 'not made yet';
  const text = `${stateDir} is writable: ${size}, ${free} MB free`;
  return [free < LOW_SPACE_MB ? warn('state', text, 'make room: a full disk stops every run') : ok('state', text)];
}

/** Bytes of all files below; what disappears meanwhile does not count. */
async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const sizes = entries.map(async (entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sizeOf(path);
    return entry.isFile() ? (await lstat(path).catch(() => ({ size: 0 }))).size : 0;
  });
  return (await Promise.all(sizes)).reduce((total, size) => total + size, 0);
}

/** `started`: the doctor itself started them. */
export function examineHolders({ durability }: Settings, services: Services | null, started: boolean): Finding[] {
  const keeper = services?.keeper;
  if (!keeper) return [ok('state', 'nobody holds the embedded servers')];
  const others = keeper.holders.filter((pid) => pid !== process.pid);
  const who = started ? 'started by this command' : `held by ${plural(others.length, 'process', 'processes')}`;
  const pids = others.length === 0 ? '' : ` ${others.join(', ')}`;
  const text = `embedded servers ${who}${pids}, kept by process ${keeper.pid} since ${keeper.since}`;
  const held = ok('state', text);
  if (keeper.durability === durability) return [held, ok('state', `they run with durability ${durability}, as set`)];
  const differs = `they run with durability ${keeper.durability}, and the settings ask for ${durability}: commands are refused`;
  return [held, fail('state', differs, `set durability: ${keeper.durability}, or end the processes that hold them`)];
}
