import type { CallState, InvocationContext, TaskState, TurnState } from '../../runtime/context/invocation.ts';
import { openTask } from '../../runtime/context/invocation.ts';
import type { Decision, JudgedCall, Verdict } from '../../runtime/journal/entry.ts';
import type { Json, JsonObject } from '../../runtime/json.ts';
import type { ReplyBlock } from '../../runtime/model/provider.ts';
import { judgeTurn, type ModelReplied, type TurnToJudge } from '../../runtime/policy/judge.ts';
import { failing, holds } from '../../runtime/policy/verdict.ts';
import { sampleAgent, sampleState } from '../support/samples.ts';

/** Turns of the library's agents, judged: no model, no machine. */
export const NOW = '2026-11-16T08:00:00.000Z';

export type JudgeOptions = Partial<TurnToJudge> & { stop?: ModelReplied['stop_reason']; tokens?: number };

/** An input with `bad: true` is invalid by its schema. */
export function judge(content: ReplyBlock[], given: JudgeOptions = {}): ModelReplied {
  const { stop = 'tool_use', tokens = 1, ...rest } = given;
  return judgeTurn({
    resolved: sampleAgent(),
    state: sampleState(),
    reply: {
      model: 'rehearsal',
      content,
      stop_reason: stop as 'tool_use',
      usage: { input_tokens: tokens, output_tokens: 1, cache_read_tokens: 0, cache_write_tokens: 0 },
    },
    prompt: { composer: 1, digest: 'd' },
    conditions: {},
    now: NOW,
    ...means(),
    ...rest,
  });
}

/** What judging needs beside a definition and a fold. */
export function means(): Pick<TurnToJudge, 'validate' | 'checks' | 'admitDelegate'> {
  return {
    validate: (_, input) => ((input as JsonObject).bad === true ? 'bad: must not be true' : null),
    checks: {},
    admitDelegate: () => [holds('depth.left')],
  };
}

let calls = 0;
export function call(name: string, input: JsonObject = {}): ReplyBlock {
  calls += 1;
  return { type: 'tool_use', id: `c${calls}`, name, input };
}

export const say = (text: string): ReplyBlock => ({ type: 'text', text });
export const verdict = (event: ModelReplied, rule: string) => event.verdicts.find((one) => one.rule === rule);
export const refusal = (event: ModelReplied, at: number): Verdict | undefined =>
  failing(event.calls[at]?.verdicts ?? []);
export const handedOver = ({ escalation }: ModelReplied) =>
  escalation && { rule: escalation.rule, target: escalation.target, reason: escalation.reason };

/** A settled call of an earlier turn. */
export function made(name: string, ok: boolean, input: JsonObject = {}, result: Json = {}): TurnState {
  const settled: CallState = {
    ordinal: 2,
    id: 'made',
    name,
    kind: 'read',
    input,
    verdicts: [],
    status: ok ? 'ok' : 'error',
    result: ok ? result : 'it broke',
    created: null,
  };
  return { ordinal: 1, content: [], calls: [settled], correction: null, remark: null };
}

/** The fold after a turn that a person is asked about. */
export function heldBy(event: ModelReplied, before: InvocationContext = sampleState()): InvocationContext {
  const task = event.escalation?.task;
  if (!task) throw new Error('nobody is asked');
  const open: TaskState = { ...task, turn: event.ordinal, decision: null, expired: false, refused: null, facts: 0 };
  const turn: TurnState = {
    ordinal: event.ordinal,
    content: event.content,
    calls: event.calls.map(standing),
    correction: null,
    remark: null,
  };
  return {
    ...before,
    ordinal: event.calls.at(-1)?.ordinal ?? event.ordinal,
    turns: [...before.turns, turn],
    delegations: before.delegations + event.calls.filter(({ delegate }) => delegate).length,
    usage: { ...before.usage, turns: before.usage.turns + 1 },
    report: event.report,
    tasks: [...before.tasks, open],
  };
}

function standing(one: JudgedCall): CallState {
  const refused = failing(one.verdicts);
  return { ...one, status: refused ? 'error' : 'pending', result: refused?.reason ?? null, created: null };
}

export function decision(over: Partial<Decision> = {}): Decision {
  return { id: 'd-1', task: 'r-1.0.1', answer: 'approve', by: 'Ada', role: 'operator', note: '', at: NOW, ...over };
}

/** The fold after the open question was answered; the held calls succeeded, with `inputs` in place of their own. */
export function answered(
  state: InvocationContext,
  answer: Decision['answer'],
  inputs: Record<string, JsonObject> = {},
): InvocationContext {
  const open = openTask(state);
  const turns = state.turns.map((turn) => ({
    ...turn,
    calls: turn.calls.map(
      (one): CallState =>
        one.status === 'pending' ? { ...one, input: inputs[one.name] ?? one.input, status: 'ok', result: {} } : one,
    ),
  }));
  const tasks = state.tasks.map((task) =>
    task === open ? { ...task, decision: decision({ task: task.id, answer }), facts: state.fact_changes } : task,
  );
  return { ...state, turns, tasks, report: null };
}
