import type { SnapshotFrom } from 'xstate';
import { ROOT_PATH } from '../../runtime/address.ts';
import type { InvocationContext } from '../../runtime/context/invocation.ts';
import type { Invocation, InvocationEvent } from '../../runtime/journal/entry.ts';
import type { Mail } from '../../runtime/mail/mail.ts';
import { admit } from '../../runtime/policy/admission.ts';
import { isElsewhere } from '../../runtime/policy/retry.ts';
import { deniedIn } from '../../runtime/policy/denied.ts';
import type { AgentReport } from '../../runtime/report.ts';
import { type Behaviour, type EffectKind, type Received, received, UNKNOWN } from '../behaviour.ts';
import { accepts, hasEnded, stateOf } from '../fold.ts';
import type { Runtime, Send } from '../runtime.ts';
import { runCall } from './call.ts';
import type { invocationMachine } from './machine.ts';
import { invokedEvent, meansOf, otherCode } from './means.ts';
import { reportOf } from './report.ts';
import { concernsPerson, movedDeadline } from './asked-below.ts';
import { deadlineOf } from './deadline.ts';
import { decidedEvent, quarantined, retriedEvent } from './decide.ts';
import { cancelsBelow, delegation, ending, timerSends } from './sends.ts';
import { firstFailure, runningCalls } from './take.ts';
import { asFarAsItCan, rests } from './unfit.ts';
import { modelTurn } from './turn.ts';

type Machine = typeof invocationMachine;
type Snapshot = SnapshotFrom<Machine>;

/** How an agent's invocation receives mail, what it sends, and how its effects are run. */
export function invocationBehaviour(runtime: Runtime, machine: Machine): Behaviour<Machine> {
  return {
    machine,
    follow,
    rests,
    subject: ({ context }) => context.invocation?.subject ?? null,
    summary: ({ context: { invocation, report, error } }) =>
      invocation?.address.path === ROOT_PATH ? { subject: invocation.subject, text: report?.text, error } : null,
    receive: async (snapshot, mail) => asFarAsItCan(runtime, snapshot, await runtime.mailer.whole(mail), receive),
    landing: ({ context }) =>
      runningCalls(context)
        .filter(({ kind }) => kind === 'emit' || kind === 'store')
        .map(({ ordinal }) => ordinal),
    quarantined: ({ context }, error) => quarantined(runtime, context, error),
    isClaimed: ({ context }) => context.claims > 0,
    stalls: ({ context }) => context.stalls,
    gathers: () => false,
    standsForAll: () => false,
    sends: (before, after, again) => sends(runtime, before, after, again),
    perform: (kind, ordinal, { context }, signal) => perform(runtime, kind, ordinal, context, signal),
  };
}

async function receive(runtime: Runtime, snapshot: Snapshot, mail: Mail): Promise<Received> {
  const { context } = snapshot;
  const { invocation } = context;
  if (!invocation) return withoutJournal(runtime, snapshot, mail);
  const event = await eventOf(runtime, snapshot, mail);
  if (event && accepts(snapshot, event)) return received({ found: 'open', deliver: [event] });
  if (hasEnded(snapshot)) return received({ found: endedIt(snapshot, mail) ? 'final' : 'known' });
  // A child is in that state only if the worker that it was sent to left it to others.
  if (stateOf(snapshot) === 'admitting' && BEGINS.has(mail.type)) return beginning(runtime, context, invocation, false);
  return received({ found: isHeld(context, mail) ? 'held' : 'known' });
}

const BEGINS: ReadonlySet<Mail['type']> = new Set(['start', 'invoke', 'resume']);

async function withoutJournal(runtime: Runtime, snapshot: Snapshot, mail: Mail): Promise<Received> {
  // Cancelled before it was ever invoked.
  if (hasEnded(snapshot)) return received({ found: 'known' });
  if (mail.type === 'invoke') return beginning(runtime, snapshot.context, mail.invocation, true);
  return mail.type === 'cancel' ? received({ found: 'new', admit: [cancelled(runtime, mail)] }) : UNKNOWN;
}

/** The event that a mail becomes where it is awaited; null for mail that only begins or wakes. */
async function eventOf(runtime: Runtime, snapshot: Snapshot, mail: Mail): Promise<InvocationEvent | null> {
  switch (mail.type) {
    case 'child.reported':
      return reported(mail.from.path, mail.report);
    case 'timer.fired':
      return (await movedDeadline(runtime, snapshot.context, mail.name)) ?? { type: 'timer.fired', name: mail.name };
    case 'human.decided':
      return decidedEvent(runtime, snapshot.context, mail);
    case 'retry':
      return retriedEvent(runtime, snapshot.context, mail.by);
    case 'cancel':
      return mail.spares && (await isSpared(runtime, snapshot)) ? null : cancelled(runtime, mail);
    default:
      return noLongerElsewhere(runtime, snapshot.context);
  }
}

/** Who waited for a worker that may ask its model has found one with whatever wakes it, and waits no longer. */
function noLongerElsewhere(runtime: Runtime, { invocation, timers }: InvocationContext): InvocationEvent | null {
  const { retry } = timers;
  const isOurs = invocation?.model === undefined || invocation.model === runtime.model.name;
  return retry && isElsewhere(retry.name) && isOurs ? { type: 'timer.fired', name: retry.name } : null;
}

