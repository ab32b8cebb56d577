import assert from 'node:assert/strict';
import type { AgentDefinition } from '../../runtime/definitions/schema.ts';
import { fails, holds } from '../../runtime/policy/verdict.ts';
import { type AgentSample, sampleAgent, sampleState } from '../support/samples.ts';
import { suite } from '../support/suite.ts';
import { call, handedOver, judge, refusal, say, verdict } from './judging-fixture.ts';

const test = suite('escalation');

type Rule = AgentDefinition['autonomy']['escalation_rules'][number];

const OVERDUE: Rule = {
  condition: 'long_overdue',
  when: 'facts.get_loan.days > 60',
  target: 'human',
  reason: 'the loan is long overdue',
};
const agent = (rules: Rule[], more: AgentSample = {}) => sampleAgent({ rules, ...more });
const late = sampleState({ facts: { get_loan: { days: 90 } } });

test('a `when` that is true asks a person before any effect and before the report, with the values it saw', () => {
  const given = { resolved: agent([OVERDUE]), state: late };
  const expected = {
    rule: 'long_overdue',
    target: 'human',
    reason: 'the loan is long overdue: facts.get_loan.days is 90',
  };
  for (const name of ['emit_event', 'store_memory', 'delegate_to_finder']) {
    assert.deepEqual(handedOver(judge([call(name)], given)), expected, name);
  }
  const reporting = judge([say('Done.')], { ...given, stop: 'end_turn' });
  assert.deepEqual(handedOver(reporting), expected);
  assert.deepEqual(reporting.report, { text: 'Done.', data: null }, 'what it would report is held');
  assert.equal(judge([call('look_up')], given).escalation, null, 'a read has no effect');
});

test('a `when` that is false leaves a verdict and lets the turn take effect', () => {
  const state = sampleState({ facts: { get_loan: { days: 3 } } });
  const event = judge([call('emit_event')], { resolved: agent([OVERDUE]), state });
  assert.equal(event.escalation, null);
  assert.deepEqual(verdict(event, 'escalation.long_overdue'), holds('escalation.long_overdue'));
});

test('a `when` that cannot be decided asks, and says why', () => {
  const event = judge([call('emit_event')], { resolved: agent([OVERDUE]) });
  assert.match(
    event.escalation?.reason ?? '',
    /^the loan is long overdue: .*could not be decided: facts\.get_loan is missing$/,
  );
  assert.equal(verdict(event, 'escalation.long_overdue')?.ok, false);
});

test('`before` says what a rule is asked before: only that, and a read if it names one', () => {
  const resolved = agent([{ ...OVERDUE, before: ['emit_event', 'look_up'] }]);
  const asks = (name: string) => judge([call(name)], { resolved, state: late }).escalation !== null;
  assert.deepEqual(['emit_event', 'look_up', 'store_memory'].map(asks), [true, true, false]);
  const report = judge([say('Done.')], { resolved, state: late, stop: 'end_turn' });
  assert.deepEqual([report.escalation, verdict(report, 'escalation.long_overdue')], [null, undefined]);
});

test('`before` holds for a condition that code decides as well', () => {
  const { when: _, ...byCode } = OVERDUE;
  const resolved = agent([{ ...byCode, before: ['report'] }], { decided: ['long_overdue'] });
  const given = { resolved, conditions: { long_overdue: () => '90 days' } };
  assert.equal(judge([call('emit_event')], given).escalation, null);
  assert.equal(judge([say('Done.')], { ...given, stop: 'end_turn' }).escalation?.rule, 'long_overdue');
});

test('`when` is asked about each effect by its own input', () => {
  const resolved = agent([{ ...OVERDUE, when: 'input.level == "high"', before: ['emit_event'] }]);
  const low = call('emit_event', { level: 'low' });
  const high = call('emit_event', { level: 'high' });
  assert.equal(judge([low], { resolved }).escalation, null);
  assert.equal(judge([low, high], { resolved }).escalation?.reason, 'the loan is long overdue: input.level is "high"');
});

test('a refused call asks nobody: it will not take effect', () => {
  const event = judge([call('emit_event', { bad: true })], { resolved: agent([OVERDUE]), state: late });
  assert.equal(event.escalation, null);
  assert.equal(refusal(event, 0)?.rule, 'input.valid');
});

test('all rules that ask a person about one turn are one question', () => {
  const damaged: Rule = { condition: 'damaged', target: 'human', reason: 'the book is damaged' };
  const resolved = agent([OVERDUE, damaged], { decided: ['damaged'], approvals: ['emit_event', 'store_memory'] });
  const event = judge([call('emit_event')], { resolved, state: late, conditions: { damaged: () => 'page 7' } });
  assert.deepEqual(event.escalation?.task?.rules, ['long_overdue', 'damaged', 'approval.emit_event']);
  assert.equal(
    event.escalation?.task?.question,
    'the loan is long overdue: facts.get_loan.days is 90; the book is damaged: page 7; emit_event needs a person’s approval',
  );
  assert.equal(event.escalation?.task?.kind, 'approval');
  assert.deepEqual(
    verdict(event, 'approval.emit_event'),
    fails('approval.emit_event', 'emit_event needs a person’s approval'),
  );
});

test('a rule for the parent goes before those for a person, in whichever order they stand', () => {
  const unclear: Rule = { condition: 'unclear', when: 'true', target: 'parent', reason: 'which book?' };
  for (const rules of [
    [OVERDUE, unclear],
    [unclear, OVERDUE],
  ]) {
    const event = judge([call('emit_event')], { resolved: agent(rules), state: late });
    assert.deepEqual(event.escalation, { rule: 'unclear', target: 'parent', reason: 'which book?' });
  }
});

test('what the model raises for a person is a question too, and joins what the rules ask', () => {
  const raise = call('escalate', { condition: 'long_overdue', reason: 'he never answers' });
  const alone = judge([raise], { resolved: agent([OVERDUE]) });
  assert.deepEqual(
    [alone.escalation?.rule, alone.escalation?.task?.kind, alone.escalation?.task?.rules],
    ['long_overdue', 'approval', ['long_overdue']],
  );
  const both = judge([call('emit_event'), raise], { resolved: agent([OVERDUE]), state: late });
  assert.deepEqual(both.escalation?.task?.rules, ['long_overdue']);
  assert.match(both.escalation?.task?.question ?? '', /days is 90; the loan is long overdue: he never answers$/);
});

test.run();
