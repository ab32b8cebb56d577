import { existsSync, readdirSync, readFileSync } from 'node:fs';

/**
 * Processes that still run and were started for this folder: it stands in the command line of every worker and server of
 * a chaos run. Empty where the system has no /proc.
 */
export function leftProcesses(folder: string): string[] {
  if (!existsSync('/proc/self/cmdline')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      const words = commandOf(pid);
      return words.some((word) => word.includes(folder)) ? [`the process ${pid} was left behind: ${words[0]}`] : [];
    });
}

/** Empty for one that has gone meanwhile, or is a zombie. */
function commandOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean);
  } catch {
    return [];
  }
}
