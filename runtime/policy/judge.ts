import { readJson } from '../../config/json-text.ts';
import { type InvocationContext, MAX_CORRECTIONS } from '../context/invocation.ts';
import type { ResolvedAgent } from '../definitions/resolved.ts';
import type { Grant, InvocationEvent, JudgedCall, Prompt, Verdict } from '../journal/entry.ts';
import type { ModelReply, ToolUseBlock } from '../model/provider.ts';
import type { Condition } from '../pack.ts';
import { afterTurn, left, limitsAfter } from './budget.ts';
import { callVerdicts, type Judging, placeDelegations, submission } from './calls.ts';
import { brokenBy, enforceBefore } from './enforce.ts';
import { approvalsBefore, escalationsBefore, raisedByModel } from './escalation.ts';
import { handOver } from './hand-over.ts';
import { failing, fails, holds } from './verdict.ts';
import { type Act, actOf, type Report, textReport } from './view.ts';

/**
 * Judges a model turn before any of it takes effect, and puts every answer into the event that is journaled: guards read
 * it there and never ask again.
 *
 * 1. Each call is judged by itself; a refused one is a tool error and stops no other.
 * 2. What is left may take effect (emit, store, delegate, report) only when every escalation rule was asked about it.
 * 3. A report ends the turn, so it stands alone in it.
 * 4. A turn that breaks an `enforce` rule after the last correction goes to a person, with all that it wanted to do.
 */
export const MAX_TURNS = 40;

export type ModelReplied = Extract<InvocationEvent, { type: 'model.replied' }>;

export interface TurnToJudge extends Judging {
  reply: ModelReply;
  /** What the reply cost in US dollars; absent when the model has no price. */
  cost_usd?: number;
  prompt: Prompt;
  /** Conditions that code decides, by name. */
  conditions: Record<string, Condition>;
  /** ISO time: when a question to a person is opened. */
  now: string;
}

export function judgeTurn(turn: TurnToJudge): ModelReplied {
  const { resolved, state, reply, prompt, cost_usd } = turn;
  const ordinal = state.ordinal + 1;
  const remaining = afterTurn(left(resolved, state), reply.usage, cost_usd ?? 0);
  const calls = placeDelegations(turn, judgeCalls(turn, ordinal), remaining);
  const proposed = reportOf(turn, calls);
  const { verdicts, escalation } = escalationOf(turn, calls, proposed, remaining);
  const broken = escalation?.task?.kind === 'breach';
  const report = broken || !failing(proposed.verdicts) ? proposed.report : null;
  return {
    type: 'model.replied',
    ordinal,
    model: reply.model,
    content: reply.content,
    stop_reason: reply.stop_reason,
    usage: reply.usage,
    ...(cost_usd !== undefined && { cost_usd }),
    ...(reply.request_id !== undefined && { request_id: reply.request_id }),
    prompt: { ...prompt, ...(reply.sent && { sent: reply.sent }) },
    calls,
    verdicts: [
      turnsLeft(state.turns.length + 1, report !== null || escalation !== null),
      ...proposed.verdicts,
      ...understood(calls),
      ...verdicts,
    ],
    escalation,
    report,
  };
}

function judgeCalls(turn: TurnToJudge, turnOrdinal: number): JudgedCall[] {
  const { resolved, reply } = turn;
  const blocks = reply.content.filter((block): block is ToolUseBlock => block.type === 'tool_use');
  const proposed = blocks.map(({ name, input }) => ({ name, input }));
  return blocks.map(({ id, name, input, malformed }, index): JudgedCall => {
    const kind = resolved.tools.find((candidate) => candidate.name === name)?.kind ?? 'read';
    const call: JudgedCall = { ordinal: turnOrdinal + 1 + index, id, name, kind, input, verdicts: [] };
    const last = index === blocks.length - 1;
    return {
      ...call,
      verdicts: callVerdicts({ ...turn, proposed }, call, [
        ...inItsTurn(turn, call, blocks.length === 1, last),
        ...(malformed === undefined ? [] : [notRead(malformed)]),
      ]),
    };
  });
}

/** What is wrong with a call because of the turn that it stands in. */
function inItsTurn({ reply }: TurnToJudge, { name, kind }: JudgedCall, alone: boolean, last: boolean): Verdict[] {
  const verdicts: Verdict[] = [];
  if (reply.stop_reason === 'refusal') verdicts.push(fails('answer.given', `${declined(reply)} No call of it is made`));
  if (last && reply.stop_reason === 'max_tokens') {
    verdicts.push(
      fails(
        'input.complete',
        'your answer was cut off at the token limit, so this call may be incomplete: make it again',
      ),
    );
  }
  if (kind === 'report' && !alone) {
    verdicts.push(fails('report.alone', `${name} ends the turn: call it alone, after the results of the other calls`));
  }
  return verdicts;
}

/** It may be half of what was meant: nothing of it is made use of. */
function notRead(written: string): Verdict {
  const shown = written.length > LONGEST_SHOWN ? `${written.slice(0, LONGEST_SHOWN)}…` : written;
  const read = readJson(written, 'the input');
  const why = read.ok ? 'the input is no JSON object' : read.wrong;
  return fails('input.read', `${why}; make the call again. You wrote: ${shown}`);
}

