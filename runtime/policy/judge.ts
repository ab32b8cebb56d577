import { childPath, ROOT_PATH } from '../address.ts';
import type { InvocationContext } from '../context/invocation.ts';
import type { ResolvedAgent, ResolvedTool } from '../definitions/resolved.ts';
import type { Escalation, InvocationEvent, JudgedCall, Verdict } from '../journal/entry.ts';
import type { Json } from '../json.ts';
import type { ModelReply, ToolUseBlock } from '../model/provider.ts';
import type { Condition } from '../pack.ts';
import { failing, fails, holds } from './verdict.ts';
import { approvalsBefore, type Decision, escalationsBefore, raisedByModel } from './escalation.ts';

/**
 * Judges a model turn before any of it takes effect, and puts every answer into the event that is journaled: guards read
 * it there and never ask again.
 *
 * 1. Each call is judged by itself; a refused one is a tool error and stops no other.
 * 2. Nothing that takes effect (emit, store, delegate, report) does so before every escalation rule was asked.
 * 3. A report ends the turn, so it stands alone in it.
 */
export const MAX_TURNS = 40;

export type ModelReplied = Extract<InvocationEvent, { type: 'model.replied' }>;

export interface TurnToJudge {
  resolved: ResolvedAgent;
  /** The fold before this turn. Admitted delegations are numbered below its invocation's path. */
  state: InvocationContext;
  reply: ModelReply;
  prompt: { composer: number; digest: string };
  /** What is wrong with a call's input by its tool's schema, null when nothing is. */
  validate(tool: ResolvedTool, input: Json): string | null;
  /** Conditions that code decides, by name. */
  conditions: Record<string, Condition>;
  /** The admission verdicts of starting this agent from here. */
  admitDelegate(agent: string): Verdict[];
}

export function judgeTurn(turn: TurnToJudge): ModelReplied {
  const { state, reply, prompt } = turn;
  const ordinal = state.ordinal + 1;
  const calls = judgeCalls(turn, ordinal);
  const proposed = reportOf(turn, calls);
  const decided = escalationOf(turn, calls, proposed.report !== null);
  const report = decided.escalation === null ? proposed.report : null;
  const ended = report !== null || decided.escalation !== null;
  return {
    type: 'model.replied',
    ordinal,
    model: reply.model,
    content: reply.content,
    stop_reason: reply.stop_reason,
    usage: reply.usage,
    prompt,
    calls,
    verdicts: [turnsLeft(state.turns.length + 1, ended), ...proposed.verdicts, ...decided.verdicts],
    escalation: decided.escalation,
    report,
  };
}

function judgeCalls(turn: TurnToJudge, turnOrdinal: number): JudgedCall[] {
  const blocks = turn.reply.content.filter((block): block is ToolUseBlock => block.type === 'tool_use');
  const path = turn.state.invocation?.address.path ?? ROOT_PATH;
  let delegations = turn.state.delegations;
  return blocks.map((block, index): JudgedCall => {
    const tool = turn.resolved.tools.find((candidate) => candidate.name === block.name);
    const call: JudgedCall = {
      ordinal: turnOrdinal + 1 + index,
      id: block.id,
      name: block.name,
      kind: tool?.kind ?? 'read',
      input: block.input,
      verdicts: callVerdicts(turn, tool, block, { alone: blocks.length === 1, last: index === blocks.length - 1 }),
    };
    if (tool?.delegate === undefined || failing(call.verdicts)) return call;
    delegations += 1;
    return { ...call, delegate: { agent: tool.delegate, path: childPath(path, delegations) } };
  });
}

