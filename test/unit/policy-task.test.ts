import assert from 'node:assert/strict';
import type { AgentDefinition } from '../../runtime/definitions/schema.ts';
import type { HumanTask } from '../../runtime/journal/entry.ts';
import { newTask } from '../../runtime/policy/task.ts';
import { type AgentSample, sampleAgent, sampleInvocation, sampleState } from '../support/samples.ts';
import { suite } from '../support/suite.ts';
import { NOW } from './judging-fixture.ts';

const test = suite('questions to people');

type Rule = AgentDefinition['autonomy']['escalation_rules'][number];
const rule = (condition: string, more: Partial<Rule> = {}): Rule => ({
  condition,
  target: 'human',
  reason: 'why',
  ...more,
});

function ask(sample: AgentSample, rules: string[], kind: HumanTask['kind'] = 'approval', facts = {}): HumanTask {
  const resolved = sampleAgent(sample);
  return newTask({ resolved, state: sampleState({ facts }), kind, rules, question: 'why?', now: NOW });
}

test('without any terms the operator decides, the question never expires, and silence refuses', () => {
  assert.deepEqual(ask({}, ['approval.emit_event']), {
    id: 'r-1.0.1',
    kind: 'approval',
    rules: ['approval.emit_event'],
    question: 'why?',
    decides: { name: null, role: 'operator' },
    opened: NOW,
    due: null,
    on_expiry: 'refuse',
  });
});

test('a question is numbered within its invocation', () => {
  const address = { tenant: 'town', run: 'r.9', path: '0-2' };
  const first = newTask({
    resolved: sampleAgent(),
    state: sampleState({ invocation: sampleInvocation({ address }) }),
    kind: 'approval',
    rules: [],
    question: '',
    now: NOW,
  });
  assert.equal(first.id, 'r.9.0-2.1');
});

test('the facts name who decides; without the fact only the role does', () => {
  const rules = [rule('rare', { decides: { fact: '/get_owner/name', role: 'curator' } })];
  assert.deepEqual(ask({ rules }, ['rare'], 'approval', { get_owner: { name: 'Ada' } }).decides, {
    name: 'Ada',
    role: 'curator',
  });
  assert.deepEqual(ask({ rules }, ['rare']).decides, { name: null, role: 'curator' });
});

test('what a rule leaves open follows the terms of its agent', () => {
  const human = { decides: { role: 'curator' }, due: '4h', on_expiry: 'escalate' as const };
  const rules = [rule('rare', { due: '30m' })];
  const task = ask({ rules, human }, ['rare']);
  assert.deepEqual([task.decides.role, task.due, task.on_expiry], ['curator', '2026-11-16T08:30:00.000Z', 'escalate']);
  assert.equal(ask({ rules, human }, ['approval.report']).due, '2026-11-16T12:00:00.000Z');
});

test('of several rules the first that names a decider, the shortest time and the most careful outcome count', () => {
  const rules = [
    rule('rare', { due: '2d', on_expiry: 'approve' }),
    rule('old', { due: '90s', decides: { role: 'curator' }, on_expiry: 'escalate' }),
    rule('torn', { decides: { role: 'binder' }, on_expiry: 'approve' }),
  ];
  const task = ask({ rules }, ['rare', 'old', 'torn']);
  assert.deepEqual([task.decides.role, task.due, task.on_expiry], ['curator', '2026-11-16T08:01:30.000Z', 'escalate']);
  assert.equal(ask({ rules }, ['rare', 'approval.report']).on_expiry, 'refuse');
  assert.equal(ask({ rules }, ['rare', 'torn']).on_expiry, 'approve');
});

test('silence neither lifts a broken rule nor grants a budget, and what has failed is never overdue', () => {
  const human = { due: '4h', on_expiry: 'approve' as const };
  assert.equal(ask({ human }, ['approval.report']).on_expiry, 'approve');
  assert.equal(ask({ human }, ['enforce.x'], 'breach').on_expiry, 'refuse');
  assert.equal(ask({ human }, ['budget.turns'], 'budget').on_expiry, 'refuse');
  assert.equal(ask({ human }, ['activation.quarantined'], 'quarantine').due, null);
});

test.run();
