import assert from 'node:assert/strict';
import { type InvocationContext, MAX_CORRECTIONS } from '../../runtime/context/invocation.ts';
import type { Decision, Edits } from '../../runtime/journal/entry.ts';
import type { JsonObject } from '../../runtime/json.ts';
import { type DecisionToJudge, judgeDecision } from '../../runtime/policy/decision.ts';
import { fails, holds } from '../../runtime/policy/verdict.ts';
import { SAMPLE_TOOLS, SUBMIT, sampleAgent, sampleState } from '../support/samples.ts';
import { suite } from '../support/suite.ts';
import { answered, call, decision, heldBy, judge, means, NOW, say } from './judging-fixture.ts';

const test = suite('decisions of people');

const LIMITED = { id: 'one_reader', before: ['emit_event'], require: 'input.reader != "Eve"', message: 'not to Eve' };
const resolved = sampleAgent({
  approvals: ['emit_event', 'report'],
  enforce: [LIMITED],
  human: { decides: { fact: '/get_owner/name', role: 'curator' } },
});
const before = sampleState({ facts: { get_owner: { name: 'Ada Byron' } } });
const lend = heldBy(
  judge([call('emit_event', { reader: 'Ada' }), call('look_up')], { resolved, state: before }),
  before,
);

function decide(over: Partial<Decision>, edits: Edits | null = null, more: Partial<DecisionToJudge> = {}) {
  const given = { resolved, state: lend, conditions: {}, now: NOW, ...means(), ...more };
  const judged = judgeDecision({ ...given, decision: decision({ role: 'curator', ...over }), edits });
  return { ...judged, failed: judged.verdicts.filter(({ ok }) => !ok) };
}
const edit = (input: JsonObject, more: Partial<DecisionToJudge> = {}) =>
  decide({ answer: 'edit' }, { calls: [{ ordinal: 2, input }] }, more);

test('an approval returns the held calls as they were judged', () => {
  const { failed, calls, report } = decide({});
  assert.deepEqual(failed, []);
  assert.deepEqual(
    calls.map(({ ordinal, name, input }) => [ordinal, name, input]),
    [
      [2, 'emit_event', { reader: 'Ada' }],
      [3, 'look_up', {}],
    ],
  );
  assert.ok(!Object.hasOwn(calls[0] ?? {}, 'status'), 'a judged call, not how it stands');
  assert.equal(report, null);
});

test('the person that the facts name may decide, however written, and everyone with the role', () => {
  assert.deepEqual(decide({ by: '  ada BYRON ', role: null }).failed, []);
  assert.deepEqual(decide({ by: 'Bob', role: 'curator' }).failed, []);
  for (const role of [null, 'operator']) {
    const [refused] = decide({ by: 'Bob', role }).failed;
    assert.equal(refused?.rule, 'human.may_decide');
    assert.match(refused?.reason ?? '', /^Ada Byron, or a person with the role curator decides, not Bob/);
  }
});

test('nobody is taken for the person that no fact names', () => {
  const state: InvocationContext = {
    ...lend,
    tasks: lend.tasks.map((task) => ({ ...task, decides: { name: null, role: 'curator' } })),
  };
  assert.equal(decide({ by: '', role: null }, null, { state }).failed[0]?.rule, 'human.may_decide');
});

test('a question that is closed, expired or unknown is not decided again', () => {
  const closed = answered(lend, 'approve');
  assert.match(
    decide({}, null, { state: closed }).failed[0]?.reason ?? '',
    /^r-1\.0\.1 was decided by Ada at .*: approve$/,
  );
  const expired = { ...lend, tasks: lend.tasks.map((task) => ({ ...task, expired: true })) };
  assert.match(decide({}, null, { state: expired }).failed[0]?.reason ?? '', /expired/);
  assert.deepEqual(decide({ task: 'r-1.0.7' }).failed, [fails('human.open', 'there is no question r-1.0.7')]);
});

test('a rejection and a question back need words', () => {
  for (const answer of ['reject', 'ask_again'] as const) {
    assert.equal(decide({ answer }).failed[0]?.rule, 'human.can_answer');
    assert.deepEqual(decide({ answer, note: 'lent already' }).failed, []);
  }
});

