/** How questions to people change an invocation: what counts, what a decision makes of the held turn. Pure. */
import { notTaken } from '../../runtime/context/messages.ts';
import { canonicalJson } from '../../runtime/canonical.ts';
import {
  type CallState,
  dueTimer,
  type InvocationContext,
  openTask,
  type TaskState,
} from '../../runtime/context/invocation.ts';
import type { HumanTask, InvocationEvent, JudgedCall, OnExpiry } from '../../runtime/journal/entry.ts';
import { failing } from '../../runtime/policy/verdict.ts';
import { countsAnew } from './unanswered.ts';

type Of<T extends InvocationEvent['type']> = Extract<InvocationEvent, { type: T }>;
type Decided = Of<'human.decided'>;
type Change = Partial<InvocationContext>;

/** Whether the decision is about the question that waits. */
export function isOpen(context: InvocationContext, { decision }: Decided): boolean {
  return openTask(context)?.id === decision.task;
}

/** Whether the invocation has failed and this decision says if it goes on. */
export function isAside(context: InvocationContext, event: Decided): boolean {
  return isOpen(context, event) && openTask(context)?.kind === 'quarantine';
}

/** Whether a person is asked if the model shall be asked again: no turn is held. */
export function asksModel(context: InvocationContext): boolean {
  return openTask(context)?.kind === 'model';
}

/** Whether the last turn waits for a person's word, be there another question before it. */
export function isHeld({ tasks }: InvocationContext): boolean {
  return tasks.some(({ kind, decision, expired }) => kind !== 'quarantine' && decision === null && !expired);
}

/** Whether the decision takes effect; one that does not leaves the question open. */
export function counts(context: InvocationContext, event: Decided): boolean {
  return isOpen(context, event) && failing(event.verdicts) === undefined;
}

/** Whether this timer says that nobody decided in time, and that `outcome` follows. */
export function expires(context: InvocationContext, timer: string, outcome: OnExpiry): boolean {
  const task = openTask(context);
  if (!task || dueTimer(context)?.name !== timer) return false;
  // What breaks a rule never takes effect by waiting.
  return outcome === (task.kind === 'breach' && task.on_expiry === 'approve' ? 'refuse' : task.on_expiry);
}

/** Whether this timer says that the invocation has to end. The time that a person takes does not count. */
export function isDeadline(context: InvocationContext, timer: string): boolean {
  return context.timers.deadline?.name === timer && openTask(context) === null;
}

export function asked(context: InvocationContext, task: HumanTask): Change {
  const turn = context.turns.at(-1)?.ordinal ?? 0;
  const open: TaskState = { ...task, turn, decision: null, expired: false, refused: null, facts: context.fact_changes };
  return { tasks: [...context.tasks, open] };
}

export function decided(context: InvocationContext, event: Decided): Change {
  const { decision } = event;
  if (!counts(context, event)) return { tasks: withOpen(context, { refused: decision.id }) };
  const closed = { ...close(context, { decision }), corrections: 0 };
  const said = decision.note === '' ? '' : `: ${decision.note}`;
  switch (decision.answer) {
    case 'reject':
      return { ...closed, ...rejected(context, `${decision.by} rejected it${said}`) };
    case 'ask_again':
      return { ...closed, ...sentBack(context, `human.asked_again: ${decision.by} asks${said}`) };
    default:
      if (openTask(context)?.kind === 'quarantine') return { ...closed, error: null, ...countsAnew(context) };
      if (asksModel(context)) return { ...closed, error: null, ...countsAnew(context), escalation: null };
      return { ...closed, ...goesOn(context, `approved by ${decision.by}${said}`, event.calls, event.report) };
  }
}

/** Nobody decided in time. */
export function expired(context: InvocationContext): Change {
  const task = openTask(context);
  if (!task) return {};
  const closed = { ...close(context, { expired: true }), corrections: 0 };
  const reason = `nobody decided by ${task.due ?? ''}`;
  if (expires(context, dueTimer(context)?.name ?? '', 'approve')) {
    return { ...closed, ...goesOn(context, `approved, as ${reason}`, heldCalls(context), context.report) };
  }
  if (task.on_expiry === 'escalate') {
    const rule = task.rules[0] ?? '';
    return { ...closed, escalation: { rule, target: 'parent', reason: `${task.question} (${reason})` } };
  }
  return { ...closed, error: { code: 'human.expired', message: reason } };
}

/** The calls of the turn that waits for a person. */
export function heldCalls(context: InvocationContext): CallState[] {
  return context.turns.at(-1)?.calls ?? [];
}

function close(context: InvocationContext, how: Partial<TaskState>): Change {
  return { tasks: withOpen(context, { ...how, facts: context.fact_changes }) };
}

function rejected(context: InvocationContext, message: string): Change {
  // What has failed stays failed, for the reason that it failed for.
  return openTask(context)?.kind === 'quarantine' ? {} : { error: { code: 'human.rejected', message } };
}

/** The turn takes effect, with what the person put in place: calls wait for their start, an `escalate` call is answered. */
function goesOn(
  context: InvocationContext,
  answer: string,
  calls: JudgedCall[],
  report: InvocationContext['report'],
): Change {
  const edited = calls.filter(({ ordinal, input }) => {
    const held = heldCalls(context).find((call) => call.ordinal === ordinal);
    return held !== undefined && canonicalJson(held.input) !== canonicalJson(input);
  });
  const had = new Set(heldCalls(context).flatMap(({ delegate }) => delegate?.path ?? []));
  const put = edited.map(({ name, input }) => `${name} was made with ${JSON.stringify(input)}`);
  const remark = [`A person answered: ${answer}.`, ...put].join('\n');
  return {
    report,
    escalation: null,
    delegations: context.delegations + calls.filter(({ delegate }) => delegate && !had.has(delegate.path)).length,
    ...withHeld(context, remark, (call) => {
      const judged = calls.find(({ ordinal }) => ordinal === call.ordinal) ?? call;
      if (failing(judged.verdicts)) return call;
      if (call.kind === 'escalate') return { ...call, status: 'ok', result: answer };
      // One that was refused as it was proposed may do as it was edited.
      return { ...call, ...judged, status: 'pending', result: null };
    }),
  };
}

function sentBack(context: InvocationContext, why: string): Change {
  const back = (call: CallState): CallState =>
    call.status === 'pending' ? { ...call, status: 'error', result: why } : call;
  return { report: null, escalation: null, ...withHeld(context, notTaken(why), back) };
}

function withHeld(context: InvocationContext, remark: string, change: (call: CallState) => CallState): Change {
  const held = context.turns.at(-1);
  if (!held) return {};
  return { turns: [...context.turns.slice(0, -1), { ...held, remark, calls: held.calls.map(change) }] };
}

function withOpen(context: InvocationContext, change: Partial<TaskState>): TaskState[] {
  const open = openTask(context);
  return context.tasks.map((task) => (task === open ? { ...task, ...change } : task));
}
