import assert from 'node:assert/strict';
import type { ResolvedAgent } from '../../runtime/definitions/resolved.ts';
import type { ReplyBlock } from '../../runtime/model/provider.ts';
import type { PolicyView } from '../../runtime/pack.ts';
import { MAX_TURNS } from '../../runtime/policy/judge.ts';
import { fails, holds } from '../../runtime/policy/verdict.ts';
import { SAMPLE_TOOLS, SUBMIT, sampleAgent, sampleInvocation, sampleState, sampleTurn } from '../support/samples.ts';
import { suite } from '../support/suite.ts';
import { call, handedOver, judge, refusal, say, verdict } from './judging-fixture.ts';

const test = suite('judge');

const RULES = [
  { condition: 'book_missing', target: 'human' as const, reason: 'the shelf is empty' },
  { condition: 'title_unclear', target: 'parent' as const, reason: 'two books have that title' },
];
const REPORTER = { tools: [...SAMPLE_TOOLS, SUBMIT], reportSchema: { type: 'object' } };

const agentWith = (conditionsDecided: string[], more = {}): ResolvedAgent =>
  sampleAgent({ rules: RULES, decided: conditionsDecided, ...more });
test('the turn and its calls are numbered in block order after the last ordinal', () => {
  const event = judge([say('first'), call('look_up'), call('emit_event')], { state: sampleState({ ordinal: 7 }) });
  assert.equal(event.ordinal, 8);
  assert.deepEqual(
    event.calls.map(({ ordinal, name, kind }) => [ordinal, name, kind]),
    [
      [9, 'look_up', 'read'],
      [10, 'emit_event', 'emit'],
    ],
  );
});

test('an unknown tool and an invalid input are refused with a reason, and stop no other call', () => {
  const event = judge([call('fly'), call('look_up', { bad: true }), call('look_up')]);
  assert.match(refusal(event, 0)?.reason ?? '', /no tool fly; your tools are: look_up/);
  assert.deepEqual(refusal(event, 1), fails('input.valid', 'bad: must not be true'));
  assert.equal(refusal(event, 2), undefined);
});

test('admitted delegations are numbered below the invocation, and refused ones take no number', () => {
  let asked = 0;
  const event = judge([call('delegate_to_finder'), call('delegate_to_finder'), call('delegate_to_finder')], {
    state: sampleState({
      delegations: 1,
      invocation: sampleInvocation({ address: { tenant: 't', run: 'r', path: '0-4' } }),
    }),
    admitDelegate: () => [++asked === 2 ? fails('depth.left', 'none left') : holds('depth.left')],
  });
  assert.deepEqual(
    event.calls.map((one) => one.delegate ?? null),
    [{ agent: 'finder', path: '0-4-2' }, null, { agent: 'finder', path: '0-4-3' }],
  );
  assert.equal(refusal(event, 1)?.reason, 'none left');
});

test('the last call of an answer that was cut off is refused', () => {
  const event = judge([call('look_up'), call('emit_event')], { stop: 'max_tokens' });
  assert.equal(refusal(event, 0), undefined);
  assert.equal(refusal(event, 1)?.rule, 'input.complete');
});

test('no call of an answer that was declined is made; the model reads why', () => {
  const event = judge([call('look_up'), call('emit_event')], { stop: 'refusal' });
  assert.deepEqual([refusal(event, 0)?.rule, refusal(event, 1)?.rule], ['answer.given', 'answer.given']);
  assert.equal(verdict(event, 'calls.understood')?.ok, false);
});

const unread = (malformed: string): ReplyBlock => ({
  type: 'tool_use',
  id: 'c',
  name: 'look_up',
  input: {},
  malformed,
});

