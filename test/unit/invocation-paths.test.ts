/**
 * Explores all that the invocation machine can do: every event in every state, over turns of every kind (effects, refused
 * ones, a delegation, a report, questions to a person, a turn that is sent back). What the map shows holds on every path.
 */
import assert from 'node:assert/strict';
import type { SnapshotFrom } from 'xstate';
import { getAdjacencyMap } from 'xstate/graph';
import { accepts, hasEnded, stateOf } from '../../actors/fold.ts';
import { invocationMachine } from '../../actors/invocation/machine.ts';
import { runningCalls } from '../../actors/invocation/take.ts';
import { dueTimer, openTask } from '../../runtime/context/invocation.ts';
import type { HumanTask, InvocationEvent, OnExpiry } from '../../runtime/journal/entry.ts';
import { failing } from '../../runtime/policy/verdict.ts';
import { agentReport } from '../support/accounts.ts';
import * as events from '../support/invocation-events.ts';
import { suite } from '../support/suite.ts';

type Snapshot = SnapshotFrom<typeof invocationMachine>;

const test = suite('every path through the invocation machine', { timeoutMs: 60_000 });

const TURNS = 2;
const NO = [{ rule: 'enforce.checked', ok: false, reason: 'look first' }];
const ERROR = { code: 'c', message: 'm' };
const DENIED = { code: 'model.denied', message: '403' };

/** Turns that a model may make next, as judged. */
function turnsOf({ context }: Snapshot): InvocationEvent[] {
  const ordinal = context.ordinal + 1;
  const turn = (change: Parameters<typeof events.replied>[0]) => events.replied({ ordinal, ...change });
  const report = { report: { text: 'done', data: null } };
  if (context.turns.length >= TURNS) return [turn(report)];
  const effects = { calls: [events.call(ordinal + 1, 'emit'), events.call(ordinal + 2, 'store')] };
  const partly = { calls: [events.call(ordinal + 1, 'emit', NO), events.call(ordinal + 2, 'emit')] };
  const held = (what: Parameters<typeof turn>[0], task: Partial<HumanTask>): InvocationEvent => {
    const asked = { ...events.TASK, id: `r1.0.${context.tasks.length + 1}`, ...task };
    return turn({ ...what, escalation: { rule: 'unclear', target: 'human', reason: 'r', task: asked } });
  };
  return [
    turn(effects),
    turn(partly),
    turn({ calls: [events.call(ordinal + 1, 'delegate')] }),
    turn({ verdicts: [{ rule: 'report.present', ok: false, reason: 'nothing' }] }),
    turn({ ...effects, verdicts: [{ rule: 'turns.left', ok: false, reason: 'used up' }] }),
    turn({ ...effects, escalation: { rule: 'unclear', target: 'parent', reason: 'r' } }),
    turn(report),
    ...(['refuse', 'approve', 'escalate'] satisfies OnExpiry[]).map((on_expiry) => held(effects, { on_expiry })),
    held(partly, { on_expiry: 'approve' }),
    held(report, { on_expiry: 'approve' }),
    held(effects, { kind: 'breach', on_expiry: 'approve' }),
  ];
}

