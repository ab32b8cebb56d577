/**
 * What every door can do, once: HTTP and NATS only carry requests in and answers out. Requests come checked by
 * `schemas.ts`; each refusal is a `PlatformError`, thrown before anything is written.
 */
import pMap from 'p-map';
import { AT_ONCE } from '../../runtime/at-once.ts';
import { isReached, outcomeOf } from '../../actors/batch/machine.ts';
import { PlatformError } from '../../config/errors.ts';
import { type Address, rootOf } from '../../runtime/address.ts';
import { canonicalJson } from '../../runtime/canonical.ts';
import type { Invocation, Trace } from '../../runtime/journal/entry.ts';
import type { Journal } from '../../runtime/journal/journal.ts';
import { admit } from '../../runtime/policy/admission.ts';
import { foldBatch, runsOf } from '../journals/batch-journal.ts';
import { acceptPrepared, prepareRun } from './door.ts';
import type { Platform } from '../platform/platform.ts';
import { readRun, type RunTree, summarise } from '../journals/runs.ts';
import { openTasks } from '../views/task-view.ts';
import { asManyAsFit } from '../contract/long-lists.ts';
import type { BatchView, RunRequest, RunView } from '../contract/schemas.ts';

/** Accepts a run, or finds the one of that id. Throws `run.exists` when that one was asked something else. */
export async function startRun(
  platform: Platform,
  tenant: string | null,
  request: RunRequest,
  trace: Trace,
): Promise<Address> {
  const { settings } = platform;
  const agent = request.agent ?? settings.defaultAgent;
  if (agent === undefined) {
    throw new PlatformError('agent.unknown', 'the request names no agent, and the setting default_agent is not set');
  }
  const { run_id, as_of, thread, instructions, payload } = request;
  const prepared = await prepareRun(platform, {
    agent,
    instructions,
    payload,
    ...(run_id !== undefined && { run: run_id }),
    ...(as_of !== undefined && { asOf: as_of }),
    ...(thread !== undefined && { thread }),
    trace,
  });
  const { address, invocation } = prepared;
  serves(tenant, address.tenant);
  refuseEarly(platform, invocation);
  // Looked up first: accepting posts the start of a run again that exists.
  if (run_id !== undefined && (await sameRun(platform, invocation, request))) return address;
  if (!(await acceptPrepared(platform, prepared))) await sameRun(platform, invocation, request);
  return address;
}

/** What a supervisor would refuse is refused at the door, so that nothing of it is journaled. */
function refuseEarly({ runtime }: Platform, invocation: Invocation): void {
  const definition = runtime.catalog.agent(invocation.agent)?.resolved.definition ?? null;
  const refused = admit({ invocation, definition, subject_required: true }).verdicts.find(({ ok }) => !ok);
  if (refused) throw new PlatformError('admission.refused', `${refused.rule}: ${refused.reason}`);
}

/** Whether the run exists and was begun. Throws when its id is taken by a batch, or by a run that was asked something else. */
async function sameRun({ runtime }: Platform, asked: Invocation, request: RunRequest): Promise<boolean> {
  const { journal } = runtime;
  const tree = await readRun(journal, asked.address);
  if (tree === null && (await journal.tail(asked.address)) === null) return false;
  const was = tree?.context.invocation;
  const differs = was ? differences(was, asked, request) : ['it is a batch'];
  if (differs.length === 0) return tree?.state !== 'admitting';
  const id = JSON.stringify(asked.address.run);
  throw new PlatformError(
    'run.exists',
    `the run ${id} exists and was asked something else: ${differs.join(', ')}; give another run_id`,
  );
}

/** What a request says otherwise than the run of its id. A day that it leaves open is no difference. Pure. */
function differences(was: Invocation, asked: Invocation, request: RunRequest): string[] {
  const pairs: [string, unknown, unknown][] = [
    ['agent', was.agent, asked.agent],
    ['instructions', was.instructions, asked.instructions],
    ['payload', canonicalJson(was.payload), canonicalJson(asked.payload)],
    ['thread', was.thread?.id, asked.thread?.id],
    ['as_of', was.as_of, request.as_of ?? was.as_of],
  ];
  return pairs.filter(([, before, now]) => before !== now).map(([name]) => `another ${name}`);
}

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
  const stateOf = (run: string) => (going.get(run) ?? outcomeOf(context, run) ?? 'accepted') as RunView['state'];
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

/** A door that names a tenant serves that of this platform and no other. */
export function serves(asked: string | null, own: string): void {
  if (asked === null || asked === own) return;
  throw new PlatformError('tenant.unknown', `this platform serves the tenant ${own}, not ${JSON.stringify(asked)}`);
}
