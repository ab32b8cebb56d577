import assert from 'node:assert/strict';
import { accepts, stateOf, step } from '../../actors/fold.ts';
import { timerSends } from '../../actors/invocation/sends.ts';
import { invocationMachine } from '../../actors/invocation/machine.ts';
import { reportOf } from '../../actors/invocation/report.ts';
import { agentReport } from '../support/accounts.ts';
import { openTask } from '../../runtime/context/invocation.ts';
import {
  admitted,
  after,
  asks,
  call,
  cancelled,
  decided,
  invoked,
  replied,
  settled,
  statuses,
  TASK,
} from '../support/invocation-events.ts';
import { suite } from '../support/suite.ts';

const test = suite('an invocation that asks a person');

const CALLS = { calls: [call(2, 'emit'), call(3, 'store')] };
const REPORT = { report: { text: 'all is well', data: null } };
const begun = [invoked, admitted] as const;
const expiry = { type: 'timer.fired', name: 'due-1' } as const;
const no = [{ rule: 'human.may_decide', ok: false, reason: 'it is for Ada' }];

function waiting(change: Parameters<typeof asks>[0] = CALLS, task: Parameters<typeof asks>[1] = {}) {
  return after(...begun, ...asks(change, task));
}

test('waits with its turn held: nothing runs, and the question is open', () => {
  const snapshot = waiting();
  assert.equal(stateOf(snapshot), 'waiting_for_human');
  assert.deepEqual(statuses(snapshot), ['pending', 'pending']);
  assert.deepEqual(Object.keys(snapshot.children), []);
  assert.equal(openTask(snapshot.context)?.turn, 1);
});

test('goes on where it was when somebody approves: the held calls start in order', () => {
  const snapshot = step(invocationMachine, waiting(), decided('approve', CALLS));
  assert.equal(stateOf(snapshot), 'acting');
  assert.deepEqual(statuses(snapshot), ['running', 'pending']);
  assert.equal(openTask(snapshot.context), null);
  assert.match(snapshot.context.turns[0]?.remark ?? '', /approved by Ada/);
});

test('makes the held report when somebody approves it', () => {
  const snapshot = step(invocationMachine, waiting(REPORT), decided('approve', REPORT));
  assert.equal(stateOf(snapshot), 'reporting');
  assert.deepEqual(snapshot.context.report, REPORT.report);
});

test('makes what the person put in place of it', () => {
  const calls = [{ ...call(2, 'emit'), input: { text: 'softer' } }, call(3, 'store')];
  const edited = step(invocationMachine, waiting(), decided('edit', { calls }));
  assert.deepEqual(edited.context.turns[0]?.calls[0]?.input, { text: 'softer' });
  assert.match(edited.context.turns[0]?.remark ?? '', /emit was made with \{"text":"softer"\}/);
  const report = { text: 'in other words', data: null };
  assert.deepEqual(step(invocationMachine, waiting(REPORT), decided('edit', { report })).context.report, report);
});

test('an edited call that a rule refuses is a tool error, and the others go on', () => {
  const refused = { ...call(2, 'emit', [{ rule: 'enforce.polite', ok: false, reason: 'rude' }]) };
  const snapshot = step(
    invocationMachine,
    waiting({ calls: [refused, call(3, 'store')] }),
    decided('approve', { calls: [refused, call(3, 'store')] }),
  );
  assert.deepEqual(statuses(snapshot), ['error', 'running']);
});

test('thinks again with the note when it is asked again, and what it wanted did not happen', () => {
  const snapshot = step(invocationMachine, waiting(), decided('ask_again', {}, { note: 'what of the second source?' }));
  assert.equal(stateOf(snapshot), 'thinking');
  assert.deepEqual(statuses(snapshot), ['error', 'error']);
  assert.match(String(snapshot.context.turns[0]?.calls[0]?.result), /what of the second source/);
});

