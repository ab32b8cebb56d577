/**
 * What every door can do, once: HTTP and NATS only carry requests in and answers out. Requests come checked by
 * `schemas.ts`; each refusal is a `PlatformError`, thrown before anything is written.
 */
import { outcomeOf, targetRun } from '../../actors/batch/machine.ts';
import { PlatformError } from '../../config/errors.ts';
import type { Address } from '../../runtime/address.ts';
import { subjectOf } from '../../runtime/definitions/subject.ts';
import type { Invocation, Trace } from '../../runtime/journal/entry.ts';
import { admit } from '../../runtime/policy/admission.ts';
import { readBatch } from '../batch-journal.ts';
import { acceptPrepared, prepareRun, startBatch } from '../door.ts';
import { openRunsBySubject } from '../find-runs.ts';
import { openBatch } from '../open-batch.ts';
import { dataOf, type Platform } from '../platform.ts';
import { readRun, type RunTree, summarise } from '../runs.ts';
import type { BatchView, RunRequest, RunView, StartAnswer, StartRequest } from './schemas.ts';

const AT_ONCE = 64;

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
  if (run_id !== undefined) await sameRun(platform, invocation);
  if (!(await acceptPrepared(platform, prepared))) await sameRun(platform, invocation);
  return address;
}

/** What a supervisor would refuse is refused at the door, so that nothing of it is journaled. */
function refuseEarly({ runtime }: Platform, invocation: Invocation): void {
  const definition = runtime.catalog.agent(invocation.agent)?.resolved.definition ?? null;
  const refused = admit({ invocation, definition, subject_required: true }).verdicts.find(({ ok }) => !ok);
  if (refused) throw new PlatformError('admission.refused', `${refused.rule}: ${refused.reason}`);
}

/** Throws when the run exists and was asked something else. */
async function sameRun({ runtime }: Platform, asked: Invocation): Promise<void> {
  const tree = await readRun(runtime.journal, asked.address);
  if (tree === null) return;
  const was = tree.context.invocation;
  if (was && was.agent === asked.agent && JSON.stringify(was.payload) === JSON.stringify(asked.payload)) return;
  const what = was ? `a run of ${was.agent} with another payload` : 'a batch';
  throw new PlatformError('run.exists', `${JSON.stringify(asked.address.run)} is ${what}; give another run_id`);
}

/** Throws `run.unknown`, also for a run of another tenant. */
export async function getRun(platform: Platform, tenant: string, run: string): Promise<RunView> {
  const tree = await readRun(platform.runtime.journal, { tenant, run, path: '0' });
  const view = tree && viewOf(tree);
  if (!view) throw new PlatformError('run.unknown', `there is no run ${JSON.stringify(run)}`);
  return view;
}

/** Null for a batch, which is no run of an agent. Pure. */
export function viewOf(tree: RunTree): RunView | null {
  const { invocation } = tree.context;
  if (!invocation) return null;
  const { outcome, report, waiting, error } = summarise(tree.address.run, tree);
  const going = tree.state === 'admitting' ? 'accepted' : outcome;
  return {
    run: tree.address.run,
    tenant: tree.address.tenant,
    agent: tree.agent,
    subject: invocation.subject,
    as_of: invocation.as_of,
    state: going as RunView['state'],
    report,
    waiting,
    error,
    correlation_id: invocation.trace.correlation_id,
  };
}

