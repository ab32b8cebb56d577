/**
 * Says while runs are followed that they wait for their model: each wait of one run that is followed alone; of many runs
 * together, in a line now and then, and none while no new wait began.
 */
import type { Address } from '../runtime/address.ts';
import type { StoredEntry } from '../runtime/journal/journal.ts';
import { type ModelWait, modelWait, waitsText, waitText } from './model-waits.ts';

/** Runs that are turned away are turned away together: who is told of the first wants to know of all. */
const GATHER_MS = 1_000;
const AT_MOST_EVERY_MS = 15_000;

export interface WaitTeller {
  /** An entry of a run that is followed. */
  take(address: Address, entry: StoredEntry): void;
  /** Says nothing more. Idempotent. */
  stop(): void;
}

export function tellWaits(options: {
  /** How many runs are followed. */
  runs: number;
  say(text: string): void;
  now(): Date;
  gatherMs?: number;
  atMostEveryMs?: number;
}): WaitTeller {
  const { runs, say, now, gatherMs = GATHER_MS, atMostEveryMs = AT_MOST_EVERY_MS } = options;
  /** `run path` → what it waits for. */
  const waits = new Map<string, { run: string; wait: ModelWait }>();
  let timer: NodeJS.Timeout | undefined;
  let said = Number.NEGATIVE_INFINITY;
  const tellAll = (): void => {
    timer = undefined;
    if (waits.size === 0) return;
    said = now().getTime();
    const all = [...waits.values()];
    const waiting = new Set(all.map(({ run }) => run)).size;
    say(
      waitsText(
        all.map(({ wait }) => wait),
        waiting,
        said,
      ),
    );
  };
  return {
    take: ({ run, path }, entry) => {
      const key = `${run} ${path}`;
      if (entry.state !== 'backing_off') {
        waits.delete(key);
        return;
      }
      const wait = modelWait([entry]);
      // Something else was journaled meanwhile: it waits as before.
      if (wait === null) return;
      if (runs === 1) {
        say(`waiting: ${waitText(wait, now().getTime())}`);
        return;
      }
      waits.set(key, { run, wait });
      timer ??= setTimeout(tellAll, Math.max(gatherMs, said + atMostEveryMs - now().getTime()));
    },
    stop: () => {
      clearTimeout(timer);
      timer = undefined;
      waits.clear();
    },
  };
}