function callVerdicts(
  { resolved, reply, validate, admitDelegate }: TurnToJudge,
  tool: ResolvedTool | undefined,
  { name, input }: ToolUseBlock,
  { alone, last }: { alone: boolean; last: boolean },
): Verdict[] {
  if (!tool) {
    const known = resolved.tools.map((one) => one.name).join(', ') || 'none';
    return [fails('tool.known', `there is no tool ${name}; your tools are: ${known}`)];
  }
  const verdicts = [holds('tool.known')];
  if (last && reply.stop_reason === 'max_tokens') {
    verdicts.push(
      fails(
        'input.complete',
        'your answer was cut off at the token limit, so this call may be incomplete: make it again',
      ),
    );
  }
  const invalid = validate(tool, input);
  verdicts.push(invalid === null ? holds('input.valid') : fails('input.valid', invalid));
  if (tool.delegate !== undefined) verdicts.push(...admitDelegate(tool.delegate));
  if (tool.kind === 'report' && !alone) {
    verdicts.push(fails('report.alone', `${name} ends the turn: call it alone, after the results of the other calls`));
  }
  return verdicts;
}

interface Proposed {
  report: ModelReplied['report'];
  verdicts: Verdict[];
}

/** The report that this turn makes, or what is wrong with it. Other calls mean that no report is due yet. */
function reportOf({ resolved, reply }: TurnToJudge, calls: JudgedCall[]): Proposed {
  const text = reply.content
    .flatMap((block) => (block.type === 'text' ? [block.text] : []))
    .join('\n')
    .trim();
  const submitted = calls.find((call) => call.kind === 'report');
  if (submitted) {
    const refused = failing(submitted.verdicts);
    if (refused) return { report: null, verdicts: [fails('report.valid', refused.reason)] };
    return { report: submission(submitted.input), verdicts: [holds('report.valid')] };
  }
  if (calls.length > 0) return { report: null, verdicts: [] };
  const missing = INCOMPLETE[reply.stop_reason] ?? missingReport(resolved, text);
  if (missing !== null) return { report: null, verdicts: [fails('report.present', missing)] };
  return { report: { text, data: null }, verdicts: [holds('report.present')] };
}

/** The input of `submit_report`, as its schema admitted it: `{text, data}`. */
function submission(input: Json): ModelReplied['report'] {
  const { text, data } = input as { text: string; data?: Json };
  return { text, data: data ?? null };
}

/** A reply without calls that stopped for one of these reasons is not a report, whatever it says. */
const INCOMPLETE: Partial<Record<ModelReply['stop_reason'], string>> = {
  max_tokens: 'Your answer was cut off at the token limit. Give it again, shorter.',
  refusal: 'You declined to answer. Do what you can of the task, or escalate.',
  pause_turn: 'Your turn was paused. Go on.',
};

function missingReport({ report_schema, tools }: ResolvedAgent, text: string): string | null {
  if (report_schema !== null) {
    const submit = tools.find((tool) => tool.kind === 'report')?.name ?? 'submit_report';
    return `You called no tool. Call \`${submit}\` with your report, or another tool to go on.`;
  }
  return text === '' ? 'Your answer was empty. Give your report as text, or call a tool to go on.' : null;
}

/** In this order: the agent's rules in the file's order, approvals by name, what the model itself raised. */
function escalationOf(turn: TurnToJudge, calls: JudgedCall[], reports: boolean): Decision {
  const admitted = calls.filter((call) => !failing(call.verdicts));
  const effects = admitted.filter((call) => EFFECTS.has(call.kind)).map((call) => call.name);
  const decisions: Decision[] = [];
  if (effects.length > 0 || reports) {
    const { resolved, state, conditions } = turn;
    decisions.push(escalationsBefore(resolved, state, conditions), approvalsBefore(resolved, effects, reports));
  }
  decisions.push(raisedByModel(turn.resolved, admitted));
  return {
    verdicts: decisions.flatMap((decision) => decision.verdicts),
    escalation: decisions.reduce<Escalation | null>((first, { escalation }) => first ?? escalation, null),
  };
}

const EFFECTS: ReadonlySet<JudgedCall['kind']> = new Set(['emit', 'store', 'delegate', 'report']);

/** The last turn may end the invocation; a call in it would have no turn left to be read in. */
function turnsLeft(turn: number, ended: boolean): Verdict {
  if (ended || turn < MAX_TURNS) return holds('turns.left');
  return fails('turns.left', `${turn} of ${MAX_TURNS} turns are used up without a report`);
}