/** Every event that could come, awaited or not. */
function eventsOf(snapshot: Snapshot): InvocationEvent[] {
  const { context } = snapshot;
  const { retry, deadline } = context.timers;
  const calls = context.turns.at(-1)?.calls ?? [];
  const about = { task: openTask(context)?.id ?? 'r1.0.1' };
  const means = { calls, report: context.report };
  const aside: HumanTask = { ...events.TASK, id: `r1.0.${context.tasks.length + 1}`, kind: 'quarantine', due: null };
  const again: HumanTask = { ...aside, kind: 'model', due: events.TASK.due };
  const wrongRequest = { rule: 'model.rejected', target: 'human' as const, reason: 'r', task: again };
  return [
    events.invoked,
    events.admitted,
    { ...events.admitted, deadline: { name: 'deadline-1', at: '2026-11-16T09:00:00.000Z' } } as InvocationEvent,
    { ...events.admitted, verdicts: NO } as InvocationEvent,
    { type: 'refused', worker: 'w', verdicts: NO },
    ...turnsOf(snapshot),
    { type: 'model.failed', ordinal: context.ordinal + 1, error: ERROR, retry: null },
    { type: 'model.failed', ordinal: context.ordinal + 1, error: ERROR, retry: { name: 'retry-1', at: 'soon' } },
    { type: 'model.failed', ordinal: context.ordinal + 1, error: ERROR, retry: null, escalation: wrongRequest },
    ...[retry, deadline, dueTimer(context), { name: 'due-99' }].flatMap((timer) =>
      timer ? [{ type: 'timer.fired' as const, name: timer.name }] : [],
    ),
    ...calls.flatMap(({ ordinal }) => [events.settled(ordinal), events.settled(ordinal, false)]),
    { type: 'child.reported', path: '0-1', report: agentReport('finder', { path: '0-1' }) },
    { type: 'child.reported', path: '0-1', report: agentReport('finder', { path: '0-1' }), denied: DENIED },
    { type: 'completed' },
    ...(context.escalation ? [{ type: 'escalated' as const, escalation: context.escalation }] : []),
    ...(['approve', 'edit', 'reject', 'ask_again'] as const).map((answer) => events.decided(answer, means, about)),
    events.decided('approve', { ...means, verdicts: NO }, about),
    { type: 'failed', error: ERROR },
    { type: 'failed', error: ERROR, task: aside },
    { type: 'retried', by: 'Ada' },
    events.cancelled,
  ];
}

/** These are never the last state of an entry: the event that leaves them is in it. */
const FOLLOWED: Record<string, string> = { reporting: 'completed', escalating: 'escalated', failing: 'failed' };

function mayCome(snapshot: Snapshot, type: string): boolean {
  const next = FOLLOWED[stateOf(snapshot)];
  return (
    (next === undefined || next === type) && (type !== 'failed' || next === type || snapshot.context.tasks.length < 3)
  );
}

/** What tells states apart: all that guards and actions go by. */
function keyOf({ value, context }: Snapshot): string {
  const { turns, timers, corrections, report, escalation } = context;
  const calls = turns.at(-1)?.calls.map(({ kind, status }) => `${kind} ${status}`);
  const task = openTask(context);
  const asks = task && [task.kind, task.on_expiry];
  const waits = Object.values(timers).map((timer) => timer !== null);
  return JSON.stringify([
    value,
    Math.min(turns.length, TURNS + 1),
    calls,
    asks,
    waits,
    corrections,
    report !== null,
    escalation?.target,
  ]);
}

interface Step {
  before: Snapshot;
  event: InvocationEvent;
  after: Snapshot;
}
type Map = Record<
  string,
  { state: Snapshot; transitions: Record<string, { event: InvocationEvent; state: Snapshot }> }
>;

const map = getAdjacencyMap(invocationMachine, {
  events: eventsOf as never,
  filterEvents: (snapshot, event) => accepts(snapshot, event) && mayCome(snapshot, event.type),
  serializeState: keyOf,
  limit: 60_000,
}) as unknown as Map;
const states = Object.values(map).map(({ state }) => state);
const steps = Object.values(map).flatMap(({ state, transitions }) =>
  Object.values(transitions).map(({ event, state: after }): Step => ({ before: state, event, after })),
);

/** The calls whose effect a step begins. */
function begun({ before, after }: Step) {
  const ids = Object.keys(after.children).filter((id) => id !== 'model' && !(id in before.children));
  const calls = after.context.turns.flatMap((turn) => turn.calls.map((call) => ({ turn, call })));
  return ids.map((id) => calls.find(({ call }) => `call-${call.ordinal}` === id));
}

