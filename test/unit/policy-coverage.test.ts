import assert from 'node:assert/strict';
import type { AgentDefinition } from '../../runtime/definitions/schema.ts';
import { type AgentSample, sampleAgent, sampleState } from '../support/samples.ts';
import { suite } from '../support/suite.ts';
import { answered, call, heldBy, judge, say, verdict } from './judging-fixture.ts';

const test = suite('what an approval covers');

const RULES: AgentDefinition['autonomy']['escalation_rules'] = [
  { condition: 'rare_book', when: 'facts.get_book.rare', target: 'human', reason: 'the book is rare' },
];
const FACTS = { facts: { get_book: { rare: true } } };
const LEND = call('emit_event', { reader: 'Ada' });
const NOTE = call('store_memory', { text: 'lent' });

const agent = (more: AgentSample = {}) => sampleAgent({ rules: RULES, ...more });
const resolved = agent();

/** The fold after a person answered for [emit, store]. */
function after(answer: 'approve' | 'edit' | 'ask_again', inputs = {}, who = resolved) {
  const before = sampleState(FACTS);
  return answered(heldBy(judge([LEND, NOTE], { resolved: who, state: before }), before), answer, inputs);
}

const asks = (content: Parameters<typeof judge>[0], state = after('approve'), who = resolved) =>
  judge(content, { resolved: who, state, stop: 'tool_use' }).escalation?.task?.rules ?? null;

test('after an approval the report asks nobody again; what nobody saw does', () => {
  assert.equal(asks([say('Done.')]), null);
  assert.deepEqual(asks([call('delegate_to_finder')]), ['rare_book']);
  const event = judge([say('Done.')], { resolved, state: after('approve'), stop: 'end_turn' });
  assert.deepEqual(verdict(event, 'escalation.rare_book'), {
    rule: 'escalation.rare_book',
    ok: true,
    reason: 'approved by Ada in r-1.0.1',
  });
  assert.equal(event.report?.text, 'Done.');
});

test('the approval of an escalation that shows nothing covers nothing', () => {
  const before = sampleState(FACTS);
  const raised = judge([call('escalate', { condition: 'rare_book', reason: 'is it?' })], { resolved, state: before });
  const state = answered(heldBy(raised, before), 'approve');
  assert.deepEqual(asks([LEND], state), ['rare_book']);
  assert.deepEqual(asks([say('Done.')], state), ['rare_book']);
});

test('the same call again asks nobody, whatever the order of its keys; a changed one asks again', () => {
  assert.equal(asks([call('emit_event', { reader: 'Ada' })]), null);
  assert.deepEqual(asks([call('emit_event', { reader: 'Bob' })]), ['rare_book']);
  assert.deepEqual(asks([LEND, call('store_memory', { text: 'other' })]), ['rare_book']);
});

test('an edit covers what was put in place, not what was proposed', () => {
  const state = after('edit', { emit_event: { reader: 'Bob' } });
  assert.equal(asks([call('emit_event', { reader: 'Bob' })], state), null);
  assert.deepEqual(asks([LEND], state), ['rare_book']);
});

test('a question that was sent back, or is refused at its expiry, covers nothing', () => {
  assert.deepEqual(asks([LEND], after('ask_again')), ['rare_book']);
  const expired = after('approve');
  const tasks = expired.tasks.map((task) => ({ ...task, decision: null, expired: true }));
  assert.deepEqual(asks([LEND], { ...expired, tasks }), ['rare_book']);
  const approving = tasks.map((task) => ({ ...task, on_expiry: 'approve' as const }));
  assert.equal(asks([LEND], { ...expired, tasks: approving }), null);
});

test('a changed fact asks again: the person decided on other ones', () => {
  assert.deepEqual(asks([say('Done.')], { ...after('approve'), fact_changes: 1 }), ['rare_book']);
});

test('an approval answers the rules that asked, and no others', () => {
  const state = after('approve');
  const stricter = agent({
    rules: [...RULES, { condition: 'no_card', when: 'true', target: 'human', reason: 'the reader has no card' }],
  });
  assert.deepEqual(asks([LEND], state, stricter), ['no_card']);
});

test('a named approval covers the call that was approved, and none that came later', () => {
  const named = sampleAgent({ approvals: ['emit_event', 'store_memory'] });
  const before = sampleState(FACTS);
  const state = answered(heldBy(judge([LEND], { resolved: named, state: before }), before), 'approve');
  assert.equal(asks([LEND], state, named), null);
  assert.deepEqual(asks([call('emit_event', { reader: 'Bob' })], state, named), ['approval.emit_event']);
  assert.deepEqual(asks([LEND, NOTE], state, named), ['approval.store_memory']);
});

test('a later approval counts beside an earlier one', () => {
  const first = after('approve');
  const other = call('emit_event', { reader: 'Bob' });
  const second = answered(heldBy(judge([other], { resolved, state: first }), first), 'approve');
  assert.equal(asks([other], second), null);
  assert.equal(asks([LEND], second), null);
  assert.deepEqual(asks([call('emit_event', { reader: 'Eve' })], second), ['rare_book']);
});

test.run();
