import assert from 'node:assert/strict';
import { MAX_CORRECTIONS } from '../../runtime/context/invocation.ts';
import type { CheckView } from '../../runtime/pack.ts';
import { breaksEnforce } from '../../runtime/policy/enforce.ts';
import { fails, holds } from '../../runtime/policy/verdict.ts';
import { SAMPLE_TOOLS, SUBMIT, sampleAgent, sampleState } from '../support/samples.ts';
import { suite } from '../support/suite.ts';
import { answered, call, heldBy, judge, made, refusal, say, verdict } from './judging-fixture.ts';

const test = suite('enforce');

const LOOKED = {
  id: 'looked_up',
  before: ['emit_event', 'report'],
  require: 'calls.look_up >= 1',
  message: 'look it up first',
};
const resolved = sampleAgent({ enforce: [LOOKED] });
const looked = sampleState({ turns: [made('look_up', true)] });

test('a call that breaks a rule is refused with its message, and no other call of the turn is', () => {
  const event = judge([call('emit_event'), call('store_memory')], { resolved });
  assert.deepEqual(refusal(event, 0), fails('enforce.looked_up', 'look it up first'));
  assert.equal(refusal(event, 1), undefined);
  assert.equal(breaksEnforce(event), true);
});

test('a rule that holds leaves its verdict, and one that does not name the call none', () => {
  const event = judge([call('emit_event'), call('store_memory')], { resolved, state: looked });
  assert.deepEqual(event.calls[0]?.verdicts.at(-1), holds('enforce.looked_up'));
  assert.ok(!event.calls[1]?.verdicts.some(({ rule }) => rule.startsWith('enforce.')));
  assert.equal(breaksEnforce(event), false);
});

test('only a success counts as called, while a failure counts as attempted', () => {
  const state = sampleState({ turns: [made('look_up', false)] });
  assert.equal(refusal(judge([call('emit_event')], { resolved, state }), 0)?.rule, 'enforce.looked_up');
  const tried = sampleAgent({ enforce: [{ ...LOOKED, require: 'attempts.look_up >= 1' }] });
  assert.equal(refusal(judge([call('emit_event')], { resolved: tried, state }), 0), undefined);
});

test('a call that a person sent back never ran: it was not attempted', () => {
  const asking = sampleAgent({ approvals: ['look_up'], enforce: [{ ...LOOKED, require: 'attempts.look_up >= 1' }] });
  const held = heldBy(judge([call('look_up')], { resolved: asking }));
  const back = answered(held, 'ask_again');
  const turns = back.turns.map((turn) => ({
    ...turn,
    calls: turn.calls.map((one) => ({ ...one, status: 'error' as const })),
  }));
  const event = judge([call('emit_event')], { resolved: asking, state: { ...back, turns } });
  assert.equal(refusal(event, 0)?.rule, 'enforce.looked_up');
});

test('a call of the same turn does not count: nobody has read its result', () => {
  const event = judge([call('look_up'), call('emit_event')], { resolved });
  assert.equal(refusal(event, 1)?.rule, 'enforce.looked_up');
});

test('a report in text that breaks a rule is no report', () => {
  const event = judge([say('Done.')], { resolved, stop: 'end_turn' });
  assert.equal(event.report, null);
  assert.equal(verdict(event, 'enforce.looked_up')?.ok, false);
  assert.equal(breaksEnforce(event), true);
  assert.deepEqual(judge([say('Done.')], { resolved, state: looked, stop: 'end_turn' }).report?.text, 'Done.');
});

test('a submitted report is asked as `report`, with its text and data as input', () => {
  const reporter = sampleAgent({
    tools: [...SAMPLE_TOOLS, SUBMIT],
    reportSchema: { type: 'object' },
    enforce: [{ ...LOOKED, before: ['report'], require: 'size(input.data.shelves) > 1 && report.text != ""' }],
  });
  const submit = (shelves: string[]) =>
    judge([call('submit_report', { text: 'Found.', data: { shelves } })], { resolved: reporter });
  const refused = submit(['B7']);
  assert.equal(refused.report, null);
  assert.equal(refusal(refused, 0)?.rule, 'enforce.looked_up');
  assert.equal(verdict(refused, 'report.valid')?.ok, false);
  assert.deepEqual(submit(['B7', 'B8']).report?.data, { shelves: ['B7', 'B8'] });
});

test('the escalate tool can be held to a rule', () => {
  const rules = [{ condition: 'book_missing', target: 'human' as const, reason: 'the shelf is empty' }];
  const strict = sampleAgent({ rules, enforce: [{ ...LOOKED, before: ['escalate'] }] });
  const raise = call('escalate', { condition: 'book_missing', reason: 'gone' });
  const event = judge([raise], { resolved: strict });
  assert.equal(event.escalation, null);
  assert.equal(refusal(event, 0)?.rule, 'enforce.looked_up');
  assert.equal(judge([raise], { resolved: strict, state: looked }).escalation?.rule, 'book_missing');
});