test('was explored through every state that it has', () => {
  const seen = new Set(states.map(stateOf));
  assert.deepEqual(
    Object.keys(invocationMachine.states).filter((state) => !seen.has(state)),
    [],
  );
  assert.ok(steps.length > 2000, `${states.length} states, ${steps.length} steps`);
});

test('begins an effect only when every verdict on its call holds', () => {
  const emits = steps.flatMap(begun).filter((each) => each?.call.kind === 'emit');
  assert.ok(emits.length > 0);
  for (const each of steps.flatMap(begun)) assert.equal(each && failing(each.call.verdicts), undefined);
});

test('begins an effect of a turn that a person is asked about only after that person’s word, or at the rule’s expiry', () => {
  let after = 0;
  for (const step of steps) {
    for (const each of begun(step)) {
      const task = step.after.context.tasks.find(
        ({ turn, kind }) => kind !== 'quarantine' && turn === each?.turn.ordinal,
      );
      if (!task) continue;
      after += 1;
      const { decision, expired, kind, on_expiry } = task;
      const said = decision?.answer === 'approve' || decision?.answer === 'edit';
      assert.ok(said || (expired && on_expiry === 'approve' && kind !== 'breach'), JSON.stringify(task));
    }
  }
  assert.ok(after > 0);
});

test('begins nothing while a person is asked, and a decision that does not count changes no state', () => {
  for (const step of steps) {
    if (stateOf(step.after) === 'waiting_for_human') assert.deepEqual(Object.keys(step.after.children), []);
    if (step.event.type === 'human.decided' && failing(step.event.verdicts)) {
      assert.equal(stateOf(step.after), stateOf(step.before));
    }
  }
});

test('leaves no effect behind where something was refused: nothing runs, and what was held never began', () => {
  const refused = states.filter((state) => stateOf(state) === 'refused');
  assert.ok(refused.some(({ context }) => context.tasks.length > 0));
  for (const state of refused) {
    assert.deepEqual(Object.keys(state.children), []);
    assert.deepEqual(runningCalls(state.context), []);
    for (const call of state.context.turns.at(-1)?.calls ?? []) assert.equal(call.created, null);
  }
  for (const { context } of states) {
    for (const call of context.turns.flatMap((turn) => turn.calls)) {
      if (failing(call.verdicts)) assert.deepEqual([call.status, call.created], ['error', null]);
    }
  }
});

test('runs no effect once it has ended', () => {
  for (const state of states.filter(hasEnded)) assert.deepEqual(Object.keys(state.children), [], keyOf(state));
});

test('goes to its end with whatever was refused below it, and begins nothing on the way there', () => {
  const denied = steps.filter(({ event }) => event.type === 'child.reported' && event.denied);
  assert.ok(denied.some(({ after }) => stateOf(after) === 'failing'));
  for (const { before, after } of denied.filter((step) => !hasEnded(step.before))) {
    assert.equal(stateOf(after), 'failing', keyOf(before));
    assert.deepEqual([Object.keys(after.children), after.context.error], [[], DENIED]);
  }
});

test('can reach an end from everywhere', () => {
  const from = new Map<string, string[]>();
  for (const { before, after } of steps) from.set(keyOf(after), [...(from.get(keyOf(after)) ?? []), keyOf(before)]);
  const ends = states.filter(hasEnded).map(keyOf);
  const reaching = new Set(ends);
  for (const key of reaching) for (const before of from.get(key) ?? []) reaching.add(before);
  assert.deepEqual(
    states.map(keyOf).filter((key) => !reaching.has(key)),
    [],
  );
});

test('can be cancelled from everywhere that is not final, and is final then', () => {
  for (const state of states.filter(({ status, value }) => status === 'active' && !(String(value) in FOLLOWED))) {
    assert.ok(accepts(state, events.cancelled), keyOf(state));
  }
  for (const { after } of steps.filter(({ event }) => event.type === 'cancelled')) assert.equal(after.status, 'done');
});

test.run();
