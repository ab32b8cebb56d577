import type { InvocationContext } from '../context/invocation.ts';
import type { ResolvedAgent } from '../definitions/resolved.ts';
import type { Escalation, JudgedCall, Verdict } from '../journal/entry.ts';
import type { Condition, PolicyView } from '../pack.ts';
import { failing, fails, holds } from './verdict.ts';

/** What the rules said, and the escalation that follows; the verdict of a rule that escalates is not ok. */
export interface Decision {
  verdicts: Verdict[];
  escalation: Escalation | null;
}

/**
 * The agent's escalation rules that code decides, all of them, in the file's order; the first that holds escalates. A
 * condition that cannot be decided counts as holding: a person sees one case too many rather than one too few.
 */
export function escalationsBefore(
  resolved: ResolvedAgent,
  state: InvocationContext,
  conditions: Record<string, Condition>,
): Decision {
  const view = policyView(resolved, state);
  const decision: Decision = { verdicts: [], escalation: null };
  for (const { condition, target, reason } of resolved.definition.autonomy.escalation_rules) {
    const decide = Object.hasOwn(conditions, condition) ? conditions[condition] : undefined;
    if (!decide && !resolved.decided_conditions.includes(condition)) continue;
    const evidence = evidenceOf(decide, view);
    const rule = `escalation.${condition}`;
    if (evidence === null) {
      decision.verdicts.push(holds(rule));
    } else {
      const found = `${reason}: ${evidence}`;
      decision.verdicts.push(fails(rule, found));
      decision.escalation ??= { rule: condition, target, reason: found };
    }
  }
  return decision;
}

function evidenceOf(decide: Condition | undefined, view: PolicyView): string | null {
  if (!decide) return 'could not be decided: this release has no code for the condition';
  try {
    return decide(view);
  } catch (error) {
    return `could not be decided: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** `requires_human_approval` names tools, or `report`. */
export function approvalsBefore(resolved: ResolvedAgent, effects: string[], reports: boolean): Decision {
  const needed = resolved.definition.autonomy.requires_human_approval;
  const name = needed.find((one) => effects.includes(one) || (reports && one === 'report'));
  if (name === undefined) return { verdicts: [], escalation: null };
  const rule = `approval.${name}`;
  const reason = `${name} needs a person’s approval`;
  return { verdicts: [fails(rule, reason)], escalation: { rule, target: 'human', reason } };
}

/** The first admitted `escalate` call of the turn, by the rule that it names. Its input schema admits only such rules. */
export function raisedByModel(resolved: ResolvedAgent, admitted: JudgedCall[]): Decision {
  for (const { kind, input } of admitted) {
    if (kind !== 'escalate') continue;
    const { condition, reason } = input as { condition?: unknown; reason?: unknown };
    const rule = resolved.definition.autonomy.escalation_rules.find((one) => one.condition === condition);
    if (!rule) continue;
    const found = typeof reason === 'string' && reason !== '' ? `${rule.reason}: ${reason}` : rule.reason;
    return { verdicts: [], escalation: { rule: rule.condition, target: rule.target, reason: found } };
  }
  return { verdicts: [], escalation: null };
}

/**
 * What a condition looks at. Every tool of the agent has a count, 0 when it was not called. A call that policy refused
 * never ran: it was attempted, but neither succeeded nor failed.
 */
function policyView(resolved: ResolvedAgent, state: InvocationContext): PolicyView {
  const calls: PolicyView['calls'] = {};
  for (const { name } of resolved.tools) calls[name] = { attempted: 0, succeeded: 0, failed: 0 };
  for (const call of state.turns.flatMap((turn) => turn.calls)) {
    const count = Object.hasOwn(calls, call.name) ? calls[call.name] : undefined;
    if (!count) continue;
    count.attempted += 1;
    if (call.status === 'ok') count.succeeded += 1;
    if (call.status === 'error' && !failing(call.verdicts)) count.failed += 1;
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
