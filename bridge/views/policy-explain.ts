/** Which rule allowed, refused or escalated what: every decision about a run, from its journals alone. Pure. */
import { emptyFold, stateOf, step } from '../../actors/fold.ts';
import { invocationMachine } from '../../actors/invocation/machine.ts';
import type { InvocationContext } from '../../runtime/context/invocation.ts';
import type { CodeId } from '../../runtime/definitions/release.ts';
import type { InvocationEvent, JudgedCall, Verdict } from '../../runtime/journal/entry.ts';
import type { Json } from '../../runtime/json.ts';
import { editedCalls } from '../journals/event-verdicts.ts';
import { flattenTree, type RunTree } from '../journals/runs.ts';
import { EXPIRED } from './task-view.ts';

/** One rule's part in a decision. */
export interface RuleAnswer {
  rule: string;
  answer: 'allowed' | 'refused' | 'escalated';
  /** Why not; of a rule that allowed, who approved what it asks about, if anybody had to. */
  reason: string;
}

export interface PolicyDecision {
  /** Stream sequence of the entry. */
  seq: number;
  /** ISO time. */
  at: string;
  path: string;
  agent: string;
  /** SHA-256 of the definition that it ran under; empty before it is known. */
  definition: string;
  /** The pack's code that it began with; null before that was recorded. */
  code: CodeId | null;
  /** The code of the worker that judged, where that was another; null where it was the same, or none was asked. */
  judged_by: CodeId | null;
  /** What was decided about: an admission, a whole turn, one of its calls, a person's answer, … */
  about: 'admission' | 'turn' | 'call' | 'escalation' | 'decision' | 'expiry' | 'deadline' | 'failure' | 'cancel';
  /** The call's tool, the task's id; null where there is none. */
  what: string | null;
  outcome: string;
  rules: RuleAnswer[];
  /** In words, where no rule has any. */
  reason: string;
  /** What was judged: a call's input, the payload, what a person put in place; null where there is none. */
  input: Json;
  transition: { event: string; from: string; to: string };
}

/** The decisions, in the order they were journaled. */
export function explainPolicy(tree: RunTree): PolicyDecision[] {
  return flattenTree(tree)
    .flatMap(ofInvocation)
    .sort((a, b) => a.seq - b.seq);
}

type Told = Pick<PolicyDecision, 'about' | 'what' | 'outcome' | 'rules' | 'reason' | 'input'>;

function ofInvocation({ address, agent, entries }: RunTree): PolicyDecision[] {
  let { snapshot } = emptyFold(invocationMachine);
  const found: PolicyDecision[] = [];
  for (const { seq, at, events } of entries) {
    for (const event of events as InvocationEvent[]) {
      const before = snapshot;
      snapshot = step(invocationMachine, before, event);
      const from = before.context.invocation === null ? 'none' : stateOf(before);
      const transition = { event: event.type, from, to: stateOf(snapshot) };
      const { definition, code = null } = snapshot.context;
      const judged_by = event.type !== 'invoked' && 'code' in event ? (event.code ?? null) : null;
      const where = { seq, at, path: address.path, agent, definition, code, judged_by };
      found.push(...toldBy(event, before.context, snapshot.context).map((told) => ({ ...where, ...told, transition })));
    }
  }
  return found;
}

function toldBy(event: InvocationEvent, before: InvocationContext, after: InvocationContext): Told[] {
  switch (event.type) {
    case 'admitted':
    case 'refused': {
      const outcome = event.type === 'admitted' ? 'allowed' : 'refused';
      const input = after.invocation?.payload ?? null;
      return [{ about: 'admission', what: null, outcome, rules: answers(event.verdicts), reason: '', input }];
    }
    case 'model.replied':
      return turn(event);
    case 'escalated': {
      const { rule, target, reason, task } = event.escalation;
      const outcome = target === 'human' ? 'handed to a person' : 'handed to its parent';
      const rules = (task?.rules ?? [rule]).map(
        (each): RuleAnswer => ({ rule: each, answer: 'escalated', reason: '' }),
      );
      return [{ about: 'escalation', what: task?.id ?? null, outcome, rules, reason, input: null }];
    }
    case 'human.decided':
      return decision(event, before);
    case 'timer.fired':
      return fired(before, after);
    case 'failed': {
      const { code, message } = event.error;
      const what = event.task?.id ?? null;
      return [{ about: 'failure', what, outcome: code, rules: [], reason: message, input: null }];
    }
    case 'retried':
      return [plain('decision', 'retried', `by ${event.by}`)];
    case 'cancelled':
      return [plain('cancel', 'cancelled', `by ${event.by}: ${event.reason}`)];
    default:
      return [];
  }
}