test('ends as refused when somebody rejects it, with who and why', () => {
  const snapshot = step(invocationMachine, waiting(), decided('reject', {}, { note: 'too early' }));
  assert.equal(stateOf(snapshot), 'refused');
  const report = reportOf('refused', snapshot.context);
  assert.deepEqual(report?.error, { code: 'human.rejected', message: 'Ada rejected it: too early' });
  assert.deepEqual(Object.keys(snapshot.children), []);
});

test('stays open on a decision that does not count, and takes one that does', () => {
  const refused = step(invocationMachine, waiting(), decided('approve', { verdicts: no }));
  assert.equal(stateOf(refused), 'waiting_for_human');
  assert.equal(openTask(refused.context)?.refused, 'd-approve');
  assert.equal(stateOf(step(invocationMachine, refused, decided('approve', CALLS, { id: 'd-2' }))), 'acting');
});

test('counts one decision only, and none on another question', () => {
  assert.equal(accepts(waiting(), decided('approve', {}, { task: 'r1.0.2' })), false);
  const approved = step(invocationMachine, waiting(), decided('approve', CALLS));
  assert.equal(accepts(approved, decided('reject')), false);
});

test('answers an agent that asked by itself', () => {
  const raised = waiting({ calls: [call(2, 'escalate')] });
  const snapshot = step(
    invocationMachine,
    raised,
    decided('approve', { calls: [call(2, 'escalate')] }, { note: 'go on' }),
  );
  assert.equal(stateOf(snapshot), 'thinking');
  assert.match(String(snapshot.context.turns[0]?.calls[0]?.result), /approved by Ada: go on/);
});

test('does at expiry what the rule says', () => {
  const refused = step(invocationMachine, waiting(), expiry);
  assert.equal(stateOf(refused), 'refused');
  assert.equal(refused.context.error?.code, 'human.expired');
  const approved = step(invocationMachine, waiting(CALLS, { on_expiry: 'approve' }), expiry);
  assert.deepEqual([stateOf(approved), statuses(approved)], ['acting', ['running', 'pending']]);
  assert.equal(stateOf(step(invocationMachine, waiting(REPORT, { on_expiry: 'approve' }), expiry)), 'reporting');
  const handed = step(invocationMachine, waiting(CALLS, { on_expiry: 'escalate' }), expiry);
  assert.equal(stateOf(handed), 'escalated');
  assert.equal(handed.context.escalation?.target, 'parent');
});

test('never lets what breaks a rule take effect by waiting', () => {
  const breach = waiting(CALLS, { kind: 'breach', on_expiry: 'approve' });
  assert.equal(stateOf(step(invocationMachine, breach, expiry)), 'refused');
});

test('ignores a timer that comes after the decision, and one of another question', () => {
  const approved = step(invocationMachine, waiting(), decided('approve', CALLS));
  assert.equal(accepts(approved, expiry), false);
  assert.equal(accepts(waiting(), { type: 'timer.fired', name: 'due-7' } as never), false);
});

test('cancels the timer of a question that is answered', () => {
  const before = waiting();
  const after = step(invocationMachine, before, decided('approve', CALLS));
  const sends = timerSends({ context: before.context, ended: false }, { context: after.context, ended: false }, false);
  assert.deepEqual(
    sends.map((send) => [send.kind, 'name' in send && send.name]),
    [['no timer', 'due-1']],
  );
});

test('ends at its deadline, but not while a person is asked', () => {
  const deadline = { name: 'deadline-1', at: '2026-11-16T07:00:00.000Z' };
  const passed = { type: 'timer.fired', name: 'deadline-1' } as const;
  const limited = [invoked, { ...admitted, deadline }] as never[];
  const thinking = after(...limited);
  const late = step(invocationMachine, thinking, passed);
  assert.deepEqual([stateOf(late), late.context.error?.code], ['failing', 'budget.deadline']);
  const held = after(...limited, ...asks(CALLS));
  assert.equal(accepts(held, passed), false);
  const to = { name: 'deadline-2', at: '2026-11-17T07:00:00.000Z' };
  const moved = step(invocationMachine, held, { type: 'deadline.moved', from: 'deadline-1', to } as never);
  assert.deepEqual(moved.context.timers.deadline, to);
  assert.equal(accepts(step(invocationMachine, moved, decided('approve', CALLS)), passed), false);
});