test('a call whose input could not be read is refused with what was written, whatever its schema says', () => {
  const event = judge([unread(`{"shelf": "B7${'x'.repeat(400)}`), call('look_up')]);
  assert.equal(refusal(event, 0)?.rule, 'input.read');
  assert.match(
    refusal(event, 0)?.reason ?? '',
    /^the input is not JSON: .*; make the call again\. You wrote: \{"shelf": "B7x+…$/,
  );
  assert.ok((refusal(event, 0)?.reason.length ?? 0) < 450);
  assert.equal(refusal(event, 1), undefined);
  assert.equal(verdict(event, 'calls.understood'), undefined, 'the other one can be made');
  const odd = refusal(judge([unread('{"id": 9007199254740993}')]), 0)?.reason ?? '';
  assert.match(odd, /^id \(line 1, column 8\): got the number 9007199254740993, which would be changed.* You wrote: /);
  assert.match(refusal(judge([unread('[1]')]), 0)?.reason ?? '', /^the input is no JSON object; /);
  const alone = judge([unread('null')]);
  assert.equal(verdict(alone, 'calls.understood')?.ok, false, 'counts as sent back');
  const cut = judge([unread('{"shelf')], { stop: 'max_tokens' });
  assert.equal(refusal(cut, 0)?.rule, 'input.complete');
});

test('text without calls is the report of an agent without a report schema', () => {
  const event = judge([say(' It stands in B7. ')], { stop: 'end_turn' });
  assert.deepEqual(event.report, { text: 'It stands in B7.', data: null });
  assert.deepEqual(verdict(event, 'report.present'), holds('report.present'));
});

test('an empty, cut off or declined answer is sent back', () => {
  for (const [content, stop] of [
    [[], 'end_turn'],
    [[say('It stands in')], 'max_tokens'],
    [[say('No.')], 'refusal'],
  ] as [ReplyBlock[], 'end_turn' | 'max_tokens' | 'refusal'][]) {
    const event = judge(content, { stop });
    assert.equal(event.report, null);
    assert.equal(verdict(event, 'report.present')?.ok, false, stop);
  }
});

test('an agent with a report schema that only talks is told to submit', () => {
  const event = judge([say('Done.')], { resolved: sampleAgent(REPORTER), stop: 'end_turn' });
  assert.equal(event.report, null);
  assert.match(verdict(event, 'report.present')?.reason ?? '', /`submit_report`/);
});

test('a valid submit_report alone in its turn is the report', () => {
  const event = judge([say('Here it is.'), call('submit_report', { text: 'Found.', data: { shelf: 'B7' } })], {
    resolved: sampleAgent(REPORTER),
  });
  assert.deepEqual(event.report, { text: 'Found.', data: { shelf: 'B7' } });
});

test('an invalid submit_report, or one beside other calls, is refused and makes no report', () => {
  const invalid = judge([call('submit_report', { bad: true })], { resolved: sampleAgent(REPORTER) });
  assert.equal(invalid.report, null);
  assert.deepEqual(verdict(invalid, 'report.valid'), fails('report.valid', 'bad: must not be true'));
  const crowded = judge([call('emit_event'), call('submit_report', { text: 'x' })], {
    resolved: sampleAgent(REPORTER),
  });
  assert.equal(crowded.report, null);
  assert.equal(refusal(crowded, 0), undefined);
  assert.equal(refusal(crowded, 1)?.rule, 'report.alone');
});

test('a condition that holds stops every effect and the report, and its evidence is the reason', () => {
  const given = { resolved: agentWith(['book_missing']), conditions: { book_missing: () => 'B7 has no books' } };
  const expected = { rule: 'book_missing', target: 'human', reason: 'the shelf is empty: B7 has no books' };
  for (const name of ['emit_event', 'store_memory', 'delegate_to_finder']) {
    assert.deepEqual(handedOver(judge([call(name)], given)), expected, name);
  }
  const reporting = judge([say('Done.')], { ...given, stop: 'end_turn' });
  assert.deepEqual(handedOver(reporting), expected);
  assert.deepEqual(reporting.report, { text: 'Done.', data: null });
  assert.deepEqual(verdict(reporting, 'escalation.book_missing'), fails('escalation.book_missing', expected.reason));
});

test('reads, refused effects and corrections ask no condition', () => {
  const conditions = {
    book_missing: () => {
      throw new Error('was asked');
    },
  };
  const given = { resolved: agentWith(['book_missing'], REPORTER), conditions };
  for (const event of [
    judge([call('look_up')], given),
    judge([call('emit_event', { bad: true })], given),
    judge([say('Done.')], given),
  ]) {
    assert.equal(event.escalation, null);
    assert.equal(verdict(event, 'escalation.book_missing'), undefined);
  }
});

test('all decided rules leave a verdict, and a rule for the parent goes before those for a person', () => {
  const event = judge([call('emit_event')], {
    resolved: agentWith(['book_missing', 'title_unclear']),
    conditions: { title_unclear: () => 'two', book_missing: () => 'none' },
  });
  assert.equal(event.escalation?.rule, 'title_unclear');
  assert.equal(event.escalation?.task, undefined);
  assert.deepEqual(
    event.verdicts.filter((one) => one.rule.startsWith('escalation.')).map((one) => [one.rule, one.ok]),
    [
      ['escalation.book_missing', false],
      ['escalation.title_unclear', false],
    ],
  );
});

test('a rule that code does not decide is left to the model', () => {
  const event = judge([call('emit_event')], { resolved: agentWith([]) });
  assert.equal(event.escalation, null);
  assert.equal(verdict(event, 'escalation.book_missing'), undefined);
});

test('a condition that throws, or whose code is gone, counts as holding', () => {
  const thrown = judge([call('emit_event')], {
    resolved: agentWith(['book_missing']),
    conditions: {
      book_missing: () => {
        throw new Error('no shelf');
      },
    },
  });
  assert.equal(thrown.escalation?.reason, 'the shelf is empty: could not be decided: no shelf');
  const gone = judge([call('emit_event')], { resolved: agentWith(['title_unclear']) });
  assert.match(gone.escalation?.reason ?? '', /could not be decided/);
  assert.equal(gone.escalation?.target, 'parent');
});

test('a condition sees facts, input and counts; a refused call is attempted but did not fail', () => {
  const refused = sampleTurn(5, { ok: false, error: 'bad' });
  for (const one of refused.calls) one.verdicts = [fails('input.valid', 'bad')];
  let seen: PolicyView | undefined;
  judge([call('emit_event')], {
    resolved: agentWith(['book_missing']),
    state: sampleState({
      facts: { look_up: { found: true } },
      turns: [sampleTurn(1, { ok: true, result: {} }), sampleTurn(3, { ok: false, error: 'locked' }), refused],
    }),
    conditions: {
      book_missing: (view) => {
        seen = view;
        return null;
      },
    },
  });
  assert.deepEqual(seen?.calls.look_up, { attempted: 3, succeeded: 1, failed: 1 });
  assert.deepEqual(seen?.calls.emit_event, { attempted: 0, succeeded: 0, failed: 0 });
  assert.deepEqual(
    [seen?.facts, seen?.input, seen?.subject, seen?.as_of],
    [{ look_up: { found: true } }, { shelf: 'B7' }, 'atlas', '2026-11-16'],
  );
});

test('the escalate tool raises the rule that it names', () => {
  const event = judge([call('look_up'), call('escalate', { condition: 'title_unclear', reason: 'atlas of what?' })], {
    resolved: agentWith([]),
  });
  assert.deepEqual(event.escalation, {
    rule: 'title_unclear',
    target: 'parent',
    reason: 'two books have that title: atlas of what?',
  });
});

test('a refused escalate call raises nothing', () => {
  const event = judge([call('escalate', { condition: 'title_unclear', bad: true })], { resolved: agentWith([]) });
  assert.equal(event.escalation, null);
  assert.equal(refusal(event, 0)?.rule, 'input.valid');
});

test('a tool or report that needs approval goes to a person first', () => {
  const resolved = sampleAgent({ approvals: ['emit_event', 'report'] });
  assert.deepEqual(handedOver(judge([call('emit_event')], { resolved })), {
    rule: 'approval.emit_event',
    target: 'human',
    reason: 'emit_event needs a person’s approval',
  });
  assert.equal(judge([say('Done.')], { resolved }).escalation?.rule, 'approval.report');
  assert.equal(judge([call('store_memory')], { resolved }).escalation, null);
});

test('the last turn may report or escalate, but makes no further call', () => {
  const turns = Array.from({ length: MAX_TURNS - 1 }, (_, at) => sampleTurn(at * 2 + 1, { ok: true, result: {} }));
  const state = sampleState({ turns });
  assert.equal(verdict(judge([call('look_up')], { state }), 'turns.left')?.ok, false);
  assert.equal(verdict(judge([say('Done.')], { state }), 'turns.left')?.ok, true);
  assert.equal(
    verdict(judge([call('look_up')], { state: sampleState({ turns: turns.slice(1) }) }), 'turns.left')?.ok,
    true,
  );
});

test.run();