/** The turn as a whole, then each of its calls: all are judged before any of them starts. */
function turn({ calls, verdicts, escalation, report }: Extract<InvocationEvent, { type: 'model.replied' }>): Told[] {
  const asks = new Set(escalation ? [escalation.rule, ...(escalation.task?.rules ?? [])] : []);
  const rules = answers(verdicts, (rule) => escalation !== null && (asks.has(rule) || asks.has(bare(rule))));
  const refused = rules.some(({ answer }) => answer === 'refused');
  const outcome = escalation ? 'escalated' : refused ? 'sent back' : 'allowed';
  const input = { calls: calls.map(({ name, input: each }) => ({ name, input: each })), report } as Json;
  const whole: Told[] =
    verdicts.length > 0 || escalation
      ? [{ about: 'turn', what: null, outcome, rules, reason: escalation?.reason ?? '', input }]
      : [];
  return [...whole, ...calls.map((call) => judged(call, escalation !== null))];
}

/** `escalation.book_is_rare` is the rule `book_is_rare`. */
function bare(rule: string): string {
  return rule.slice(rule.indexOf('.') + 1);
}

function judged({ name, input, verdicts }: JudgedCall, held: boolean): Told {
  const rules = answers(verdicts);
  const refused = rules.some(({ answer }) => answer === 'refused');
  const outcome = refused ? 'refused' : held ? 'held' : 'allowed';
  return { about: 'call', what: name, outcome, rules, reason: '', input };
}

const ANSWERED = { approve: 'approved', edit: 'approved with edits', reject: 'rejected', ask_again: 'sent back' };

/** What an edit puts in place is judged as if the model had made it: its calls follow the decision. */
function decision(event: Extract<InvocationEvent, { type: 'human.decided' }>, before: InvocationContext): Told[] {
  const { answer, by, role, note, task } = event.decision;
  const rules = answers(event.verdicts);
  const counts = rules.every((each) => each.answer === 'allowed');
  const who = `${answer} by ${role === null ? by : `${by} (${role})`}${note === '' ? '' : `: ${note}`}`;
  const held = new Map((before.turns.at(-1)?.calls ?? []).map((call) => [call.ordinal, call]));
  const edited = editedCalls(event.calls, held);
  const calls = edited.map(({ name, input }) => ({ name, input }));
  const input = answer === 'edit' ? ({ calls, report: event.report } as Json) : null;
  const outcome = counts ? ANSWERED[answer] : 'refused';
  return [
    { about: 'decision', what: task, outcome, rules, reason: who, input },
    ...edited.map((call) => judged(call, !counts)),
  ];
}

function fired(before: InvocationContext, after: InvocationContext): Told[] {
  const task = after.tasks.find(({ expired }, at) => expired && !before.tasks[at]?.expired);
  if (task)
    return [{ ...plain('expiry', EXPIRED[task.on_expiry], `nobody decided by ${task.due ?? ''}`), what: task.id }];
  const { error } = after;
  return error?.code === 'budget.deadline' && before.error?.code !== error.code
    ? [plain('deadline', 'failed', error.message)]
    : [];
}

function plain(about: Told['about'], outcome: string, reason: string): Told {
  return { about, what: null, outcome, rules: [], reason, input: null };
}

function answers(verdicts: readonly Verdict[], escalates: (rule: string) => boolean = () => false): RuleAnswer[] {
  return verdicts.map(({ rule, ok, reason }) => {
    const answer = ok ? 'allowed' : escalates(rule) ? 'escalated' : 'refused';
    return { rule, answer, reason };
  });
}
