/** Which versions of the servers are new enough, and how a program tells its own. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Program } from './protocol.ts';

export type ServerName = 'nats-server' | 'redis-server';

/**
 * The oldest version of each that we can use. NATS: cron lines as schedules (2.12 takes `@at` only), and per-message TTLs;
 * Redis: vector sets. What is documented and asked for elsewhere is read from here, or compared with it by a test.
 */
export const NEEDED: Readonly<Record<ServerName, readonly [major: number, minor: number]>> = {
  'nats-server': [2, 14],
  'redis-server': [8, 0],
};

export function neededText(name: ServerName): string {
  return `${name} ${NEEDED[name].join('.')} or newer`;
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