/** Starts a batch of a schedule for the targets that are known and not being worked on already. */
export async function startTargets(
  platform: Platform,
  tenant: string | null,
  schedule: string,
  request: StartRequest,
  trace: Trace,
): Promise<StartAnswer> {
  return inTurn(schedule, async () => {
    const { runtime, settings } = platform;
    const declared = runtime.catalog.schedule(schedule);
    if (!declared) throw new PlatformError('schedule.unknown', `no schedule is called ${schedule}`);
    const { pack } = declared;
    const data = dataOf(settings, pack);
    serves(tenant, data.tenant);
    if (data.folder === null)
      throw new PlatformError('data.missing', `the schedule ${schedule} needs a data folder (setting data)`);
    const source = await runtime.sources.get(pack, data.folder);
    const asOf = request.as_of ?? source.asOf;
    const listed = await source.targets(declared.schedule.targets, asOf);
    const byId = new Map(listed.map((target) => [target.id, target]));
    const asked = [...new Set(request.all ? byId.keys() : (request.targets ?? [request.target ?? '']))];
    const unknown = asked.filter((id) => !byId.has(id));
    const known = asked.filter((id) => byId.has(id));
    const answer = { schedule, as_of: asOf, unknown };
    const again =
      request.batch === undefined
        ? null
        : await readBatch(runtime.journal, { tenant: data.tenant, run: request.batch, path: '0' });
    if (again) {
      const { targets } = await openBatch(platform, { schedule, batch: again.address.run });
      return { ...answer, batch: again.address.run, accepted: runsOf(again.address.run, targets), running: [] };
    }
    const open = await openRunsBySubject(platform, data.tenant, declared.schedule.agent);
    const runOf = (id: string) => open.get(subjectOf(pack.manifest.subject, byId.get(id)?.payload ?? {}) ?? '');
    const running = known.flatMap((target) => ({ target, run: runOf(target) })).filter(hasRun);
    const free = known.filter((id) => runOf(id) === undefined);
    if (free.length === 0) return { ...answer, batch: null, accepted: [], running };
    const { address } = await startBatch(platform, {
      schedule,
      asOf,
      ...(request.batch !== undefined && { batch: request.batch }),
      ...(free.length < listed.length && { only: free }),
      trace,
    });
    return { ...answer, batch: address.run, accepted: runsOf(address.run, free), running };
  });
}

function runsOf(batch: string, targets: readonly string[]): { target: string; run: string }[] {
  return targets.map((target) => ({ target, run: targetRun(batch, target) }));
}

function hasRun(each: { target: string; run: string | undefined }): each is { target: string; run: string } {
  return each.run !== undefined;
}

/** Throws `run.unknown` when there is no such batch of the tenant. */
export async function getBatch(platform: Platform, tenant: string, batch: string): Promise<BatchView> {
  const { journal } = platform.runtime;
  const found = await readBatch(journal, { tenant, run: batch, path: '0' });
  if (!found) throw new PlatformError('run.unknown', `there is no batch ${JSON.stringify(batch)}`);
  const { start, context } = found;
  const runs: BatchView['runs'] = [];
  for (let i = 0; i < context.targets.length; i += AT_ONCE) {
    const some = context.targets.slice(i, i + AT_ONCE).map(async ({ id }) => {
      const run = targetRun(batch, id);
      const known = outcomeOf(context, run);
      if (known) return { target: id, run, state: known as RunView['state'] };
      const tree = await readRun(journal, { tenant, run, path: '0' });
      return { target: id, run, state: (tree && viewOf(tree)?.state) ?? 'accepted' };
    });
    runs.push(...(await Promise.all(some)));
  }
  const outcomes: Record<string, number> = {};
  for (const { state } of runs) outcomes[state] = (outcomes[state] ?? 0) + 1;
  const open = runs.filter(({ run }) => outcomeOf(context, run) === null);
  const waits = found.state === 'running' && open.every(({ state }) => state === 'waiting');
  const states = { admitting: 'accepted', listing: 'accepted', running: waits ? 'waiting' : 'running' } as const;
  const state = states[found.state as keyof typeof states] ?? (found.state as 'completed' | 'failed');
  return { batch, tenant, schedule: start.schedule, as_of: start.as_of, state, runs, outcomes };
}

/** A door that names a tenant serves that of this platform and no other. */
function serves(asked: string | null, own: string): void {
  if (asked === null || asked === own) return;
  throw new PlatformError('tenant.unknown', `this platform serves the tenant ${own}, not ${JSON.stringify(asked)}`);
}

const turns = new Map<string, Promise<unknown>>();

/** One start of a schedule at a time: two requests for one target must not both find it free. */
async function inTurn<T>(schedule: string, work: () => Promise<T>): Promise<T> {
  const mine = (turns.get(schedule) ?? Promise.resolve()).then(work, work);
  turns.set(schedule, mine);
  return mine;
}
