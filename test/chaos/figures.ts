/** How long takeovers took, in words. Pure. */
import type { Kill } from './crew.ts';
import type { JournalRecord } from './records.ts';

/**
 * Milliseconds from the kill of a worker to the first entry of whoever took an invocation over from it, ascending. What
 * was parked at that time needed no takeover.
 */
export function takeovers(journals: JournalRecord[], kills: Kill[]): number[] {
  const times = journals.flatMap(({ entries }) =>
    entries.flatMap((entry, i) => {
      const before = entries[i - 1];
      if (!before || entry.events[0]?.type !== 'resumed' || entry.writer === before.writer) return [];
      const kill = kills.find(({ worker }) => worker === before.writer);
      const took = Date.parse(entry.at) - (kill?.at ?? Number.POSITIVE_INFINITY);
      return took >= 0 ? [took] : [];
    }),
  );
  return times.sort((a, b) => a - b);
}

/** `ascending` in milliseconds. */
export function inFigures(ascending: number[]): string {
  const at = (share: number): string => {
    const value = ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * share))] ?? 0;
    return `${(value / 1000).toFixed(2)} s`;
  };
  if (ascending.length === 0) return 'no takeover';
  return `median ${at(0.5)}, p99 ${at(0.99)} of ${ascending.length}`;
}
