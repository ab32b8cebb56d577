import { canonicalJson } from '../canonical.ts';
import type { InvocationContext, TaskState } from '../context/invocation.ts';
import { failing } from './verdict.ts';
import type { Act } from './view.ts';

/**
 * Whether a person has already approved what a rule asks about. An approval answers the rules that its question named, and
 * holds as long as what was approved is unchanged: the facts, and the inputs of the calls that the person saw (edited ones
 * as edited). What nobody saw is asked about again; only the report of what was approved is taken to be approved with it.
 * Pure.
 */
export interface Asked {
  rule: string;
  /** What the rule is asked before, of the turn that is judged. */
  acts: readonly Act[];
  /** Whether only what was approved itself is covered, and not the report of it. */
  exactly: boolean;
}

/** Calls that a person can look at for what the report will tell. */
const EFFECTS: Partial<Record<Act['kind'], true>> = { emit: true, store: true, delegate: true };

/** The approval that covers it; null when a person must be asked. */
export function approvalOf(state: InvocationContext, { rule, acts, exactly }: Asked): TaskState | null {
  const covers = (task: TaskState): boolean => {
    if (!isApproved(task) || !task.rules.includes(rule) || task.facts !== state.fact_changes) return false;
    const approved = (state.turns.find(({ ordinal }) => ordinal === task.turn)?.calls ?? []).filter(
      ({ verdicts }) => !failing(verdicts),
    );
    return acts.every((act) => {
      const namesakes = approved.filter(({ name }) => name === act.name);
      if (namesakes.length === 0)
        return !exactly && act.kind === 'report' && approved.some(({ kind }) => kind in EFFECTS);
      const input = canonicalJson(act.input);
      return namesakes.some((call) => canonicalJson(call.input) === input);
    });
  };
  return state.tasks.findLast(covers) ?? null;
}

/** Whether a person approved it, as it was or edited, or nobody objected where the rule takes that for a yes. */
export function isApproved({ decision, expired, on_expiry }: TaskState): boolean {
  if (decision !== null) return decision.answer === 'approve' || decision.answer === 'edit';
  return expired && on_expiry === 'approve';
}

/** Who approved, in words: for the verdict of a rule that is covered. */
export function approvedBy({ id, decision }: TaskState): string {
  return decision === null ? `approved by default when ${id} expired` : `approved by ${decision.by} in ${id}`;
}