test('an edit takes effect as edited, judged anew', () => {
  const { failed, calls } = edit({ reader: 'Bob' });
  assert.deepEqual(failed, []);
  assert.deepEqual([calls[0]?.input, calls[1]?.input], [{ reader: 'Bob' }, {}]);
  assert.deepEqual(calls[0]?.verdicts.at(-1), holds('enforce.one_reader'));
});

test('an edit that breaks a rule or the schema is refused, and the question stays', () => {
  assert.deepEqual(edit({ reader: 'Eve' }).failed, [fails('enforce.one_reader', 'emit_event: not to Eve')]);
  assert.deepEqual(edit({ bad: true }).failed, [fails('input.valid', 'emit_event: bad: must not be true')]);
});

test('an edit that another rule asks about counts only from whoever that rule asks', () => {
  const big = {
    condition: 'big',
    target: 'human' as const,
    reason: 'a big one',
    when: 'input.pages > 1000',
    before: ['emit_event'],
  };
  const who = sampleAgent({
    approvals: ['emit_event'],
    rules: [{ ...big, decides: { role: 'head' } }],
    human: { decides: { role: 'curator' } },
  });
  const held = heldBy(judge([call('emit_event', { pages: 12 })], { resolved: who }));
  const more = { resolved: who, state: held };
  const edits = { calls: [{ ordinal: 2, input: { pages: 5000 } }] };
  const [refused] = decide({ answer: 'edit' }, edits, more).failed;
  assert.equal(refused?.rule, 'escalation.big');
  assert.match(refused?.reason ?? '', /a person with the role head decides, not Ada/);
  assert.deepEqual(decide({ answer: 'edit' }, { calls: [{ ordinal: 2, input: { pages: 900 } }] }, more).failed, []);
  const both = sampleAgent({ approvals: ['emit_event'], rules: [big], human: { decides: { role: 'curator' } } });
  const mine = heldBy(judge([call('emit_event', { pages: 12 })], { resolved: both }));
  assert.deepEqual(decide({ answer: 'edit' }, edits, { resolved: both, state: mine }).failed, []);
});

test('an edited delegation is admitted anew, and keeps its path', () => {
  const who = sampleAgent({ approvals: ['delegate_to_finder'] });
  const state = heldBy(judge([call('delegate_to_finder', { instructions: 'a' })], { resolved: who }));
  const given = { resolved: who, state, conditions: {}, now: NOW };
  const by = (more = {}) =>
    judgeDecision({
      ...given,
      ...means(),
      ...more,
      decision: decision({ answer: 'edit' }),
      edits: { calls: [{ ordinal: 2, input: { instructions: 'b' } }] },
    });
  assert.deepEqual(by().calls[0]?.delegate, { agent: 'finder', path: '0-1' });
  const refused = by({ admitDelegate: () => [fails('depth.left', 'none')] });
  assert.equal(refused.verdicts.at(-1)?.rule, 'depth.left');
  assert.equal(refused.calls[0]?.delegate, undefined);
});

test('an edit names each held call once, and nothing else', () => {
  const input = { reader: 'Bob' };
  for (const edits of [
    null,
    {},
    { calls: [] },
    { calls: [{ ordinal: 9, input }] },
    {
      calls: [
        { ordinal: 2, input },
        { ordinal: 2, input },
      ],
    },
    { report: { text: 'x', data: null } },
  ]) {
    assert.equal(decide({ answer: 'edit' }, edits).failed[0]?.rule, 'human.can_answer', JSON.stringify(edits));
  }
});

test('rules that count calls count what went before the held turn', () => {
  const counting = sampleAgent({
    approvals: ['emit_event'],
    enforce: [{ id: 'once', before: ['emit_event'], require: 'attempts.emit_event == 0', message: 'once only' }],
  });
  const state = heldBy(judge([call('emit_event')], { resolved: counting }));
  const given = { resolved: counting, state };
  assert.deepEqual(
    decide({ role: 'operator', answer: 'edit' }, { calls: [{ ordinal: 2, input: { n: 1 } }] }, given).failed,
    [],
  );
});