test('a rule that cannot be decided refuses, and says why', () => {
  const strict = sampleAgent({ enforce: [{ ...LOOKED, require: 'facts.look_up.days < 60' }] });
  const refused = refusal(judge([call('emit_event')], { resolved: strict }), 0);
  assert.match(refused?.reason ?? '', /^look it up first \(.*look_up is missing\)$/);
});

test('a rule without an expression is decided by the check of its id, which sees the call', () => {
  const { require: _, ...byCode } = LOOKED;
  const coded = sampleAgent({ enforce: [byCode] });
  let seen: CheckView | undefined;
  const look_up = (view: CheckView) => {
    seen = view;
    return view.done.look_up ? null : 'never looked';
  };
  const given = { resolved: coded, checks: { looked_up: look_up } };
  const refused = judge([call('emit_event', { level: 'high' })], given);
  assert.equal(refusal(refused, 0)?.reason, 'look it up first (never looked)');
  assert.deepEqual([seen?.call, seen?.report], [{ name: 'emit_event', input: { level: 'high' } }, null]);
  assert.equal(refusal(judge([call('emit_event')], { ...given, state: looked }), 0), undefined);
  judge([say('Done.')], { ...given, stop: 'end_turn' });
  assert.deepEqual([seen?.call, seen?.report], [null, { text: 'Done.', data: null }]);
});

test('a check that throws, or whose code is gone, refuses', () => {
  const { require: _, ...byCode } = LOOKED;
  const coded = sampleAgent({ enforce: [byCode] });
  const thrower = () => {
    throw new Error('no shelf');
  };
  const thrown = judge([call('emit_event')], { resolved: coded, checks: { looked_up: thrower } });
  assert.equal(refusal(thrown, 0)?.reason, 'look it up first (could not be decided: no shelf)');
  const gone = judge([call('emit_event')], { resolved: coded });
  assert.match(refusal(gone, 0)?.reason ?? '', /this release has no check looked_up/);
});

test('a check that warns refuses nothing: its verdict holds, and says the warning', () => {
  const { require: _, ...byCode } = LOOKED;
  const coded = sampleAgent({ enforce: [byCode] });
  const warns = judge([call('emit_event')], {
    resolved: coded,
    checks: { looked_up: () => ({ warning: 'is it old?' }) },
  });
  assert.equal(refusal(warns, 0), undefined);
  const said = { ...holds('enforce.looked_up'), reason: 'warning: is it old?' };
  assert.deepEqual(warns.calls[0]?.verdicts.at(-1), said);
  // What a check in JavaScript returns by mistake never lets anything pass.
  const odd = judge([call('emit_event')], { resolved: coded, checks: { looked_up: () => ({}) as never } });
  assert.equal(refusal(odd, 0)?.rule, 'enforce.looked_up');
});

test('an invalid call is not asked about: its rules may rely on its input', () => {
  const event = judge([call('emit_event', { bad: true })], { resolved });
  assert.deepEqual(refusal(event, 0)?.rule, 'input.valid');
  assert.equal(breaksEnforce(event), false);
});

test('after the last correction the turn goes to a person, with all that it wanted to do', () => {
  const rules = [{ condition: 'book_missing', target: 'human' as const, reason: 'the shelf is empty' }];
  const strict = { ...sampleAgent({ rules, enforce: [LOOKED] }), decided_conditions: ['book_missing'] };
  const given = { resolved: strict, conditions: { book_missing: () => 'B7' } };
  const content = [call('emit_event'), call('store_memory')];
  const before = judge(content, { ...given, state: sampleState({ corrections: MAX_CORRECTIONS - 1 }) });
  assert.deepEqual(before.escalation?.task?.rules, ['book_missing']);
  const { escalation } = judge(content, { ...given, state: sampleState({ corrections: MAX_CORRECTIONS }) });
  assert.equal(escalation?.rule, 'enforce.looked_up');
  assert.equal(escalation?.target, 'human');
  assert.equal(escalation?.task?.kind, 'breach');
  assert.deepEqual(escalation?.task?.rules, ['enforce.looked_up', 'book_missing']);
  assert.equal(escalation?.task?.question, 'look it up first; the shelf is empty: B7');
});

test('a report that breaks a rule after the last correction is held, so that a person may edit it', () => {
  const state = sampleState({ corrections: MAX_CORRECTIONS });
  const text = judge([say('Done.')], { resolved, state, stop: 'end_turn' });
  assert.deepEqual([text.escalation?.task?.kind, text.report], ['breach', { text: 'Done.', data: null }]);
  const reporter = sampleAgent({ tools: [...SAMPLE_TOOLS, SUBMIT], reportSchema: {}, enforce: [LOOKED] });
  const submitted = judge([call('submit_report', { text: 'Found.', data: 1 })], { resolved: reporter, state });
  assert.deepEqual([submitted.escalation?.task?.kind, submitted.report], ['breach', { text: 'Found.', data: 1 }]);
});

test.run();
