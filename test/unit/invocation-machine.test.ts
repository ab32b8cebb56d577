import assert from 'node:assert/strict';
import { createActor, type EventObject, fromCallback } from 'xstate';
import { accepts, contextDigest, emptyFold, fold, stateOf, step } from '../../actors/fold.ts';
import { type EffectInput, invocationMachine } from '../../actors/invocation/machine.ts';
import { restored } from '../../actors/supervisor/restored.ts';
import type { InvocationEvent } from '../../runtime/journal/entry.ts';
import type { StoredEntry } from '../../runtime/journal/journal.ts';
import type { AgentReport } from '../../runtime/report.ts';
import { noUsage } from '../../runtime/report.ts';
import { admitted, after, call, invoked, replied, settled, statuses } from '../support/invocation-events.ts';
import { sampleInvocation } from '../support/samples.ts';
import { suite } from '../support/suite.ts';

const test = suite('the invocation machine');

test('is admitted only on verdicts that all hold', () => {
  const failing: InvocationEvent = { ...admitted, verdicts: [{ rule: 'r', ok: false, reason: 'no' }] };
  assert.equal(after(invoked).can(failing), false);
  assert.equal(stateOf(after(invoked, admitted)), 'thinking');
});

test('cannot be invoked twice', () => {
  assert.equal(after(invoked).can(invoked), false);
});

test('starts the reads of a turn together, and emits, stores and delegations one after the other', () => {
  const calls = [call(2, 'emit'), call(3, 'read'), call(4, 'store'), call(5, 'read'), call(6, 'delegate')];
  let snapshot = after(invoked, admitted, replied({ calls }));
  assert.deepEqual(statuses(snapshot), ['running', 'running', 'pending', 'running', 'pending']);
  snapshot = step(invocationMachine, snapshot, settled(2));
  assert.deepEqual(statuses(snapshot), ['ok', 'running', 'running', 'running', 'pending']);
  snapshot = step(invocationMachine, snapshot, settled(4, false));
  assert.deepEqual(statuses(snapshot), ['ok', 'running', 'error', 'running', 'running']);
  assert.deepEqual(Object.keys(snapshot.children).sort(), ['call-3', 'call-5']);
});

test('thinks again only when every call has settled, the child’s report included', () => {
  const report: AgentReport = {
    agent: 'finder',
    version: '1',
    definition: 'd',
    run: 'r',
    path: '0-1',
    subject: null,
    as_of: '2026-11-16',
    outcome: 'completed',
    text: 'found',
    data: null,
    model: 'rehearsal',
    usage: noUsage(),
    cost_usd: 0,
    waited_ms: 0,
    events: [],
    memories: [],
    children: [],
    error: null,
  };
  let snapshot = after(invoked, admitted, replied({ calls: [call(2, 'read'), call(3, 'delegate')] }), settled(2));
  assert.equal(stateOf(snapshot), 'acting');
  const reported: InvocationEvent = { type: 'child.reported', path: '0-1', report };
  snapshot = step(invocationMachine, snapshot, reported);
  assert.equal(stateOf(snapshot), 'thinking');
  assert.equal(snapshot.can(reported), false, 'a second report of the same child changes nothing');
});

test('a call that policy refused is an error from the start and never runs', () => {
  const refused = call(2, 'store', [{ rule: 'x', ok: false, reason: 'not now' }]);
  const snapshot = after(invoked, admitted, replied({ calls: [refused] }));
  assert.equal(stateOf(snapshot), 'thinking');
  assert.deepEqual(
    snapshot.context.turns[0]?.calls.map(({ result }) => result),
    ['x: not now'],
  );
});

test('a result of a call that does not run is ignored', () => {
  const snapshot = after(invoked, admitted, replied({ calls: [call(2, 'read')] }));
  assert.equal(snapshot.can(settled(9)), false);
  assert.equal(step(invocationMachine, snapshot, settled(2)).can(settled(2)), false);
});

test('an escalation wins over the report of the same turn; its target decides where it ends', () => {
  const report = { text: 't', data: null };
  for (const [target, state] of [
    ['human', 'waiting_for_human'],
    ['parent', 'escalated'],
  ] as const) {
    const escalation = { rule: 'rare', target, reason: 'why' };
    const snapshot = after(invoked, admitted, replied({ escalation, report }), { type: 'escalated', escalation });
    assert.equal(stateOf(snapshot), state);
  }
});

test('sends a missing report back twice; the third ends in failing', () => {
  const missing = replied({ verdicts: [{ rule: 'report.present', ok: false, reason: 'say something' }] });
  let snapshot = after(invoked, admitted, missing);
  assert.equal(stateOf(snapshot), 'thinking');
  snapshot = step(invocationMachine, snapshot, missing);
  assert.equal(stateOf(snapshot), 'thinking');
  assert.equal(stateOf(step(invocationMachine, snapshot, missing)), 'failing');
});

test('ends as failed from every state that is not final', () => {
  const failed: InvocationEvent = { type: 'failed', error: { code: 'activation.crashed', message: 'x' } };
  const escalation = { rule: 'rare', target: 'human', reason: 'why' } as const;
  for (const before of [
    [invoked],
    [invoked, admitted],
    [invoked, admitted, replied({ calls: [call(2, 'read')] })],
    [invoked, admitted, replied({ escalation }), { type: 'escalated', escalation } as const],
  ]) {
    assert.equal(stateOf(after(...before, failed)), 'failed');
  }
});

