import { type CallState, openTask, type TaskState } from '../context/invocation.ts';
import type { Decision, Edits, HumanTask, JudgedCall, Verdict } from '../journal/entry.ts';
import type { Json } from '../json.ts';
import type { Condition } from '../pack.ts';
import { left } from './budget.ts';
import { callVerdicts, type Judging, placeDelegations, submission } from './calls.ts';
import { enforceBefore } from './enforce.ts';
import { approvalsBefore, escalationsBefore } from './escalation.ts';
import { newTask } from './task.ts';
import { failing, fails, holds } from './verdict.ts';
import { actOf, type Report, textReport } from './view.ts';

/**
 * Judges a person's answer. It counts when every verdict holds: the person may decide, the question can be answered that
 * way, and what an edit puts in place stands every rule that the model's own call would have to stand. A rule that hands
 * over to a person is answered by this one if the question named it, or if this person is who decides it. Pure.
 */
export interface DecisionToJudge extends Judging {
  /** Conditions of escalation rules that code decides, by name. */
  conditions: Record<string, Condition>;
  /** ISO time. */
  now: string;
  /** `state` is the fold with the held turn as its last. */
  decision: Decision;
  edits: Edits | null;
}

export interface JudgedDecision {
  verdicts: Verdict[];
  /** The held turn's calls, edits put in, with their verdicts; refused ones stay refused. */
  calls: JudgedCall[];
  report: Report | null;
}

export function judgeDecision(judging: DecisionToJudge): JudgedDecision {
  const { state, decision, edits } = judging;
  const task = openTask(state);
  if (task === null || task.id !== decision.task) {
    return { verdicts: [fails('human.open', notOpen(state.tasks, decision.task))], calls: [], report: null };
  }
  const holdsTurn = task.kind !== 'quarantine' && task.kind !== 'model';
  const held: Held = {
    calls: holdsTurn ? (state.turns.at(-1)?.calls ?? []).map(asJudged) : [],
    report: holdsTurn ? state.report : null,
  };
  const verdicts = [mayDecide(task, decision), canAnswer(task, decision, edits, held)];
  if (decision.answer !== 'edit' || failing(verdicts)) return { verdicts, ...held };
  const edited = putIn(judging, held, edits ?? {});
  return { ...edited, verdicts: [...verdicts, ...edited.verdicts, ...askedAnew(judging, task, edited)] };
}

/** Rules that hand over what was edited, and that the question did not name: each holds only for who decides it. */
function askedAnew(judging: DecisionToJudge, task: TaskState, { calls, report }: JudgedDecision): Verdict[] {
  const { resolved, state, conditions, decision, now } = judging;
  const before = { ...state, turns: state.turns.slice(0, -1) };
  const made = calls.filter((call) => call.kind !== 'escalate' && !failing(call.verdicts)).map(actOf);
  const acts = report !== null && calls.length === 0 ? [...made, textReport(report)] : made;
  const asking = { resolved, state: before, conditions };
  const raised = [...escalationsBefore(asking, acts, report).raised, ...approvalsBefore(asking, acts).raised];
  return raised
    .filter(({ rule }) => !task.rules.includes(rule))
    .map(({ rule, target, reason }) => {
      const question = { resolved, state, kind: 'approval' as const, rules: [rule], question: reason, now };
      const may = target === 'human' ? mayDecide(newTask(question), decision) : fails(rule, 'it goes to the parent');
      const id = rule.startsWith('approval.') ? rule : `escalation.${rule}`;
      return may.ok ? holds(id) : fails(id, `${reason}: ${may.reason}`);
    });
}

type Held = Pick<JudgedDecision, 'calls' | 'report'>;

function notOpen(tasks: readonly TaskState[], id: string): string {
  const task = tasks.find((one) => one.id === id);
  if (!task) return `there is no question ${id}`;
  if (task.decision === null) return `${id} expired at ${task.due ?? ''}`;
  const { by, answer, at } = task.decision;
  return `${id} was decided by ${by} at ${at}: ${answer}`;
}

/** The platform takes the door's word for who somebody is. */
function mayDecide({ decides }: HumanTask, { by, role }: Decision): Verdict {
  const rule = 'human.may_decide';
  const isNamed = decides.name !== null && sameName(by, decides.name);
  if (isNamed || role === decides.role) return holds(rule);
  const who = decides.name === null ? '' : `${decides.name}, or `;
  return fails(
    rule,
    `${who}a person with the role ${decides.role} decides, not ${by}${role === null ? '' : ` (${role})`}`,
  );
}

function sameName(a: string, b: string): boolean {
  return a.trim().toLowerCase() === b.trim().toLowerCase();
}

