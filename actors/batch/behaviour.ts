import type { SnapshotFrom } from 'xstate';
import { PlatformError } from '../../config/errors.ts';
import type { ReleasedSchedule } from '../../runtime/definitions/release.ts';
import { own } from '../../runtime/definitions/words.ts';
import type { BatchEvent, BatchStart, Invocation } from '../../runtime/journal/entry.ts';
import { subjectOf } from '../../runtime/definitions/subject.ts';
import type { Target } from '../../runtime/pack.ts';
import type { Mail } from '../../runtime/mail/mail.ts';
import { deniedIn } from '../../runtime/policy/denied.ts';
import { rootOf } from '../../runtime/address.ts';
import { batchAgent } from '../../runtime/subjects.ts';
import { type Behaviour, type Received, received, UNKNOWN } from '../behaviour.ts';
import type { Runtime, Send } from '../runtime.ts';
import { acceptRun } from '../accept.ts';
import {
  type BatchContext,
  type batchMachine,
  hasReported,
  isCutShort,
  openTargets,
  pendingTargets,
  targetRun,
} from './machine.ts';
import { nextBlock } from './targets.ts';

type Machine = typeof batchMachine;
type Snapshot = SnapshotFrom<Machine>;

/** How a batch receives mail, lists its targets and starts their runs. */
export function batchBehaviour(runtime: Runtime, machine: Machine): Behaviour<Machine> {
  return {
    machine,
    subject: () => null,
    summary: ({ context }) => ({ schedule: context.batch?.schedule, targets: context.targets.length }),
    receive: async (snapshot, mail) => asFarAsItCan(runtime, snapshot, await runtime.mailer.whole(mail)),
    follow: (snapshot) =>
      snapshot.value === 'running' && snapshot.context.pending === 0
        ? ({ type: 'completed' } satisfies BatchEvent)
        : null,
    rests: (snapshot) => snapshot.status === 'done' || snapshot.value === 'running',
    isClaimed: ({ context }) => context.claims > 0,
    stalls: ({ context }) => context.stalls,
    gathers: (mail) => mail.type === 'child.reported',
    standsForAll: (snapshot, mail) => mail.type === 'child.reported' && isUnderWay(snapshot, mail.from.run),
    landing: () => [],
    quarantined: async (_snapshot, error) => ({ type: 'failed', error }) satisfies BatchEvent,
    sends: async (before, after, again) =>
      isCutShort(after.value, after.context) ? cancels(runtime, after) : starts(runtime, before, after, again),
    perform: async (kind, _ordinal, snapshot, signal) => [
      kind === 'begin' ? await begin(runtime, snapshot, signal) : await list(runtime, snapshot),
    ],
  };
}

/** A worker that lacks what the batch began with lists no targets; all else needs no code of the pack. */
async function asFarAsItCan(runtime: Runtime, snapshot: Snapshot, mail: Mail): Promise<Received> {
  const { batch, deferred } = snapshot.context;
  const found = receive(runtime, snapshot, mail);
  const isListed = snapshot.value === 'running' || snapshot.value === 'starting';
  const lists = found.found === 'new' || (found.found === 'held' && !isListed);
  if (!batch || !lists) return found;
  const means = await runtime.catalog.batchMeans(batch.release, batch.schedule);
  if (means === null || !('lacks' in means)) return found;
  const { lacks } = means;
  const event: BatchEvent = { type: 'deferred', worker: runtime.worker, lacks, at: runtime.now().toISOString() };
  return received({ found: 'known', deliver: deferred?.lacks.includes(lacks) ? [] : [event], lacks });
}

function receive(runtime: Runtime, snapshot: Snapshot, mail: Mail): Received {
  if (!snapshot.context.batch) return UNKNOWN;
  if (snapshot.status === 'done') {
    const cancelsAgain = isCutShort(snapshot.value, snapshot.context) && endedIt(snapshot, mail);
    return received({ found: cancelsAgain ? 'final' : 'known' });
  }
  if (mail.type === 'cancel') {
    const { by, reason } = mail;
    return received({ found: 'open', deliver: [{ type: 'cancelled', worker: runtime.worker, by, reason }] });
  }
  if (mail.type === 'start' && snapshot.value === 'admitting') {
    const admitted: BatchEvent = { type: 'admitted', worker: runtime.worker, verdicts: [] };
    return received({ found: 'new', admit: [admitted] });
  }
  if (mail.type === 'child.reported') {
    const event: BatchEvent = { type: 'child.reported', run: mail.from.run, outcome: mail.report.outcome };
    // A report that is held already asks for nothing. While runs are begun, the last one stands for all: its mail is not acked
    // before that is done, and thousands that come again must not each take the batch from whoever is at it.
    if (!snapshot.can(event)) return received({ found: isUnderWay(snapshot, event.run) ? 'held' : 'known' });
    // No other run of the batch would get an answer either.
    const error = deniedIn(mail.report);
    return received({ found: 'open', deliver: error ? [event, { type: 'failed', error }] : [event] });
  }
  return received({ found: 'held' });
}

