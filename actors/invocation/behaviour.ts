import type { SnapshotFrom } from 'xstate';
import { ROOT_PATH } from '../../runtime/address.ts';
import type { InvocationContext } from '../../runtime/context/invocation.ts';
import type { Invocation, InvocationEvent } from '../../runtime/journal/entry.ts';
import type { Mail } from '../../runtime/mail/mail.ts';
import { admit } from '../../runtime/policy/admission.ts';
import { type Behaviour, type EffectKind, type Received, received, UNKNOWN } from '../behaviour.ts';
import { hasEnded, stateOf } from '../fold.ts';
import type { Runtime, Send } from '../runtime.ts';
import { runCall } from './call.ts';
import type { invocationMachine } from './machine.ts';
import { reportOf } from './report.ts';
import { delegation, ending } from './sends.ts';
import { inWords, runningCalls } from './take.ts';
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
    receive: async (snapshot, mail) => receive(runtime, snapshot, mail),
    isClaimed: ({ context }) => context.claims > 0,
    stalls: ({ context }) => context.stalls,
    sends: (before, after, again) => sends(runtime, before, after, again),
    perform: (kind, ordinal, { context }, signal) => perform(runtime, kind, ordinal, context, signal),
  };
}

function receive(runtime: Runtime, snapshot: Snapshot, mail: Mail): Received {
  const { invocation } = snapshot.context;
  if (!invocation) return mail.type === 'invoke' ? beginning(runtime, mail.invocation, true) : UNKNOWN;
  const event = eventOf(mail);
  if (event && snapshot.can(event) && snapshot.status === 'active')
    return received({ found: 'open', deliver: [event] });
  if (hasEnded(snapshot)) return received({ found: 'final' });
  if (mail.type === 'start' && stateOf(snapshot) === 'admitting') return beginning(runtime, invocation, false);
  // A timer that nobody waits for any more came late, and what cannot be retried is going on.
  const late = mail.type === 'retry' || (mail.type === 'timer.fired' && mail.name !== snapshot.context.fired);
  return received({ found: late ? 'known' : 'held' });
}

/** The event that a mail becomes where it is awaited; null for mail that only begins or wakes. */
function eventOf(mail: Mail): InvocationEvent | null {
  switch (mail.type) {
    case 'child.reported':
      return { type: 'child.reported', path: mail.from.path, report: mail.report };
    case 'timer.fired':
      return { type: 'timer.fired', name: mail.name };
    case 'retry':
      return { type: 'retried', by: mail.by };
    default:
      return null;
  }
}

/** A root was invoked by its door; a child's `invoked` is written by the worker that admits it, in the same entry. */
function beginning(runtime: Runtime, invocation: Invocation, isChild: boolean): Received {
  const hosted = runtime.catalog.agent(invocation.agent);
  const definition = hosted?.resolved.definition ?? null;
  const subjectRequired = hosted !== undefined;
  const { verdicts, remaining } = admit({ invocation, definition, subject_required: subjectRequired });
  const invoked: InvocationEvent[] = isChild ? [invokedEvent(runtime, invocation)] : [];
  const { worker } = runtime;
  return received({
    found: 'new',
    verdicts,
    admit: [...invoked, { type: 'admitted', worker, verdicts, remaining }],
    refuse: [...invoked, { type: 'refused', worker, verdicts }],
  });
}

/** The first event of an invocation: what is asked, and under which definition. */
export function invokedEvent(runtime: Runtime, invocation: Invocation): InvocationEvent {
  const hosted = runtime.catalog.agent(invocation.agent);
  return {
    type: 'invoked',
    invocation,
    definition: hosted?.digest ?? '',
    agent_id: hosted?.resolved.definition.metadata.id ?? '',
    version: hosted?.resolved.definition.metadata.version ?? '',
  };
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
        error: context.error ?? { code: 'turns.exhausted', message: inWords(context.verdicts) },
      };
    default:
      return null;
  }
}

function rests(snapshot: Snapshot): boolean {
  if (hasEnded(snapshot) || snapshot.value === 'waiting_for_human' || snapshot.value === 'backing_off') return true;
  return snapshot.value === 'acting' && runningCalls(snapshot.context).every((call) => call.kind === 'delegate');
}

async function sends(runtime: Runtime, before: Snapshot, after: Snapshot, again: boolean): Promise<Send[]> {
  const { context } = after;
  const { invocation } = context;
  if (!invocation) return [];
  const report = reportOf(stateOf(after), context);
  if (report) {
    // A refused root may name an agent that nobody defines; then there is only its caller to tell.
    const resolved = report.outcome === 'completed' ? await runtime.catalog.resolved(context.definition) : null;
    return ending(invocation, report, resolved);
  }
  if (context.timer && (again || before.context.timer?.name !== context.timer.name)) {
    return [
      {
        kind: 'timer',
        to: { ...invocation.address, agent: invocation.agent },
        timer: context.timer,
        trace: invocation.trace,
      },
    ];
  }
  const waiting = runningCalls(context).filter((call) => call.kind === 'delegate');
  const sent = new Set(again ? [] : runningCalls(before.context).map((call) => call.ordinal));
  const starting = waiting.filter((call) => !sent.has(call.ordinal));
  if (starting.length === 0) return [];
  const resolved = await runtime.catalog.resolved(context.definition);
  return starting.flatMap((call) => delegation(context, call, resolved));
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