/** What can be answered to a question, by its kind. */
export const ANSWERS: Record<HumanTask['kind'], Decision['answer'][]> = {
  approval: ['approve', 'edit', 'reject', 'ask_again'],
  breach: ['edit', 'reject', 'ask_again'],
  budget: ['approve', 'reject'],
  quarantine: ['approve', 'reject'],
  model: ['approve', 'reject'],
};

function canAnswer({ kind }: HumanTask, { answer, note }: Decision, edits: Edits | null, held: Held): Verdict {
  const rule = 'human.can_answer';
  const answers = ANSWERS[kind];
  if (!answers.includes(answer)) {
    const why =
      kind === 'breach' ? 'a broken rule cannot be approved' : `a question of the kind ${kind} has no ${answer}`;
    return fails(rule, `${why}, expected one of ${answers.join(', ')}`);
  }
  if ((answer === 'reject' || answer === 'ask_again') && note.trim() === '') {
    return fails(rule, `${answer} needs a note: ${answer === 'reject' ? 'why' : 'what shall be done otherwise'}`);
  }
  const wrong = answer === 'edit' ? wrongEdits(edits, held) : null;
  return wrong === null ? holds(rule) : fails(rule, wrong);
}

/** Edits name what is held: nothing can be added to a turn. */
function wrongEdits(edits: Edits | null, { calls, report }: Held): string | null {
  const edited = edits?.calls ?? [];
  if (edited.length === 0 && !edits?.report) return 'an edit needs the new input of a call, or the new report';
  if (edits?.report && report === null) return 'no report is held that could be edited';
  const ordinals = calls.filter(({ kind }) => kind !== 'escalate').map(({ ordinal }) => ordinal);
  const unknown = edited.find(({ ordinal }, at) => !ordinals.includes(ordinal) || firstOf(edited, ordinal) !== at);
  if (unknown === undefined) return null;
  const known = ordinals.length === 0 ? 'none' : ordinals.join(', ');
  return `an edit names each held call once, by its ordinal (${known}), got ${unknown.ordinal}`;
}

function firstOf(edited: readonly { ordinal: number }[], ordinal: number): number {
  return edited.findIndex((one) => one.ordinal === ordinal);
}

/** The held turn with the edits in it, judged as if the model had made it. What stays as it was keeps its verdicts. */
function putIn(judging: DecisionToJudge, held: Held, edits: Edits): JudgedDecision {
  const { state } = judging;
  const inputs = new Map((edits.calls ?? []).map(({ ordinal, input }) => [ordinal, input]));
  const submitted = held.calls.find(({ kind }) => kind === 'report');
  if (submitted && edits.report) inputs.set(submitted.ordinal, { ...edits.report });
  const proposed = held.calls.map(({ name, ordinal, input }) => ({ name, input: inputs.get(ordinal) ?? input }));
  // What a rule counts is what went before the held turn.
  const before: Judging = { ...judging, proposed, state: { ...state, turns: state.turns.slice(0, -1) } };
  const judged = held.calls.map((call): JudgedCall => {
    const input = inputs.get(call.ordinal);
    return input === undefined ? call : rejudged(before, call, input);
  });
  const calls = placeDelegations(judging, judged, left(judging.resolved, state));
  const refused = calls
    .filter(({ ordinal }) => inputs.has(ordinal))
    .flatMap(({ name, verdicts }) => {
      const failed = failing(verdicts);
      return failed ? [fails(failed.rule, `${name}: ${failed.reason}`)] : [];
    });
  if (submitted) {
    const made = calls.find(({ ordinal }) => ordinal === submitted.ordinal);
    const valid = made !== undefined && !failing(made.verdicts);
    return { verdicts: refused, calls, report: valid ? submission(made.input) : held.report };
  }
  if (!edits.report) return { verdicts: refused, calls, report: held.report };
  return { verdicts: [...refused, ...textVerdicts(before, edits.report)], calls, report: edits.report };
}

function rejudged(before: Judging, call: JudgedCall, input: Json): JudgedCall {
  const { delegate, ...edited } = { ...call, input };
  const verdicts = callVerdicts(before, edited);
  // An admitted delegation keeps its path and its grant.
  return { ...edited, verdicts, ...(delegate && !failing(verdicts) && { delegate }) };
}

function textVerdicts(before: Judging, report: Report): Verdict[] {
  const isText = typeof report.text === 'string' && report.text.trim() !== '' && report.data === null;
  const present = isText ? holds('report.present') : fails('report.present', 'expected a text, and null as data');
  return [present, ...(isText ? enforceBefore(before, textReport(report), report) : [])];
}

function asJudged({ status: _, result: __, created: ___, ...call }: CallState): JudgedCall {
  return call;
}