function isUnderWay({ value, context }: Snapshot, run: string): boolean {
  return value === 'starting' && context.last === run;
}

/** Whether this mail may be what ended the batch. A refusal that is reported after it is not: each would cancel all runs again. */
function endedIt({ context }: Snapshot, mail: Mail): boolean {
  if (mail.type === 'cancel' || mail.type === 'resume') return true;
  return mail.type === 'child.reported' && deniedIn(mail.report) !== null && hasReported(context, mail.from.run);
}

/** Reads the target list of the schedule from the data, as of the batch's date. */
async function list(runtime: Runtime, { context }: Snapshot): Promise<BatchEvent> {
  const { batch } = context;
  const declared = batch && (await runtime.catalog.batchMeans(batch.release, batch.schedule));
  if (!declared || 'lacks' in declared)
    throw new PlatformError('schedule.unknown', `no loaded pack declares the schedule ${batch?.schedule ?? ''}`);
  if (batch.data === null)
    throw new PlatformError('data.missing', `the batch names no data folder for ${batch.schedule}`);
  const source = await runtime.sources.get(declared.pack, batch.data);
  const all = await source.targets(declared.schedule.targets, batch.as_of);
  const only = batch.only && new Set(batch.only);
  const targets = only ? all.filter(({ id }) => only.has(id)) : all;
  const window = runtime.batchWindow;
  return { type: 'targets.listed', targets, ...(targets.length > window && { window }) };
}

/** Every target's run that has not reported, begun or not. */
async function cancels(runtime: Runtime, { value, context }: Snapshot): Promise<Send[]> {
  const { address, batch, trace, error } = context;
  const agent = batch && (await scheduleOf(runtime, batch))?.agent;
  if (!address || !agent || !trace) return [];
  // Whoever cancels a batch means all of it; a refused key ends what would ask it now.
  const spares = value === 'failed' && { spares: true as const };
  return openTargets(context).map((target): Send => {
    const to = { ...rootOf({ ...address, run: targetRun(address.run, target.id) }), agent };
    const mail = { type: 'cancel' as const, by: batchAgent(batch.schedule), reason: error?.message ?? '', ...spares };
    return { kind: 'mail', to, mail, trace };
  });
}

/** What its runs are started with: as the batch began; an older one, as its schedule is declared here. */
async function scheduleOf(
  { catalog }: Runtime,
  { schedule: name, release }: BatchStart,
): Promise<(ReleasedSchedule & { subject: string }) | null> {
  if (release !== undefined) {
    const { schedules, subject } = await catalog.release(release);
    const schedule = own(schedules, name);
    return schedule ? { ...schedule, subject } : null;
  }
  const declared = catalog.schedule(name);
  return declared ? { ...declared.schedule, subject: declared.pack.manifest.subject } : null;
}

/** The runs to start: all pending ones when the list was just made, or when the batch is resumed. Those of a long list are begun in blocks. */
async function starts(runtime: Runtime, before: Snapshot, after: Snapshot, again: boolean): Promise<Send[]> {
  const { context, value } = after;
  if (context.window !== null || value !== 'running' || (before.value === 'running' && !again)) return [];
  const invocations = await invocationsOf(runtime, context, pendingTargets(context));
  return invocations.map((invocation) => ({ kind: 'root', invocation }));
}

/** Begins the next block. Beginning a run again changes nothing, so one that was broken off is simply begun anew. */
async function begin(runtime: Runtime, { context }: Snapshot, signal: AbortSignal): Promise<BatchEvent> {
  const block = nextBlock(context);
  if (!block) throw new PlatformError('activation.crashed', 'there is no block of runs to begin');
  const targets = context.targets.slice(block.from, block.to);
  const invocations = await invocationsOf(runtime, context, targets);
  // Else runs would be told as begun that never were, and the batch would wait for them without end.
  if (invocations.length < targets.length)
    throw new PlatformError(
      'schedule.unknown',
      `no loaded pack declares the schedule ${context.batch?.schedule ?? ''}`,
    );
  signal.throwIfAborted();
  await Promise.all(invocations.map((each) => acceptRun(runtime, each)));
  return { type: 'targets.started', count: block.to };
}

async function invocationsOf(
  runtime: Runtime,
  context: BatchContext,
  targets: readonly Target[],
): Promise<Invocation[]> {
  const { address, batch, trace } = context;
  const schedule = batch && (await scheduleOf(runtime, batch));
  if (!address || !trace || !batch || !schedule) return [];
  return targets.map((target) => {
    return {
      address: rootOf({ ...address, run: targetRun(address.run, target.id) }),
      agent: schedule.agent,
      instructions: schedule.instructions,
      payload: target.payload,
      subject: subjectOf(schedule.subject, target.payload),
      as_of: batch.as_of,
      data: batch.data,
      parent: { run: address.run, path: address.path, agent: batchAgent(batch.schedule) },
      ancestors: [],
      parent_remaining: null,
      parent_allows: null,
      facts: {},
      ...(batch.model !== undefined && { model: batch.model }),
      ...(batch.release !== undefined && { release: batch.release }),
      trace,
    };
  });
}
