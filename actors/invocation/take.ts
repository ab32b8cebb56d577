/** How each journaled event changes an invocation's context. Plain functions: the machine decides when they apply. */
import {
  type CallState,
  deferredBy,
  dueTimer,
  type InvocationContext,
  type TurnState,
} from '../../runtime/context/invocation.ts';
import type { Deferred, InvocationEvent, JudgedCall, Timer, Verdict } from '../../runtime/journal/entry.ts';
import { canonicalJson } from '../../runtime/canonical.ts';
import { breaksEnforce } from '../../runtime/policy/enforce.ts';
import { addUsage } from '../../runtime/report.ts';
import { postponed } from './deadline.ts';
import { asked, decided, expired, isDeadline } from './people.ts';
import { countsAnew, unanswered } from './unanswered.ts';

type Of<T extends InvocationEvent['type']> = Extract<InvocationEvent, { type: T }>;
type Replied = Of<'model.replied'>;

/** What `event` makes of the context; the machine has already decided that it applies. */
export function take(context: InvocationContext, event: InvocationEvent): Partial<InvocationContext> {
  if (event.type === 'deferred') return { deferred: deferredBy(context.deferred, event) };
  return {
    ...postponed(context, change(context, event)),
    stalls: event.type === 'resumed' ? context.stalls + 1 : 0,
    ...(context.deferred && { deferred: null }),
  };
}

function change(context: InvocationContext, event: Exclude<InvocationEvent, Deferred>): Partial<InvocationContext> {
  switch (event.type) {
    case 'invoked': {
      const { invocation, definition, agent_id, version, code } = event;
      return { invocation, definition, agent_id, version, facts: invocation.facts, ...(code && { code }) };
    }
    case 'admitted': {
      const { verdicts, remaining } = event;
      return { verdicts, remaining, claims: context.claims + 1, ...deadlineFrom(context, event.deadline) };
    }
    case 'refused':
      return { verdicts: event.verdicts, error: { code: 'admission.refused', message: firstFailure(event.verdicts) } };
    case 'resumed':
      return { claims: context.claims + 1 };
    case 'model.replied':
      return replied(context, event);
    case 'model.failed':
      return {
        ...unanswered(context, event),
        error: event.error,
        timers: { ...context.timers, retry: event.retry },
        ...(event.escalation && { escalation: event.escalation }),
      };
    case 'timer.fired':
      return { fired: event.name, ...fired(context, event.name) };
    case 'deadline.moved':
      return { fired: event.from, timers: { ...context.timers, deadline: event.to } };
    case 'tool.settled':
      return settled(context, event);
    case 'child.reported':
      return reported(context, event);
    case 'escalated': {
      const { escalation } = event;
      return { escalation, ...(escalation.task && asked(context, escalation.task)) };
    }
    case 'human.decided':
      return decided(context, event);
    case 'failed': {
      // What ran locally is run anew, should the invocation go on one day; what was delegated is still awaited.
      const timers = { ...context.timers, retry: null };
      return { error: event.error, timers, turns: haltLocal(context), ...(event.task && asked(context, event.task)) };
    }
    case 'retried':
      return { error: null, ...countsAnew(context), corrections: 0, ...deadlineFrom(context, event.deadline) };
    case 'cancelled': {
      const { by, reason } = event;
      return { cancelled: { by, reason }, error: { code: 'run.cancelled', message: `${by}: ${reason}` } };
    }
    case 'completed':
      return {};
  }
}

function fired(context: InvocationContext, name: string): Partial<InvocationContext> {
  if (dueTimer(context)?.name === name) return expired(context);
  if (isDeadline(context, name)) {
    const message = `it did not end by ${context.timers.deadline?.at ?? ''}`;
    return { error: { code: 'budget.deadline', message }, timers: { ...context.timers, retry: null, deadline: null } };
  }
  return { timers: { ...context.timers, retry: null }, error: null };
}

function deadlineFrom(context: InvocationContext, deadline: Timer | undefined): Partial<InvocationContext> {
  return deadline ? { deadline: deadline.at, timers: { ...context.timers, deadline } } : {};
}

