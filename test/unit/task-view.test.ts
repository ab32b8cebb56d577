import assert from 'node:assert/strict';
import { isAtRest } from '../../bridge/follow/at-rest.ts';
import { openOf } from '../../bridge/commands/ending.ts';
import { asks, mayAsk } from '../../bridge/views/human.ts';
import type { RunTree } from '../../bridge/journals/runs.ts';
import { mayDecide, parseTaskId, refusedRequest } from '../../bridge/views/task-view.ts';
import { type CallState, emptyInvocation } from '../../runtime/context/invocation.ts';
import type { StoredEntry } from '../../runtime/journal/journal.ts';
import type { HumanTask, JournaledEvent } from '../../runtime/journal/entry.ts';
import { suite } from '../support/suite.ts';

const test = suite('questions and trees');

test('a task’s id is read from its end: a run id may hold dots, numbers and line feeds', () => {
  const ids: [string, string, string][] = [
    ['r.0.1', 'r', '0'],
    ['a.0.1.0-2-1.12', 'a.0.1', '0-2-1'],
    ['week 47/a.b.0.3', 'week 47/a.b', '0'],
    ['two\nlines.0.1', 'two\nlines', '0'],
  ];
  for (const [id, run, path] of ids) assert.deepEqual(parseTaskId(id), { run, path }, id);
  for (const id of ['', 'r', 'r.0', '.0.1', 'r.1.1', 'r.0-0.1', 'r.0-.1', 'r.0.0', 'r.0.01', 'r.0.1 ', 'r.0.one'])
    assert.equal(parseTaskId(id), null, id);
});

test('the person who is named may decide, whatever the case, and everyone with the role; nobody by a missing name', () => {
  const decides = { name: 'Dana Fox', role: 'operator' };
  assert.ok(mayDecide(decides, { by: ' dana fox ', role: null }));
  assert.ok(mayDecide(decides, { by: 'ada', role: 'operator' }));
  assert.ok(!mayDecide(decides, { by: 'Dana', role: 'auditor' }));
  assert.ok(!mayDecide(decides, { by: 'operator', role: null }));
  assert.ok(!mayDecide({ name: null, role: 'operator' }, { by: 'null', role: null }));
});

interface Part {
  state: string;
  /** State of each delegation that was begun, null for one without a journal. */
  begun?: (Part | null)[];
}

function tree({ state, begun = [] }: Part, path = '0'): RunTree {
  const paths = begun.map((_, i) => `${path}-${i + 1}`);
  const calls = paths.map((each) => ({ status: 'running', delegate: { agent: 'a', path: each } }) as CallState);
  const turns = calls.length > 0 ? [{ ordinal: 1, content: [], calls, correction: null, remark: null }] : [];
  return {
    address: { tenant: 't', run: 'r', path },
    agent: 'a',
    entries: [],
    state,
    context: { ...emptyInvocation(), turns },
    children: begun.flatMap((part, i) => (part ? [tree(part, paths[i])] : [])),
  };
}

test('a tree is at rest when it has ended, or when all that it waits for waits for people', () => {
  const waiting = { state: 'waiting_for_human' };
  for (const state of ['completed', 'failed', 'cancelled', 'waiting_for_human']) assert.ok(isAtRest(tree({ state })));
  for (const state of ['thinking', 'backing_off', 'admitting']) assert.ok(!isAtRest(tree({ state })));
  assert.ok(isAtRest(tree({ state: 'acting', begun: [waiting, { state: 'acting', begun: [waiting] }] })));
  assert.ok(!isAtRest(tree({ state: 'acting', begun: [waiting, { state: 'thinking' }] })));
  assert.ok(!isAtRest(tree({ state: 'acting', begun: [waiting, null] })), 'a delegation that has not begun');
  assert.ok(!isAtRest(tree({ state: 'acting', begun: [{ state: 'completed' }] })), 'a report on its way');
});

test('a cancelled tree is final when every journal of it is, those that are not begun and failed ones included', () => {
  const open = (part: Part | null) => openOf('r', part && tree(part), true);
  assert.deepEqual(open(null), ['r 0 accepted']);
  assert.deepEqual(open({ state: 'cancelled', begun: [{ state: 'cancelled' }, { state: 'completed' }] }), []);
  assert.deepEqual(open({ state: 'cancelled', begun: [null, { state: 'thinking' }] }), [
    'r 0-1 accepted',
    'r 0-2 thinking',
  ]);
  assert.deepEqual(open({ state: 'failed' }), ['r 0 failed']);
  assert.deepEqual(open({ state: 'cancelled', begun: [{ state: 'failed' }] }), ['r 0-1 failed']);
  assert.deepEqual(openOf('r', tree({ state: 'failed', begun: [{ state: 'failed' }] }), false), []);
});

test('a journal’s last entry tells whether somebody may be asked', () => {
  const task = { id: 'r.0.1' } as HumanTask;
  const error = { code: 'x', message: '' };
  const entry = (state: string, ...events: object[]) => ({ agent: 'a', state, events: events as JournaledEvent[] });
  const refused = { type: 'human.decided', verdicts: [{ rule: 'human.can_answer', ok: false, reason: '' }] };
  const cases: [ReturnType<typeof entry>, mayAsk: boolean, asks: boolean][] = [
    [entry('waiting_for_human', { type: 'escalated', escalation: { task } }), true, true],
    [entry('waiting_for_human', refused), true, true],
    [entry('failed', { type: 'failed', error, task }), true, true],
    [entry('failed', { type: 'failed', error }), false, false],
    [entry('failed', refused), true, true],
    [entry('failed', { type: 'human.decided', verdicts: [] }), true, false],
    [entry('failed', { type: 'child.reported' }), true, false],
    [entry('completed', { type: 'completed' }), false, false],
    [{ ...entry('failed', { type: 'failed', error }), agent: '_schedule-s' }, false, false],
  ];
  for (const [last, may, does] of cases)
    assert.deepEqual([mayAsk(last), asks(last)], [may, does], JSON.stringify(last));
});

test('a refused request is found by its question: turns count what was answered, however often one was refused', () => {
  const replied = { type: 'model.replied' };
  const failed = (id: string, request_id?: string) => ({
    type: 'model.failed',
    escalation: { task: { id } },
    ...(request_id && { request_id }),
  });
  const events = [
    replied,
    { type: 'model.failed' },
    failed('r.0.1', 'req_3'),
    failed('r.0.2'),
    replied,
    failed('r.0.3'),
  ];
  const entries = events.map((event) => ({ events: [event] })) as unknown as StoredEntry[];
  const found = ['r.0.1', 'r.0.2', 'r.0.3', 'r.0.4'].map((id) => refusedRequest(entries, id));
  assert.deepEqual(found, [
    { turn: 2, request_id: 'req_3' },
    { turn: 2, request_id: null },
    { turn: 3, request_id: null },
    null,
  ]);
});

test.run();