const LONGEST_SHOWN = 300;

interface Proposed {
  /** What the turn would report; it takes effect when every verdict holds. */
  report: Report | null;
  verdicts: Verdict[];
}

/** The report that this turn makes, or what is wrong with it. Other calls mean that no report is due yet. */
function reportOf(turn: TurnToJudge, calls: JudgedCall[]): Proposed {
  const { resolved, reply } = turn;
  const text = reply.content
    .flatMap((block) => (block.type === 'text' ? [block.text] : []))
    .join('\n')
    .trim();
  const submitted = calls.find((call) => call.kind === 'report');
  if (submitted) {
    const refused = failing(submitted.verdicts);
    if (!refused) return { report: submission(submitted.input), verdicts: [holds('report.valid')] };
    // What breaks a rule only is a report all the same: a person may be asked what to do with it.
    const complete = brokenBy({ calls: [submitted], verdicts: [] }).some(({ rule }) => rule === refused.rule);
    return {
      report: complete ? submission(submitted.input) : null,
      verdicts: [fails('report.valid', refused.reason)],
    };
  }
  if (calls.length > 0) return { report: null, verdicts: [] };
  const missing = incomplete(reply) ?? missingReport(resolved, text);
  if (missing !== null) return { report: null, verdicts: [fails('report.present', missing)] };
  const report = { text, data: null };
  return { report, verdicts: [holds('report.present'), ...enforceBefore(turn, textReport(report), report)] };
}

const NOT_UNDERSTOOD = new Set(['tool.known', 'answer.given', 'input.read', 'input.valid', 'input.complete']);

/** A turn of which no call could be understood gets nowhere: it counts as one that was sent back. */
function understood(calls: readonly JudgedCall[]): Verdict[] {
  const refused = calls.flatMap(({ name, verdicts }) => {
    const found = failing(verdicts);
    return found && NOT_UNDERSTOOD.has(found.rule) ? [`${name}: ${found.reason}`] : [];
  });
  if (calls.length === 0 || refused.length < calls.length) return [];
  return [fails('calls.understood', `no call of the turn could be made: ${refused.join('; ')}`)];
}

/** What is said to a reply without calls that stopped so: it is not a report, whatever it says. Null for any other. */
function incomplete(reply: ModelReply): string | null {
  switch (reply.stop_reason) {
    case 'max_tokens':
      return 'Your answer was cut off at the token limit. Give it again, shorter.';
    case 'refusal':
      return `${declined(reply)} Do what you can of the task, or escalate.`;
    case 'pause_turn':
      return 'Your turn was paused. Go on.';
    default:
      return null;
  }
}

function declined({ declined: why }: ModelReply): string {
  return why === undefined ? 'You declined to answer.' : `You declined to answer (${why}).`;
}

function missingReport({ report_schema, tools }: ResolvedAgent, text: string): string | null {
  if (report_schema !== null) {
    const submit = tools.find((tool) => tool.kind === 'report')?.name ?? 'submit_report';
    return `You called no tool. Call \`${submit}\` with your report, or another tool to go on.`;
  }
  return text === '' ? 'Your answer was empty. Give your report as text, or call a tool to go on.' : null;
}

/** In this order: broken rules, the agent's rules in the file's order, approvals by name, what the model raised, the budget. */
function escalationOf(
  turn: TurnToJudge,
  calls: JudgedCall[],
  proposed: Proposed,
  remaining: Grant,
): { verdicts: Verdict[]; escalation: ModelReplied['escalation'] } {
  const report = failing(proposed.verdicts) ? null : proposed.report;
  const acts = actsOf(calls, report);
  const rules = escalationsBefore(turn, acts, report);
  const approvals = approvalsBefore(turn, acts);
  const broken = mayCorrect(turn.state) ? [] : brokenBy({ calls, verdicts: proposed.verdicts });
  const raised = [...rules.raised, ...approvals.raised, ...raisedByModel(turn.resolved, acts)];
  const ends = report !== null || raised.some(({ target }) => target === 'parent');
  const limits = limitsAfter(turn.resolved, turn.state, remaining, ends);
  const reached = limits.flatMap(({ verdict: { rule, ok, reason }, target }) => (ok ? [] : [{ rule, reason, target }]));
  return {
    verdicts: [...rules.verdicts, ...approvals.verdicts, ...limits.map(({ verdict }) => verdict)],
    escalation: handOver(turn, { broken, raised, budget: reached }),
  };
}

function actsOf(calls: JudgedCall[], report: Report | null): Act[] {
  const acts = calls.filter((call) => !failing(call.verdicts)).map(actOf);
  return report !== null && calls.length === 0 ? [...acts, textReport(report)] : acts;
}

function mayCorrect({ corrections }: InvocationContext): boolean {
  return corrections < MAX_CORRECTIONS;
}

/** The last turn may end the invocation; a call in it would have no turn left to be read in. */
function turnsLeft(turn: number, ended: boolean): Verdict {
  if (ended || turn < MAX_TURNS) return holds('turns.left');
  return fails('turns.left', `${turn} of ${MAX_TURNS} turns are used up without a report`);
}
