/** How each journaled event changes an invocation's context. Plain functions: the machine decides when they apply. */
import type { CallState, InvocationContext, TurnState } from '../../runtime/context/invocation.ts';
import type { InvocationEvent, JudgedCall, Verdict } from '../../runtime/journal/entry.ts';
import { addUsage } from '../../runtime/report.ts';

type Of<T extends InvocationEvent['type']> = Extract<InvocationEvent, { type: T }>;
type Replied = Of<'model.replied'>;

/** What `event` makes of the context; the machine has already decided that it applies. */
export function take(context: InvocationContext, event: InvocationEvent): Partial<InvocationContext> {
  return { ...change(context, event), stalls: event.type === 'resumed' ? context.stalls + 1 : 0 };
}

function change(context: InvocationContext, event: InvocationEvent): Partial<InvocationContext> {
  switch (event.type) {
    case 'invoked': {
      const { invocation, definition, agent_id, version } = event;
      return { invocation, definition, agent_id, version, facts: invocation.facts };
    }
    case 'admitted':
      return { verdicts: event.verdicts, remaining: event.remaining, claims: context.claims + 1 };
    case 'refused':
      return { verdicts: event.verdicts, error: { code: 'admission.refused', message: inWords(event.verdicts) } };
    case 'resumed':
      return { claims: context.claims + 1 };
    case 'model.replied':
      return replied(context, event);
    case 'model.failed':
      return { failures: context.failures + 1, error: event.error, timer: event.retry };
    case 'timer.fired':
      return { timer: null, fired: event.name, error: null };
    case 'tool.settled':
      return settled(context, event);
    case 'child.reported':
      return reported(context, event);
    case 'escalated':
      return { escalation: event.escalation };
    case 'failed':
      // What ran locally is run anew, should the invocation go on one day; what was delegated is still awaited.
      return { error: event.error, timer: null, turns: haltLocal(context) };
    case 'retried':
      return { error: null, failures: 0, corrections: 0 };
    case 'completed':
      return {};
  }
}

function replied(context: InvocationContext, event: Replied): Partial<InvocationContext> {
  const sentBack = isCorrection(event);
  const turn: TurnState = {
    ordinal: event.ordinal,
    content: event.content,
    calls: event.calls.map(judged),
    correction: sentBack && event.calls.length === 0 ? inWords(event.verdicts) : null,
  };
  return {
    ordinal: event.calls.at(-1)?.ordinal ?? event.ordinal,
    turns: [...context.turns, turn],
    delegations: context.delegations + event.calls.filter((call) => call.delegate).length,
    usage: addUsage(context.usage, { turns: 1, ...event.usage }),
    model: event.model,
    failures: 0,
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
    result: refused ? inWords(call.verdicts) : null,
    created: null,
  };
}

function settled(context: InvocationContext, event: Of<'tool.settled'>): Partial<InvocationContext> {
  const { ordinal, ok, result, created, fact } = event;
  const inherited = context.invocation?.facts ?? {};
  return {
    turns: withCall(context, (call) => call.ordinal === ordinal, { status: ok ? 'ok' : 'error', result, created }),
    // A fact handed down by the parent is never overridden.
    facts: fact === null || fact in inherited ? context.facts : { ...context.facts, [fact]: result },
  };
}

function reported(context: InvocationContext, { path, report }: Of<'child.reported'>): Partial<InvocationContext> {
  const ok = report.outcome === 'completed';
  const why = report.error ? `${report.error.code}: ${report.error.message}` : report.text;
  return {
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

export function allSettled(context: InvocationContext): boolean {
  return (context.turns.at(-1)?.calls ?? []).every(isSettled);
}

/** A turn that the runtime sends back: no report where one is due, or an invalid one. */
export function isCorrection(event: Replied): boolean {
  return fails(event, 'report.present') || fails(event, 'report.valid');
}

export function fails(event: Replied, rule: string): boolean {
  return event.verdicts.some((verdict) => verdict.rule === rule && !verdict.ok);
}

/** The first failing verdict, as a tool error or a refusal says it. */
export function inWords(verdicts: Verdict[]): string {
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
