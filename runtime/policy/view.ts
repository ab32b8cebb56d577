import type { InvocationContext } from '../context/invocation.ts';
import type { ResolvedAgent } from '../definitions/resolved.ts';
import type { JudgedCall } from '../journal/entry.ts';
import type { Json } from '../json.ts';
import type { CallCount, CheckView, PolicyView } from '../pack.ts';
import type { ExpressionView } from './expression.ts';
import { failing } from './verdict.ts';

/**
 * What rules look at, made from the fold before the turn that is judged. Every tool of the agent has a count, 0 when it
 * was not called. Pure.
 */

/** Something of a turn that is about to take effect: an admitted call, or the report of a turn without calls. */
export interface Act {
  /** The tool's name; `report` for a report in text only. */
  name: string;
  kind: JudgedCall['kind'];
  input: Json;
  call: JudgedCall | null;
}

export type Report = { text: string; data: Json };

export function actOf(call: JudgedCall): Act {
  return { name: call.name, kind: call.kind, input: call.input, call };
}

export function textReport(report: Report): Act {
  return { name: 'report', kind: 'report', input: { ...report }, call: null };
}

/** Whether a list of names in a definition means this: by its tool's name, or `report` for every kind of report. */
export function isNamed(names: readonly string[], { name, kind }: Pick<Act, 'name' | 'kind'>): boolean {
  return names.includes(name) || (kind === 'report' && names.includes('report'));
}

interface Counted extends PolicyView {
  calls: Record<string, CallCount>;
}

interface Seen {
  resolved: ResolvedAgent;
  policy: Counted;
  done: Record<string, { input: Json; result: Json }>;
}

/** Folds are never changed in place, so what rules see of one is made once, for all rules and all acts of a turn. */
const seen = new WeakMap<InvocationContext, Seen>();

function seenOf(resolved: ResolvedAgent, state: InvocationContext): Seen {
  const known = seen.get(state);
  if (known?.resolved === resolved) return known;
  const made = { resolved, policy: countedView(resolved, state), done: doneOf(state) };
  seen.set(state, made);
  return made;
}

export function policyView(resolved: ResolvedAgent, state: InvocationContext): PolicyView {
  return seenOf(resolved, state).policy;
}

/** A call that policy refused, or a person sent back, never ran: it was attempted, but neither succeeded nor failed. */
function countedView(resolved: ResolvedAgent, state: InvocationContext): Counted {
  const calls: Counted['calls'] = {};
  for (const { name } of resolved.tools) calls[name] = { attempted: 0, succeeded: 0, failed: 0 };
  const sentBack = new Set(state.tasks.flatMap(({ turn, decision }) => (decision?.answer === 'ask_again' ? turn : [])));
  for (const turn of state.turns) {
    for (const { name, status, verdicts } of turn.calls) {
      const count = Object.hasOwn(calls, name) ? calls[name] : undefined;
      if (!count) continue;
      count.attempted += 1;
      if (status === 'ok') count.succeeded += 1;
      if (status === 'error' && !failing(verdicts) && !sentBack.has(turn.ordinal)) count.failed += 1;
    }
  }
  return {
    agent: resolved.definition.metadata.name,
    subject: state.invocation?.subject ?? null,
    as_of: state.invocation?.as_of ?? '',
    facts: state.facts,
    calls,
    input: state.invocation?.payload ?? {},
  };
}

/** `proposed`: the calls of the turn that is judged. */
export function checkView(
  resolved: ResolvedAgent,
  state: InvocationContext,
  act: Act,
  report: Report | null,
  proposed: CheckView['proposed'],
): CheckView {
  const call = act.call === null ? null : { name: act.name, input: act.input };
  const { policy, done } = seenOf(resolved, state);
  return { ...policy, call, report, proposed, done };
}

export function expressionView(
  resolved: ResolvedAgent,
  state: InvocationContext,
  act: Act,
  report: Report | null,
): ExpressionView {
  const { policy, done } = seenOf(resolved, state);
  const { calls, facts, input: payload } = policy;
  const counts = Object.entries(calls);
  return {
    facts,
    payload,
    input: act.input,
    report,
    calls: Object.fromEntries(counts.map(([name, { succeeded }]) => [name, succeeded])),
    attempts: Object.fromEntries(counts.map(([name, { succeeded, failed }]) => [name, succeeded + failed])),
    done,
  };
}

function doneOf(state: InvocationContext): Record<string, { input: Json; result: Json }> {
  const succeeded = state.turns.flatMap((turn) => turn.calls).filter(({ status }) => status === 'ok');
  return Object.fromEntries(succeeded.map(({ name, input, result }) => [name, { input, result }]));
}
