/**
 * Says while runs are followed that they wait for their model: each wait of one run that is followed alone; of many runs
 * together, in a line now and then, and none while no new wait began.
 */
import { type Address, addressKey } from '../../../runtime/address.ts';
import type { Entry } from '../../../runtime/journal/entry.ts';
import { type ModelWait, modelWait, waitsText, waitText } from '../../journals/model-waits.ts';
import { throttle, type Pace } from './throttle.ts';

/** A wait that is over for so long has gone on where its entries are not seen. */
const FORGET_MS = 60_000;

export interface WaitTeller {
  /** An entry of a run that is followed. */
  take(address: Address, entry: Entry): void;
  /** Says nothing more. Idempotent. */
  stop(): void;
}

export interface TellWaitsOptions extends Pace {
  /** How many runs are followed. */
  runs: number;
  say(text: string): void;
  /** Names the one that waits alone among many; without it, it is counted as many are. */
  named?(address: Address, entry: Entry, text: string): string;
}

export function tellWaits(options: TellWaitsOptions): WaitTeller {
  const { runs, say, now, named } = options;
  const waits = new Map<string, { address: Address; entry: Entry; wait: ModelWait }>();
  const pace = throttle(() => {
    const time = now().getTime();
    for (const [key, { wait }] of waits) if (Date.parse(wait.at) + FORGET_MS < time) waits.delete(key);
    const all = [...waits.values()];
    const [first] = all;
    if (first === undefined) return false;
    if (all.length === 1 && named) say(named(first.address, first.entry, waitText(first.wait, time)));
    else {
      const waiting = new Set(all.map(({ address: { tenant, run } }) => `${tenant} ${run}`)).size;
      say(
        waitsText(
          all.map(({ wait }) => wait),
          waiting,
          time,
        ),
      );
    }
    return true;
  }, options);
  return {
    take: (address, entry) => {
      const key = addressKey(address);
      const wait = modelWait([entry]);
      if (wait === null) {
        // Something else was journaled while it backs off: it waits as before.
        if (entry.state !== 'backing_off') waits.delete(key);
        return;
      }
      if (runs === 1) {
        say(`waiting: ${waitText(wait, now().getTime())}`);
        return;
      }
      waits.set(key, { address, entry, wait });
      pace.wake();
    },
    stop: () => {
      pace.stop();
      waits.clear();
    },
  };
}
