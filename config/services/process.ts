/** Is this pid still the process we mean? A pid is reused, so it counts only together with an argument it was given. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** True while `pid` runs; a zombie, and a process whose end has begun, do not. */
export function exists(pid: number): boolean {
  return commandLine(pid) !== '';
}

/** True while `pid` runs with exactly `argument` on its command line. */
export function isRunning(pid: number, argument: string): boolean {
  const line = commandLine(pid);
  return process.platform === 'linux' ? line.split('\0').includes(argument) : line.includes(argument);
}

/** Empty when there is no such process, or it has ended and waits for its parent to notice. */
function commandLine(pid: number): string {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    const args = ['-ww', '-o', 'stat=,command=', '-p', String(pid)];
    const line = execFileSync('ps', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    return line.startsWith('Z') ? '' : line;
  } catch {
    return '';
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
