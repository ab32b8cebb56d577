/** Where runs and batches stand, as every door answers it. */
import pMap from 'p-map';
import { AT_ONCE } from '../../runtime/at-once.ts';
import { isCutShort, isReached, outcomeOf } from '../../actors/batch/machine.ts';
import { PlatformError } from '../../config/errors.ts';
import { rootOf } from '../../runtime/address.ts';
import type { Journal } from '../../runtime/journal/journal.ts';
import { foldBatch, runsOf } from '../journals/batch-journal.ts';
import type { Platform } from '../platform/platform.ts';
import { readRun, type RunTree, summarise } from '../journals/runs.ts';
import { openTasks } from './task-view.ts';
import { asManyAsFit } from '../contract/long-lists.ts';
import type { BatchView, RunView } from '../contract/schemas.ts';

/** Throws `run.unknown`, also for a run of another tenant. */
export async function getRun(platform: Platform, tenant: string, run: string): Promise<RunView> {
  const tree = await readRun(platform.runtime.journal, rootOf({ tenant, run }));
  const view = tree && viewOf(tree);
  if (!view) throw new PlatformError('run.unknown', `there is no run ${JSON.stringify(run)}`);
  return view;
}

/** Null for a batch, which is no run of an agent. A run that was cancelled before it began is about nothing yet. Pure. */
export function viewOf(tree: RunTree): RunView | null {
  const { invocation } = tree.context;
  if (!invocation && tree.state !== 'cancelled') return null;
  const { outcome, report, waiting, error } = summarise(tree.address.run, tree);
  const going = tree.state === 'admitting' ? 'accepted' : outcome;
  return {
    run: tree.address.run,
    tenant: tree.address.tenant,
    agent: tree.agent,
    subject: invocation?.subject ?? null,
    as_of: invocation?.as_of ?? '',
    state: going as RunView['state'],
    report,
    waiting,
    tasks: openTasks(tree),
    error,
    correlation_id: invocation?.trace.correlation_id ?? '',
  };
}

/** Its runs from the place `from` in its list on, as far as an answer has room. Throws `run.unknown` when the tenant has no such batch. */
export async function getBatch(platform: Platform, tenant: string, batch: string, from = 0): Promise<BatchView> {
  const { journal } = platform.runtime;
  const found = await foldBatch(journal, rootOf({ tenant, run: batch }));
  if (!found) throw new PlatformError('run.unknown', `there is no batch ${JSON.stringify(batch)}`);
  const { start, context } = found;
  const all = runsOf(found);
  const open = all.filter(({ run }) => outcomeOf(context, run) === null && isReached(context, run));
  const going = await statesOf(journal, tenant, open);
  // What a batch that was cut short has not reached never begins.
  const unbegun = (run: string) =>
    isCutShort(found.state, context) && !isReached(context, run) ? 'cancelled' : 'accepted';
  const stateOf = (run: string) => (going.get(run) ?? outcomeOf(context, run) ?? unbegun(run)) as RunView['state'];
  const outcomes: Record<string, number> = {};
  for (const { run } of all) outcomes[stateOf(run)] = (outcomes[stateOf(run)] ?? 0) + 1;
  const waits = found.state === 'running' && open.every(({ run }) => stateOf(run) === 'waiting');
  const running = waits ? 'waiting' : 'running';
  const states = { admitting: 'accepted', listing: 'accepted', starting: 'running', running } as const;
  const state = states[found.state as keyof typeof states] ?? (found.state as 'completed' | 'failed' | 'cancelled');
  const rest = all.slice(from).map(({ target, run }) => ({ target, run, state: stateOf(run) }));
  const runs = asManyAsFit(rest);
  const next = runs.length < rest.length && { next: from + runs.length };
  return { batch, tenant, schedule: start.schedule, as_of: start.as_of, state, runs, ...next, outcomes };
}

/** Where runs stand by their own journals, some read at once; of one without a journal nothing is told. */
async function statesOf(
  journal: Journal,
  tenant: string,
  runs: readonly { run: string }[],
): Promise<Map<string, string>> {
  const states = new Map<string, string>();
  const read = async ({ run }: { run: string }): Promise<void> => {
    const tree = await readRun(journal, rootOf({ tenant, run }));
    const view = tree && viewOf(tree);
    if (view) states.set(run, view.state);
  };
  await pMap(runs, read, AT_ONCE);
  return states;
}
