import type { InvocationContext } from '../context/invocation.ts';
import type { ResolvedAgent } from '../definitions/resolved.ts';
import type { EnforceRule } from '../definitions/schema.ts';
import { own } from '../definitions/words.ts';
import type { InvocationEvent, Verdict } from '../journal/entry.ts';
import type { Check, CheckView, Warning } from '../pack.ts';
import { type Answer, evaluate } from './expression.ts';
import { fails, holds } from './verdict.ts';
import { type Act, checkView, expressionView, isNamed, type Report } from './view.ts';

/**
 * What must hold before a call or the report takes effect. It fails closed: a rule that cannot be decided refuses, and says
 * why. What it refuses is a tool error with the rule's message, which the model may correct. Pure.
 */
const PREFIX = 'enforce.';

export interface Enforcing {
  resolved: ResolvedAgent;
  /** The fold before the turn. */
  state: InvocationContext;
  /** Checks of the pack, by the rule's id. */
  checks: Record<string, Check>;
  /** All calls of the turn; none for a report in text only. */
  proposed?: CheckView['proposed'];
}

/** The verdict of every rule that names this act, in the file's order. */
export function enforceBefore(
  { resolved, state, checks, proposed = [] }: Enforcing,
  act: Act,
  report: Report | null,
): Verdict[] {
  const rules = (resolved.definition.autonomy.enforce ?? []).filter(({ before }) => isNamed(before, act));
  if (rules.length === 0) return [];
  const forChecks = checkView(resolved, state, act, report, proposed);
  const forExpressions = expressionView(resolved, state, act, report);
  return rules.map((rule): Verdict => {
    const found =
      rule.require === undefined
        ? askCheck(rule, () => own(checks, rule.id)?.(forChecks))
        : askExpression(evaluate(rule.require, forExpressions));
    const id = `${PREFIX}${rule.id}`;
    if (found === null) return holds(id);
    if (isWarning(found)) return { ...holds(id), reason: `warning: ${found.warning}` };
    return fails(id, found === '' ? rule.message : `${rule.message} (${String(found)})`);
  });
}

/** Anything else that a check returns refuses. */
function isWarning(found: string | Warning): found is Warning {
  return typeof (found as Partial<Warning>).warning === 'string';
}

/** Null when it holds, else what was found; empty when the message says it all. */
function askExpression(answer: Answer): string | null {
  if (answer === true) return null;
  return answer === false ? '' : answer.undecided;
}

function askCheck({ id }: EnforceRule, check: () => ReturnType<Check> | undefined): ReturnType<Check> {
  try {
    const found = check();
    return found === undefined ? `could not be decided: this release has no check ${id}` : found;
  } catch (error) {
    return `could not be decided: ${error instanceof Error ? error.message : String(error)}`;
  }
}

type ModelReplied = Extract<InvocationEvent, { type: 'model.replied' }>;

/** The `enforce` rules that a turn breaks, each once, by the rule ids of their verdicts. */
export function brokenBy({ calls, verdicts }: Pick<ModelReplied, 'calls' | 'verdicts'>): Verdict[] {
  const broken = [...calls.flatMap((call) => call.verdicts), ...verdicts].filter(
    ({ rule, ok }) => !ok && rule.startsWith(PREFIX),
  );
  return broken.filter(({ rule }, at) => broken.findIndex((one) => one.rule === rule) === at);
}

/** A turn that breaks an `enforce` rule counts as one that the runtime sent back. */
export function breaksEnforce(event: Pick<ModelReplied, 'calls' | 'verdicts'>): boolean {
  return brokenBy(event).length > 0;
}
