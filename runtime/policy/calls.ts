import { childPath, ROOT_PATH } from '../address.ts';
import type { InvocationContext } from '../context/invocation.ts';
import type { ResolvedAgent, ResolvedTool } from '../definitions/resolved.ts';
import type { Grant, JudgedCall, Verdict } from '../journal/entry.ts';
import type { Json } from '../json.ts';
import type { Check, CheckView } from '../pack.ts';
import { isUnlimited, splitAmong } from './budget.ts';
import { enforceBefore } from './enforce.ts';
import { failing, fails, holds } from './verdict.ts';
import { actOf, type Report } from './view.ts';

/** What each call of a turn is judged by, when a model makes it and again when a person edits it. Pure. */
export interface Judging {
  resolved: ResolvedAgent;
  /** The fold before the turn. Admitted delegations are numbered below its invocation's path. */
  state: InvocationContext;
  /** What is wrong with a call's input by its tool's schema, null when nothing is. */
  validate(tool: ResolvedTool, input: Json): string | null;
  /** Checks of `enforce` rules that code decides, by the rule's id. */
  checks: Record<string, Check>;
  /** All calls of the turn, which checks may look at. */
  proposed?: CheckView['proposed'];
  /** The admission verdicts of starting this agent from here. */
  admitDelegate(agent: string): Verdict[];
}

/**
 * The verdicts of one call, `also` those that depend on its turn. The agent's own rules are asked about a call that would
 * be made otherwise: they may rely on a valid input.
 */
export function callVerdicts(judging: Judging, call: JudgedCall, also: Verdict[] = []): Verdict[] {
  const { resolved, validate, admitDelegate } = judging;
  const tool = resolved.tools.find(({ name }) => name === call.name);
  if (!tool) {
    const known = resolved.tools.map((one) => one.name).join(', ') || 'none';
    return [fails('tool.known', `there is no tool ${call.name}; your tools are: ${known}`)];
  }
  const invalid = validate(tool, call.input);
  const verdicts = [
    holds('tool.known'),
    ...also,
    invalid === null ? holds('input.valid') : fails('input.valid', invalid),
    ...(tool.delegate === undefined ? [] : admitDelegate(tool.delegate)),
  ];
  if (failing(verdicts)) return verdicts;
  const report = tool.kind === 'report' ? submission(call.input) : null;
  return [...verdicts, ...enforceBefore(judging, actOf(call), report)];
}

/** The input of `submit_report`, as its schema admitted it: `{text, data}`. */
export function submission(input: Json): Report {
  const { text, data } = input as { text: string; data?: Json };
  return { text, data: data ?? null };
}

/**
 * Numbers the admitted delegations that have no path yet, after the invocation's last one, and splits what is left of the
 * budget among them. One for which nothing is left is refused, and takes no number.
 */
export function placeDelegations({ resolved, state }: Judging, calls: JudgedCall[], remaining: Grant): JudgedCall[] {
  const agentOf = ({ name }: JudgedCall) => resolved.tools.find((tool) => tool.name === name)?.delegate;
  const isNew = (call: JudgedCall) => agentOf(call) !== undefined && !call.delegate && !failing(call.verdicts);
  const grants = splitAmong(remaining, calls.filter(isNew).length);
  const path = state.invocation?.address.path ?? ROOT_PATH;
  let nth = state.delegations;
  return calls.map((call): JudgedCall => {
    const agent = agentOf(call);
    if (agent === undefined || !isNew(call)) return call;
    const grant = grants.shift();
    if (!grant) return { ...call, verdicts: refused(call.verdicts, resolved) };
    nth += 1;
    const delegate = { agent, path: childPath(path, nth), ...(!isUnlimited(remaining) && { grant }) };
    return { ...call, delegate };
  });
}

function refused(verdicts: Verdict[], { definition }: ResolvedAgent): Verdict[] {
  const reason = `nothing is left of the budget that ${definition.metadata.name} could hand on: go on without it`;
  return [...verdicts.filter(({ rule }) => rule !== 'budget.left'), fails('budget.left', reason)];
}