test('a deadline moves by the time that people took, in it and below it', () => {
  const at = (time: string) => ({ name: `deadline-${Date.parse(time)}`, at: time });
  const limited = { ...admitted, deadline: at('2026-11-16T07:00:00.000Z') };
  const held = after(invoked, limited, ...asks({ calls: [call(2, 'delegate')] }));
  const answered = step(invocationMachine, held, decided('approve', { calls: [call(2, 'delegate')] }));
  assert.deepEqual(answered.context.timers.deadline, at('2026-11-17T07:00:00.000Z'));
  const report = agentReport('finder', { path: '0-1', waited_ms: 3_600_000 });
  const reported = step(invocationMachine, answered, { type: 'child.reported', path: '0-1', report } as never);
  assert.deepEqual(reported.context.timers.deadline, at('2026-11-17T08:00:00.000Z'));
});

test('ends in every state when it is cancelled, also after it failed, and not when it has ended', () => {
  const failed = { type: 'failed', error: { code: 'c', message: 'm' } } as const;
  const running = after(...begun, replied(CALLS));
  for (const snapshot of [after(invoked), after(...begun), running, waiting(), after(...begun, failed)]) {
    const ended = step(invocationMachine, snapshot, cancelled);
    assert.deepEqual([stateOf(ended), ended.status], ['cancelled', 'done']);
    assert.deepEqual(Object.keys(ended.children), []);
  }
  assert.equal(accepts(after(...begun, replied(REPORT), { type: 'completed' }), cancelled), false);
  assert.equal(reportOf('cancelled', step(invocationMachine, running, cancelled).context)?.text, 'Ada: not needed');
});

test('a result and the cancel that came meanwhile are one entry: the next call never starts', () => {
  const running = after(...begun, replied(CALLS));
  const ended = step(invocationMachine, step(invocationMachine, running, settled(2)), cancelled);
  assert.deepEqual([stateOf(ended), Object.keys(ended.children)], ['cancelled', []]);
});

test('what was set aside goes on from its journal when somebody approves, and stays so when not', () => {
  const task = { ...TASK, kind: 'quarantine' as const, due: null };
  const failed = { type: 'failed', error: { code: 'activation.quarantined', message: 'it crashed' }, task } as const;
  const aside = after(...begun, replied(CALLS), failed);
  assert.equal(openTask(aside.context)?.kind, 'quarantine');
  const again = step(invocationMachine, aside, decided('approve'));
  assert.deepEqual([stateOf(again), statuses(again)], ['acting', ['running', 'pending']]);
  const left = step(invocationMachine, aside, decided('reject'));
  assert.deepEqual(
    [stateOf(left), openTask(left.context), left.context.error?.code],
    ['failed', null, 'activation.quarantined'],
  );
});

test('a failure while a person is asked answers nothing: the question is open again when the invocation goes on', () => {
  const broken = { type: 'failed', error: { code: 'journal.diverged', message: 'm' } } as const;
  const retried = { type: 'retried', by: 'Ada' } as const;
  const again = step(invocationMachine, step(invocationMachine, waiting(), broken), retried);
  assert.deepEqual([stateOf(again), Object.keys(again.children)], ['waiting_for_human', []]);
  const aside = { ...broken, task: { ...TASK, id: 'r1.0.2', kind: 'quarantine' as const, due: null } };
  const asked = step(invocationMachine, waiting(), aside);
  assert.equal(openTask(asked.context)?.id, 'r1.0.2');
  const back = step(invocationMachine, asked, decided('approve', {}, { task: 'r1.0.2' }));
  assert.deepEqual([stateOf(back), openTask(back.context)?.id], ['waiting_for_human', TASK.id]);
});

test.run();
