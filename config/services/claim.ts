/**
 * Who owns a folder of embedded services. A claim is the file `keeper.<n>.json`; the highest n counts.
 *
 * Invariants:
 * 1. A claim appears complete and exclusively: it is written aside and linked into place, and link fails if n is taken.
 * 2. The owner is the process of the highest n while it runs. Nobody releases: a claim ends with its process.
 * 3. The highest claim is never removed, so n only grows; a lower one is removed by the owner above it.
 * 4. Having linked n, a claimant looks again: a higher one means that its look was stale, and it lost.
 */
import { linkSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { exists, isRunning } from './process.ts';

export interface Claim {
  readonly pid: number;
  /** ISO instant. */
  readonly since: string;
  /** Path of the Unix socket on which the keeper answers; its folder is the keeper's own. */
  readonly socket: string;
  /** What the keeper speaks; absent in the claims of version 1. */
  readonly protocol?: number;
}

/** The argument that tells the keeper of this folder from every other process. */
export function keeperArgument(dir: string): string {
  return `--keeper-of=${dir}`;
}

/** The name of the folder under the temporary folder that holds a keeper's sockets. */
export const RUNTIME_PREFIX = 'agent-platform-';

/** The claim of a keeper that runs, or undefined when nobody owns the folder. */
export function currentClaim(dir: string): Claim | undefined {
  const highest = numbers(dir).at(-1);
  const claim = highest === undefined ? undefined : read(dir, highest);
  return claim !== undefined && isRunning(claim.pid, keeperArgument(dir)) ? claim : undefined;
}

/** Claims the folder for this process; false when another keeper owns it. */
export function claim(dir: string, mine: Claim): boolean {
  const aside = join(dir, `claim.${process.pid}.tmp`);
  writeFileSync(aside, JSON.stringify(mine), { mode: 0o600 });
  try {
    for (;;) {
      const n = (numbers(dir).at(-1) ?? 0) + 1;
      if (currentClaim(dir) !== undefined) return false; // (2)
      try {
        linkSync(aside, path(dir, n)); // (1)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue;
        throw error;
      }
      const all = numbers(dir);
      if (all.at(-1) !== n) {
        rmSync(path(dir, n), { force: true }); // (4)
        continue;
      }
      for (const lower of all.slice(0, -1)) removeEnded(dir, lower); // (3)
      return true;
    }
  } finally {
    rmSync(aside, { force: true });
  }
}

/**
 * Removes an ended keeper's claim and, when it was killed, the sockets it left behind. A claim that came with a copy of
 * another folder may name a keeper that runs, for that one: its sockets are not ours.
 */
function removeEnded(dir: string, n: number): void {
  const ended = read(dir, n);
  if (ended !== undefined && !exists(ended.pid) && basename(dirname(ended.socket)).startsWith(RUNTIME_PREFIX)) {
    rmSync(dirname(ended.socket), { recursive: true, force: true });
  }
  rmSync(path(dir, n), { force: true });
}

function numbers(dir: string): number[] {
  return readdirSync(dir)
    .flatMap((name) => /^keeper\.(\d+)\.json$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

function read(dir: string, n: number): Claim | undefined {
  try {
    return JSON.parse(readFileSync(path(dir, n), 'utf8')) as Claim;
  } catch {
    // Removed since it was listed, or spoilt by a full disk: then its process cannot be named, and it counts as ended.
    return undefined;
  }
}

function path(dir: string, n: number): string {
  return join(dir, `keeper.${n}.json`);
}
