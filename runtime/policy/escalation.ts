import type { InvocationContext } from '../context/invocation.ts';
import type { ResolvedAgent } from '../definitions/resolved.ts';
import type { EscalationRule } from '../definitions/schema.ts';
import { own } from '../definitions/words.ts';
import type { JudgedCall, Verdict } from '../journal/entry.ts';
import type { Condition } from '../pack.ts';
import { approvalOf, approvedBy } from './coverage.ts';
import { evaluate, evidenceOf } from './expression.ts';
import { fails, holds } from './verdict.ts';
import { type Act, expressionView, isNamed, policyView, type Report } from './view.ts';

/**
 * Which rules stop a turn before it takes effect. A rule is asked when the turn does something that it is asked `before`;
 * one that cannot be decided counts as holding: a person sees one case too many rather than one too few. What a person has
 * approved asks no second time, as long as it is unchanged. Pure.
 */
export interface Escalating {
  resolved: ResolvedAgent;
  /** The fold before the turn. */
  state: InvocationContext;
  /** Conditions that code decides, by name. */
  conditions: Record<string, Condition>;
}

/** A rule that hands over: its name, to whom, and why. */
export interface Raised {
  rule: string;
  target: 'human' | 'parent';
  reason: string;
}

/** What the rules said; the verdict of a rule that hands over is not ok. */
export interface Found {
  verdicts: Verdict[];
  raised: Raised[];
}

const EFFECTS: ReadonlySet<JudgedCall['kind']> = new Set(['emit', 'store', 'delegate', 'report']);

/** The agent's escalation rules that code or an expression decides, in the file's order; each holding one is raised. */
export function escalationsBefore(escalating: Escalating, acts: readonly Act[], report: Report | null): Found {
  const { resolved, state } = escalating;
  const found: Found = { verdicts: [], raised: [] };
  for (const rule of resolved.definition.autonomy.escalation_rules) {
    if (!isDecided(escalating, rule)) continue;
    const { before, condition, target } = rule;
    const asked = acts.filter((act) => (before === undefined ? EFFECTS.has(act.kind) : isNamed(before, act)));
    if (asked.length === 0) continue;
    const evidence = evidenceFor(escalating, rule, asked, report);
    const id = `escalation.${condition}`;
    if (evidence === null) {
      found.verdicts.push(holds(id));
      continue;
    }
    const approval = target === 'human' ? approvalOf(state, { rule: condition, acts: asked, exactly: false }) : null;
    if (approval !== null) {
      found.verdicts.push({ ...holds(id), reason: approvedBy(approval) });
      continue;
    }
    const reason = evidence === '' ? rule.reason : `${rule.reason}: ${evidence}`;
    found.verdicts.push(fails(id, reason));
    found.raised.push({ rule: condition, target, reason });
  }
  return found;
}

/** Rules that neither an expression nor code decided when the agent was loaded are the model's alone. */
function isDecided({ resolved }: Escalating, { when, condition }: EscalationRule): boolean {
  return when !== undefined || resolved.decided_conditions.includes(condition);
}

/** Null when the rule does not hold, else why it does; empty when its reason says it all. */
function evidenceFor(
  { resolved, state, conditions }: Escalating,
  { when, condition }: EscalationRule,
  asked: readonly Act[],
  report: Report | null,
): string | null {
  if (when === undefined) return conditionEvidence(own(conditions, condition), () => policyView(resolved, state));
  for (const act of asked) {
    const view = expressionView(resolved, state, act, report);
    const answer = evaluate(when, view);
    if (answer === true) return evidenceOf(when, view).join(', ');
    if (answer !== false) return answer.undecided;
  }
  return null;
}

function conditionEvidence(decide: Condition | undefined, view: () => Parameters<Condition>[0]): string | null {
  if (!decide) return 'could not be decided: this release has no code for the condition';
  try {
    return decide(view());
  } catch (error) {
    return `could not be decided: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** `requires_human_approval` names tools, or `report`: each of them that the turn does is asked about. */
export function approvalsBefore({ resolved, state }: Escalating, acts: readonly Act[]): Found {
  const found: Found = { verdicts: [], raised: [] };
  for (const name of new Set(resolved.definition.autonomy.requires_human_approval)) {
    const asked = acts.filter((act) => isNamed([name], act));
    if (asked.length === 0) continue;
    const rule = `approval.${name}`;
    const approval = approvalOf(state, { rule, acts: asked, exactly: true });
    if (approval !== null) {
      found.verdicts.push({ ...holds(rule), reason: approvedBy(approval) });
      continue;
    }
    const reason = `${name} needs a person’s approval`;
    found.verdicts.push(fails(rule, reason));
    found.raised.push({ rule, target: 'human', reason });
  }
  return found;
}

/** The first admitted `escalate` call of the turn, by the rule that it names. Its input schema admits only such rules. */
export function raisedByModel(resolved: ResolvedAgent, acts: readonly Act[]): Raised[] {
  for (const { kind, input } of acts) {
    if (kind !== 'escalate') continue;
    const { condition, reason } = input as { condition?: unknown; reason?: unknown };
    const rule = resolved.definition.autonomy.escalation_rules.find((one) => one.condition === condition);
    if (!rule) continue;
    const found = typeof reason === 'string' && reason !== '' ? `${rule.reason}: ${reason}` : rule.reason;
    return [{ rule: rule.condition, target: rule.target, reason: found }];
  }
  return [];
}