/** Of a refused key its parent learns here, in the journal: guards evaluate no rule. */
function reported(path: string, report: AgentReport): InvocationEvent {
  const denied = deniedIn(report);
  return { type: 'child.reported', path, report, ...(denied && { denied }) };
}

/**
 * A person's work is not undone, nor a failure that `runs retry` could mend, because a key was refused elsewhere. That holds
 * long after: the batch says it again whenever it is woken.
 */
async function isSpared(runtime: Runtime, { value, context }: Snapshot): Promise<boolean> {
  return value === 'failed' || (context.invocation !== null && concernsPerson(runtime, context.invocation.address));
}

function cancelled({ worker }: Runtime, { by, reason }: { by: string; reason: string }): InvocationEvent {
  return { type: 'cancelled', worker, by, reason };
}

/**
 * Whether this mail may be what ended the invocation, so that what it sends at its end may not have been sent. Repeating it
 * for any mail would have a cancelled parent and its child tell each other of their ends for ever.
 */
function endedIt({ context, value }: Snapshot, mail: Mail): boolean {
  if (mail.type === 'cancel') return value === 'cancelled';
  if (mail.type !== 'child.reported') return true;
  const calls = context.turns.flatMap((turn) => turn.calls);
  return calls.some(({ delegate, status }) => delegate?.path === mail.from.path && status !== 'running');
}

/** Whether the fold holds what the mail says. Late timers, decisions that came second and needless retries mean nothing. */
function isHeld(context: InvocationContext, mail: Mail): boolean {
  if (mail.type === 'retry' || mail.type === 'cancel') return false;
  if (mail.type === 'timer.fired') return mail.name === context.fired;
  if (mail.type === 'human.decided') return context.tasks.some(({ decision }) => decision?.id === mail.decision.id);
  return true;
}

/** A root was invoked by its door; a child's `invoked` is written by the worker that admits it, in the same entry. */
async function beginning(
  runtime: Runtime,
  context: InvocationContext,
  invocation: Invocation,
  isChild: boolean,
): Promise<Received> {
  const invoked = isChild ? [await invokedEvent(runtime, invocation)] : [];
  const { definition: digest, code: began } = invoked[0] ?? context;
  const definition = digest === '' ? null : (await runtime.catalog.resolved(digest)).definition;
  const means =
    digest === '' ? null : await meansOf(runtime, { invocation, definition: digest, ...(began && { code: began }) });
  const { code, verdicts: ofCode } = means ? otherCode(means) : { verdicts: [] };
  const admission = admit({ invocation, definition, subject_required: definition !== null });
  const { remaining } = admission;
  const verdicts = [...ofCode, ...admission.verdicts];
  const { worker } = runtime;
  const deadline = definition && deadlineOf(definition.autonomy.budget, runtime.now());
  return received({
    found: 'new',
    verdicts,
    admit: [
      ...invoked,
      { type: 'admitted', worker, verdicts, remaining, ...(deadline && { deadline }), ...(code && { code }) },
    ],
    refuse: [...invoked, { type: 'refused', worker, verdicts, ...(code && { code }) }],
  });
}

function follow(snapshot: Snapshot): InvocationEvent | null {
  const { context } = snapshot;
  switch (snapshot.value) {
    case 'reporting':
      return { type: 'completed' };
    case 'escalating':
      return context.escalation && { type: 'escalated', escalation: context.escalation };
    case 'failing':
      return {
        type: 'failed',
        error: context.error ?? { code: 'turns.exhausted', message: firstFailure(context.verdicts) },
      };
    default:
      return null;
  }
}

async function sends(runtime: Runtime, before: Snapshot, after: Snapshot, again: boolean): Promise<Send[]> {
  const { context } = after;
  const { invocation } = context;
  if (!invocation) return [];
  const report = reportOf(stateOf(after), context);
  const stand = (snapshot: Snapshot) => ({ context: snapshot.context, ended: hasEnded(snapshot) });
  const timers = timerSends(stand(before), stand(after), again);
  if (report) {
    // A refused root may name an agent that nobody defines; then there is only its caller to tell.
    const resolved = report.outcome === 'completed' ? await runtime.catalog.resolved(context.definition) : null;
    return [...timers, ...cancelsBelow(context), ...ending(invocation, report, resolved)];
  }
  const waiting = runningCalls(context).filter((call) => call.kind === 'delegate');
  const sent = new Set(again ? [] : runningCalls(before.context).map((call) => call.ordinal));
  const starting = waiting.filter((call) => !sent.has(call.ordinal));
  if (starting.length === 0) return timers;
  const resolved = await runtime.catalog.resolved(context.definition);
  return [...timers, ...starting.flatMap((call) => delegation(context, call, resolved))];
}

async function perform(
  runtime: Runtime,
  kind: EffectKind,
  ordinal: number,
  context: InvocationContext,
  signal: AbortSignal,
): Promise<InvocationEvent[]> {
  return [
    kind === 'model' ? await modelTurn(runtime, context, signal) : await runCall(runtime, context, ordinal, signal),
  ];
}