test('nothing moves a final state', () => {
  const done = after(invoked, admitted, replied({ report: { text: 't', data: null } }), { type: 'completed' });
  assert.equal(stateOf(done), 'completed');
  for (const event of [
    admitted,
    settled(2),
    { type: 'failed', error: { code: 'c', message: 'm' } },
    { type: 'resumed', worker: 'w', delivery: 2 },
  ] as InvocationEvent[]) {
    assert.equal(accepts(done, event), false, event.type);
  }
});

test('a fact that was handed down is never overridden by an own result', () => {
  const given = { ...sampleInvocation(), facts: { look_up: 'given' } };
  const fact = (name: string): InvocationEvent => ({ ...settled(2), fact: name }) as InvocationEvent;
  const base = [{ ...invoked, invocation: given } as InvocationEvent, admitted, replied({ calls: [call(2, 'read')] })];
  assert.deepEqual(after(...base, fact('look_up')).context.facts, { look_up: 'given' });
  assert.deepEqual(after(...base, fact('weigh')).context.facts, { look_up: 'given', weigh: { n: 2 } });
});

test('the live actor and the fold of its journal reach the same context', () => {
  const events = [invoked, admitted, replied({ calls: [call(2, 'read'), call(3, 'read')] }), settled(3), settled(2)];
  const live = createActor(invocationMachine).start();
  for (const event of events) live.send(event);
  assert.equal(contextDigest(live.getSnapshot()), contextDigest(after(...events)));
});

test('a restored actor runs just the effects that were pending', () => {
  const started: number[] = [];
  const machine = invocationMachine.provide({
    actors: { call: fromCallback<EventObject, EffectInput>(({ input }) => void started.push(input.ordinal)) },
  });
  const snapshot = after(invoked, admitted, replied({ calls: [call(2, 'read'), call(3, 'read')] }), settled(2));
  const actor = createActor(restored(machine, snapshot)).start();
  assert.deepEqual(started, [3]);
  assert.deepEqual(Object.keys(actor.getSnapshot().children), ['call-3']);
});

test('waits for a worker that may ask the model are no failures of the model, and a reply ends both counts', () => {
  const failed = (name: string, elsewhere: boolean): InvocationEvent => ({
    type: 'model.failed',
    ordinal: 1,
    error: { code: 'model.unavailable', message: 'not now' },
    retry: { name, at: '2026-11-16T06:00:00.000Z' },
    ...(elsewhere && { elsewhere: true }),
  });
  const fired = (name: string): InvocationEvent => ({ type: 'timer.fired', name });
  const waited = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].flatMap((name) => [failed(name, true), fired(name)]);
  const { context } = after(invoked, admitted, ...waited, failed('h', false));
  assert.deepEqual([context.waits, context.failures], [7, 1]);
  const answered = after(invoked, admitted, ...waited, failed('h', false), fired('h'), replied()).context;
  assert.deepEqual([answered.waits, answered.failures], [0, 0]);
  assert.equal('waits' in after(invoked, admitted, failed('h', false)).context, false, 'older journals keep digests');
});

test('announced waits are counted apart, and end a row of failures; a reply or a retry ends both counts', () => {
  const failed = (name: string, announced: boolean): InvocationEvent => ({
    type: 'model.failed',
    ordinal: 1,
    error: { code: 'model.unavailable', message: 'not now' },
    retry: { name, at: '2026-11-16T06:00:00.000Z' },
    ...(announced && { announced: true }),
  });
  const waited = [true, true, false, true, false, false].flatMap((announced, i): InvocationEvent[] => [
    failed(`t${i}`, announced),
    { type: 'timer.fired', name: `t${i}` },
  ]);
  const counts = (...events: InvocationEvent[]) => {
    const { context } = after(invoked, admitted, ...waited, ...events);
    return [context.announced, context.failures];
  };
  assert.deepEqual(counts(), [3, 2]);
  assert.deepEqual(counts(replied()), [0, 0]);
  const ended: InvocationEvent = { type: 'failed', error: { code: 'model.unavailable', message: 'not now' } };
  assert.deepEqual(counts(ended, { type: 'retried', by: 'Ada' }), [0, 0]);
  const before = after(invoked, admitted, failed('h', false), { type: 'timer.fired', name: 'h' }, replied()).context;
  assert.equal('announced' in before, false, 'older journals keep digests');
});

test('a journal that leads elsewhere than its entries say is reported as diverged', () => {
  const entries = [[invoked], [admitted]].reduce<{ list: StoredEntry[]; snapshot: ReturnType<typeof after> }>(
    ({ list, snapshot }, events) => {
      const next = events.reduce((each, event) => step(invocationMachine, each, event), snapshot);
      const entry: StoredEntry = {
        v: 1,
        seq: list.length + 1,
        at: '',
        writer: 'w',
        key: `${list.length}`,
        agent: 'librarian',
        subject: null,
        events,
        state: stateOf(next),
        digest: contextDigest(next),
      };
      return { list: [...list, entry], snapshot: next };
    },
    { list: [], snapshot: emptyFold(invocationMachine).snapshot },
  ).list;
  assert.equal(fold(invocationMachine, entries).diverged, null);
  const forged = entries.map((entry, i) => (i === 1 ? { ...entry, state: 'completed' } : entry));
  assert.match(fold(invocationMachine, forged).diverged ?? '', /entry 2 says completed, the fold says thinking/);
  const altered = entries.map((entry, i) => (i === 1 ? { ...entry, digest: '0'.repeat(16) } : entry));
  assert.match(fold(invocationMachine, altered).diverged ?? '', /entry 2 names the context 0+/);
});

test.run();