test('a broken rule cannot be approved, but edited so that it holds, or sent back', () => {
  const strict = sampleAgent({ enforce: [LIMITED] });
  const worn = sampleState({ corrections: MAX_CORRECTIONS, delegations: 1 });
  const content = [call('emit_event', { reader: 'Eve' }), call('store_memory')];
  const given = { resolved: strict, state: heldBy(judge(content, { resolved: strict, state: worn }), worn) };
  const operator = { role: 'operator' };
  assert.match(decide(operator, null, given).failed[0]?.reason ?? '', /^a broken rule cannot be approved/);
  assert.deepEqual(decide({ ...operator, answer: 'ask_again', note: 'to Ada' }, null, given).failed, []);
  const edits = { calls: [{ ordinal: 2, input: { reader: 'Ada' } }] };
  const { failed, calls } = decide({ ...operator, answer: 'edit' }, edits, given);
  assert.deepEqual(failed, []);
  assert.ok(
    calls[0]?.verdicts.every(({ ok }) => ok),
    'the refused call is admitted now',
  );
});

test('a refused delegation that an edit makes good gets the next path', () => {
  const strict = sampleAgent({ enforce: [{ ...LIMITED, before: ['delegate_to_finder'] }] });
  const worn = sampleState({ corrections: MAX_CORRECTIONS, delegations: 1 });
  const state = heldBy(judge([call('delegate_to_finder', { reader: 'Eve' })], { resolved: strict, state: worn }), worn);
  const edits = { calls: [{ ordinal: 2, input: { reader: 'Ada' } }] };
  const { calls } = decide({ role: 'operator', answer: 'edit' }, edits, { resolved: strict, state });
  assert.deepEqual(calls[0]?.delegate, { agent: 'finder', path: '0-2' });
});

test('a held report in text is edited as text', () => {
  const state = heldBy(judge([say('Done.')], { resolved, state: before, stop: 'end_turn' }), before);
  assert.deepEqual(decide({}, null, { state }).report, { text: 'Done.', data: null });
  const put = (text: string, data: JsonObject | null = null) =>
    decide({ answer: 'edit' }, { report: { text, data } }, { state });
  assert.deepEqual(put('It is lent.').report, { text: 'It is lent.', data: null });
  assert.deepEqual(put('It is lent.').failed, []);
  assert.equal(put(' ').failed[0]?.rule, 'report.present');
  assert.equal(put('x', { shelf: 'B7' }).failed[0]?.rule, 'report.present');
});

test('a submitted report is edited through its call, by either way', () => {
  const reporter = sampleAgent({ tools: [...SAMPLE_TOOLS, SUBMIT], reportSchema: {}, approvals: ['report'] });
  const state = heldBy(judge([call('submit_report', { text: 'Found.', data: 1 })], { resolved: reporter }));
  const given = { resolved: reporter, state };
  const answer = { role: 'operator', answer: 'edit' } as const;
  const report = { text: 'Lost.', data: 2 };
  for (const edits of [{ report }, { calls: [{ ordinal: 2, input: report }] }]) {
    const judged = decide(answer, edits, given);
    assert.deepEqual([judged.failed, judged.report, judged.calls[0]?.input], [[], report, report]);
  }
  const bad = decide(answer, { calls: [{ ordinal: 2, input: { bad: true } }] }, given);
  assert.equal(bad.failed[0]?.rule, 'input.valid');
});

test('a budget is granted or not; what has failed goes on or not', () => {
  for (const kind of ['budget', 'quarantine'] as const) {
    const state = { ...lend, tasks: lend.tasks.map((task) => ({ ...task, kind })) };
    assert.deepEqual(decide({}, null, { state }).failed, []);
    assert.deepEqual(decide({ answer: 'reject', note: 'enough' }, null, { state }).failed, []);
    assert.equal(decide({ answer: 'ask_again', note: 'x' }, null, { state }).failed[0]?.rule, 'human.can_answer');
    assert.equal(decide({ answer: 'edit' }, { calls: [] }, { state }).failed[0]?.rule, 'human.can_answer');
  }
});

test.run();
