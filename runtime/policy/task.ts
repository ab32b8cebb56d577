import type { InvocationContext } from '../context/invocation.ts';
import type { ResolvedAgent } from '../definitions/resolved.ts';
import { subjectOf } from '../definitions/subject.ts';
import type { HumanTask, OnExpiry } from '../journal/entry.ts';
import { durationMs, isBudget } from './budget.ts';

export interface TaskToOpen {
  resolved: ResolvedAgent;
  /** The fold before the event that opens it. */
  state: InvocationContext;
  kind: HumanTask['kind'];
  /** All rules that ask: conditions of escalation rules, `approval.…`, `enforce.…`, `budget.…`, `activation.quarantined`. */
  rules: string[];
  question: string;
  /** ISO time. */
  now: string;
}

/** From the most to the least careful: when several rules ask, the most careful one says what happens at expiry. */
const CAREFUL: OnExpiry[] = ['refuse', 'escalate', 'approve'];

/**
 * A question to a person, on the terms of the rules that ask it, and for what they leave open on those of the agent. Of
 * several rules, the first that names who decides counts, the shortest time, and the most careful outcome. Pure.
 */
export function newTask({ resolved, state, kind, rules, question, now }: TaskToOpen): HumanTask {
  const { escalation_rules, human } = resolved.definition.autonomy;
  const asking = rules.map((name) => escalation_rules.find(({ condition }) => condition === name));
  const named = asking.find((rule) => rule?.decides)?.decides ?? human?.decides;
  const times = asking.flatMap((rule) => rule?.due ?? human?.due ?? []).map(durationMs);
  const outcomes = asking.map((rule) => rule?.on_expiry ?? human?.on_expiry ?? 'refuse');
  const { run, path } = state.invocation?.address ?? { run: '', path: '' };
  return {
    id: `${run}.${path}.${state.tasks.length + 1}`,
    kind,
    rules,
    question,
    decides: {
      name: named?.fact === undefined ? null : subjectOf(named.fact, state.facts),
      role: named?.role ?? 'operator',
    },
    opened: now,
    // What has failed stays until somebody looks at it.
    due:
      times.length === 0 || kind === 'quarantine' ? null : new Date(Date.parse(now) + Math.min(...times)).toISOString(),
    on_expiry: outcomeOf(kind === 'approval' && !rules.some(isBudget), outcomes),
  };
}

/** Silence approves what an agent wants to do, when its definition says so; never a broken rule, and never more money. */
function outcomeOf(mayApprove: boolean, outcomes: OnExpiry[]): OnExpiry {
  const careful = CAREFUL.find((outcome) => outcomes.includes(outcome)) ?? 'refuse';
  return !mayApprove && careful === 'approve' ? 'refuse' : careful;
}
