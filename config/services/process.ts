/** Is this pid still the process we mean? A pid is reused, so it counts only together with an argument it was given. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** True while `pid` runs with exactly `argument` on its command line. A zombie has none, so it is not running. */
export function isRunning(pid: number, argument: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives and belongs to someone else; its command line decides.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  try {
    if (process.platform === 'linux')
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(argument);
    return execFileSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).includes(argument);
  } catch {
    return false;
  }
}

/** Ends a process that has lost its owner: SIGTERM, after 5 s SIGKILL. True when it is gone. */
export async function stopLeftover(pid: number, argument: string): Promise<boolean> {
  for (const [signal, patience] of [
    ['SIGTERM', 5_000],
    ['SIGKILL', 2_000],
  ] as const) {
    if (!isRunning(pid, argument)) return true;
    try {
      process.kill(pid, signal);
    } catch {
      // It ended by itself, or is not ours: the loop below tells which.
    }
    const end = performance.now() + patience;
    while (isRunning(pid, argument) && performance.now() < end) await delay(10);
  }
  return !isRunning(pid, argument);
}