function replied(context: InvocationContext, event: Replied): Partial<InvocationContext> {
  const sentBack = isCorrection(event) || breaksEnforce(event);
  const turn: TurnState = {
    ordinal: event.ordinal,
    content: event.content,
    ...(event.prompt.sent && { asked: event.prompt.sent.model }),
    ...(event.prompt.bounds && { bound: event.prompt.fitted ? null : event.prompt.bounds.result }),
    calls: event.calls.map(judged),
    correction: sentBack && event.calls.length === 0 ? firstFailure(event.verdicts) : null,
    remark: null,
  };
  return {
    ordinal: event.calls.at(-1)?.ordinal ?? event.ordinal,
    turns: [...context.turns, turn],
    delegations: context.delegations + event.calls.filter((call) => call.delegate).length,
    usage: addUsage(context.usage, { turns: 1, ...event.usage }),
    cost_usd: context.cost_usd + (event.cost_usd ?? 0),
    model: event.model,
    ...countsAnew(context),
    ...(context.waits !== undefined && { waits: 0 }),
    report: event.report,
    escalation: event.escalation,
    corrections: sentBack ? context.corrections + 1 : 0,
    verdicts: event.verdicts,
  };
}

function judged(call: JudgedCall): CallState {
  const refused = call.verdicts.some((verdict) => !verdict.ok);
  return {
    ...call,
    status: refused ? 'error' : 'pending',
    result: refused ? firstFailure(call.verdicts) : null,
    created: null,
  };
}

function settled(context: InvocationContext, event: Of<'tool.settled'>): Partial<InvocationContext> {
  const { ordinal, ok, result, created, fact } = event;
  const turns = withCall(context, (call) => call.ordinal === ordinal, { status: ok ? 'ok' : 'error', result, created });
  // A fact handed down by the parent is never overridden.
  if (fact === null || Object.hasOwn(context.invocation?.facts ?? {}, fact)) return { turns };
  const known = context.facts[fact];
  const changed = known === undefined || canonicalJson(known) !== canonicalJson(result);
  return {
    turns,
    facts: { ...context.facts, [fact]: result },
    fact_changes: context.fact_changes + (changed ? 1 : 0),
  };
}

function reported(
  context: InvocationContext,
  { path, report, denied }: Of<'child.reported'>,
): Partial<InvocationContext> {
  const ok = report.outcome === 'completed';
  const why = report.error ? `${report.error.code}: ${report.error.message}` : report.text;
  return {
    // What ended it before stays what ended it.
    ...(denied && context.error === null && { error: denied }),
    children: [...context.children, report],
    turns: withCall(context, (call) => call.delegate?.path === path, {
      status: ok ? 'ok' : 'error',
      result: ok
        ? { agent: report.agent, outcome: report.outcome, text: report.text, data: report.data }
        : `${report.agent} ${report.outcome}: ${why}`,
    }),
  };
}

/** The calls that may start now: pending reads all at once; the rest in block order, each when the one before it settled. */
export function startable(context: InvocationContext): CallState[] {
  const calls = context.turns.at(-1)?.calls ?? [];
  const reads = calls.filter((call) => call.kind === 'read' && call.status === 'pending');
  const next = calls.find((call) => call.kind !== 'read' && !isSettled(call));
  return next?.status === 'pending' ? [...reads, next] : reads;
}

export function markRunning(context: InvocationContext, starting: CallState[]): TurnState[] {
  return withCall(context, (call) => starting.includes(call), { status: 'running' });
}

/** Local calls that run, set back to pending. */
function haltLocal(context: InvocationContext): TurnState[] {
  return withCall(context, (call) => call.status === 'running' && call.kind !== 'delegate', { status: 'pending' });
}

export function runningCalls(context: InvocationContext): CallState[] {
  return (context.turns.at(-1)?.calls ?? []).filter((call) => call.status === 'running');
}

/** Whether the delegation with this path is running. */
export function isAwaited(context: InvocationContext, path: string): boolean {
  return runningCalls(context).some(({ delegate }) => delegate?.path === path);
}

export function allSettled(context: InvocationContext): boolean {
  return (context.turns.at(-1)?.calls ?? []).every(isSettled);
}

/** A turn that the runtime sends back: no report where one is due, an invalid one, or calls of which none can be made. */
export function isCorrection(event: Replied): boolean {
  return ['report.present', 'report.valid', 'calls.understood'].some((rule) => fails(event, rule));
}

export function fails(event: Replied, rule: string): boolean {
  return event.verdicts.some((verdict) => verdict.rule === rule && !verdict.ok);
}

/** The first failing verdict, as a tool error or a refusal says it. */
export function firstFailure(verdicts: Verdict[]): string {
  const failing = verdicts.find((verdict) => !verdict.ok);
  return failing ? `${failing.rule}: ${failing.reason}` : '';
}

function isSettled(call: CallState): boolean {
  return call.status === 'ok' || call.status === 'error';
}

function withCall(
  context: InvocationContext,
  which: (call: CallState) => boolean,
  change: Partial<CallState>,
): TurnState[] {
  return context.turns.map((turn) => ({
    ...turn,
    calls: turn.calls.map((call) => (which(call) ? { ...call, ...change } : call)),
  }));
}
