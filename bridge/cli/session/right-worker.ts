/**
 * Who goes on with a run that exists: it keeps the model that it began with, and the worker that a command brings may ask
 * another one. That worker would only park each turn, without end.
 */
import { PlatformError } from '../../../config/errors.ts';
import { PLAYED_MODEL } from '../../../runtime/definitions/players.ts';
import { isAsked } from '../../platform/model-workers.ts';
import type { Platform } from '../../platform/platform.ts';
import { withWorker } from './session.ts';

/** How often it is looked whether another worker still lives, and after how many misses in a row none does. */
const LOOK_MS = 2_000;
const MISSES = 3;

export interface Begun {
  /** `the run …` or `the batch …`. */
  what: string;
  agent: string;
  /** The model that it began with; undefined of what is new, or older than that models were kept. */
  model: string | undefined;
  /** What does as well as --model; to start such a worker when absent. */
  orElse?: string;
}

/** Runs a body beside a worker. The signal that it is given also aborts when the worker is another's and lives no more. */
export type BesideWorker = <T>(signal: AbortSignal, body: (signal: AbortSignal) => Promise<T>) => Promise<T>;

/**
 * A worker of this command if that may ask the model; else one that lives elsewhere and does, with none of this command's in
 * its way.
 * @throws PlatformError `usage.invalid` when nobody may ask the model
 */
export async function rightWorker(platform: Platform, begun: Begun): Promise<BesideWorker> {
  const { nc } = platform;
  const { model, agent } = begun;
  if (model === undefined || model === PLAYED_MODEL || answersItself(platform, model)) return ownWorker(platform);
  if (!(await isAsked(nc, model, agent))) throw nobody(begun);
  return async (signal, body) => {
    const gone = new AbortController();
    let misses = 0;
    const looking = setInterval(() => {
      isAsked(nc, model, agent).then(
        (asked) => {
          misses = asked ? 0 : misses + 1;
          if (misses >= MISSES) gone.abort(nobody(begun));
        },
        () => {}, // A connection that was lost says nothing of them, and is told by itself.
      );
    }, LOOK_MS);
    try {
      return await body(AbortSignal.any([signal, gone.signal]));
    } finally {
      clearInterval(looking);
    }
  };
}

/** Whether this command's model answers what began with that one. */
export function answersItself({ runtime }: Platform, model: string | undefined): boolean {
  return model === undefined || model === runtime.model.name;
}

export function ownWorker(platform: Platform): BesideWorker {
  return (signal, body) => withWorker(platform, signal, () => body(signal));
}

function nobody({ what, model, orElse = `start one: \`worker --model ${model}\`` }: Begun): PlatformError {
  return new PlatformError(
    'usage.invalid',
    `${what} began with the model ${model}, which this command was not told to ask, and no worker that asks it is alive: ` +
      `add --model ${model}, or ${orElse}`,
  );
}
