import type { Address } from '../../runtime/address.ts';
import type { Platform } from '../platform/platform.ts';
import { ENDED } from '../contract/run-states.ts';
import { readRun, type RunTree } from '../journals/runs.ts';
import { untilFound } from './watch.ts';

/** Whether nothing of a tree goes on by itself: it has ended, or all that it waits for waits for people. Pure. */
export function isAtRest({ state, context, children }: RunTree): boolean {
  if (ENDED.has(state) || state === 'waiting_for_human') return true;
  if (state !== 'acting') return false;
  const running = (context.turns.at(-1)?.calls ?? []).filter((call) => call.status === 'running');
  return running.every(({ delegate }) => {
    const child = children.find(({ address }) => address.path === delegate?.path);
    // The report of an ended one is on its way.
    return child !== undefined && !ENDED.has(child.state) && isAtRest(child);
  });
}

/** Resolves with the run's tree when it is at rest; null when the signal came first. */
export async function untilAtRest(platform: Platform, address: Address, signal: AbortSignal): Promise<RunTree | null> {
  return untilFound(platform, address, signal, async () => {
    const tree = await readRun(platform.runtime.journal, address);
    return tree !== null && isAtRest(tree) ? tree : null;
  });
}
