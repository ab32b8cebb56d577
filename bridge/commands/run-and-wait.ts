/**
 * Starting a run and waiting for its report, at any door.
 *
 * 1. The wait counts from when the request came. With it, or with `ANSWER_MS` if that is longer, there is an answer, but for
 *    the moment that it takes to look where the run stands.
 * 2. A run that was accepted is told as accepted, whatever the servers do then.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { PlatformError } from '../../config/errors.ts';
import type { Address } from '../../runtime/address.ts';
import { isUndecided, PAUSE_MS } from '../../runtime/bus/patience.ts';
import type { Trace } from '../../runtime/journal/entry.ts';
import { abortsAfter } from '../../runtime/time-limit.ts';
import type { Platform } from '../platform/platform.ts';
import { settleRun } from '../follow/settle.ts';
import { warnSeldom } from '../platform/warn-seldom.ts';
import { ANSWER_MS, inTime } from '../contract/in-time.ts';
import { getRun } from '../views/answers.ts';
import { startRun } from './start-run.ts';
import { refusalOf } from '../contract/refusals.ts';
import type { RunRequest, RunView } from '../contract/schemas.ts';

const LOOK_MS = 5_000;

export interface Wait {
  /** From now. */
  ms: number;
  /** Ends the wait earlier. */
  signal: AbortSignal;
}

/** Accepts the run, waits, and says where it stands. Throws what refuses it. */
export async function runAndWait(
  platform: Platform,
  tenant: string | null,
  request: RunRequest,
  trace: Trace,
  { ms, signal }: Wait,
): Promise<RunView> {
  const began = performance.now();
  const { agent = platform.settings.defaultAgent, instructions, payload, run_id, as_of, thread } = request;
  if (agent === undefined) {
    throw new PlatformError('agent.unknown', 'the request names no agent, and the setting default_agent is not set');
  }
  const asked = {
    ...{ agent, instructions, payload, trace, tenant },
    ...(run_id !== undefined && { run: run_id }),
    ...(as_of !== undefined && { asOf: as_of }),
    ...(thread !== undefined && { thread }),
  };
  const { address } = await inTime(ANSWER_MS, startRun(platform, asked));
  const left = ms - (performance.now() - began);
  if (left > 0) await settled(platform, address, AbortSignal.any([abortsAfter(Math.ceil(left)), signal]));
  return standing(platform, address, agent, trace);
}

/** Resolves when the run has settled, or the signal aborts. What stands in the way of waiting does not undo the run. */
async function settled(platform: Platform, address: Address, signal: AbortSignal): Promise<void> {
  const over = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  const settling = async (): Promise<void> => {
    try {
      while (!(await settledOnce(platform, address, signal)) && !signal.aborted) await pause(PAUSE_MS);
    } catch (err) {
      warnSeldom(platform.runtime.log, { err, run: address.run }, 'a request could not wait for its run');
    }
  };
  await Promise.race([settling(), over]);
}

/** False also when the servers did not answer: they may do so again before the wait is over. */
async function settledOnce(platform: Platform, address: Address, signal: AbortSignal): Promise<boolean> {
  try {
    return await settleRun(platform, address, { signal });
  } catch (error) {
    if (!isUndecided(error) || platform.nc.isClosed()) throw error;
    return false;
  }
}

/** (2) */
async function standing(platform: Platform, address: Address, agent: string, trace: Trace): Promise<RunView> {
  const { tenant, run } = address;
  try {
    return await inTime(LOOK_MS, getRun(platform, tenant, run));
  } catch (err) {
    if (refusalOf(err).code !== 'platform.not_ready') throw err;
    warnSeldom(platform.runtime.log, { err, run }, 'where an accepted run stands could not be read');
    const unknown = { subject: null, as_of: '', report: null, waiting: null, tasks: [], error: null };
    return { run, tenant, agent, state: 'accepted', ...unknown, correlation_id: trace.correlation_id };
  }
}
