import assert from 'node:assert/strict';
import { ACME_HISTORY, calm, lifecycle, measure, renewalIn } from '../support/accounts.ts';
import {
  ACCOUNT,
  asked,
  type Before,
  type Data,
  first,
  type Input,
  judged,
  RECALLED,
  REMEMBERED,
  refusal,
  refusals,
} from '../support/customer-policy.ts';
import { good, PLAYED } from '../support/customer-played.ts';
import { suite } from '../support/suite.ts';

const test = suite('the policy of risk_analysis');
const AGENT = 'risk_analysis';

const emit = (change?: (data: Data) => void) => good('emit_event', (input) => change?.(input.data));
const store = (change?: (input: Input) => void) => good('store_memory', change);
const brief = (change?: (context: Data<string>) => void) =>
  good('delegate_to_csm_briefing', ({ context }) => change?.(context));
const report = (change?: (data: Data<string>, input: Input) => void) =>
  good('submit_report', (input) => change?.(input.data as unknown as Data<string>, input));

const acted: Before = { ...REMEMBERED, made: [RECALLED, emit(), store()] };
const knowing = (facts: Record<string, unknown>, made: Before['made'] = []): Before => ({
  facts: { ...REMEMBERED.facts, ...facts },
  made: [RECALLED, ...made],
});
const quiet = { get_account_metrics: calm() };
const usageOnly = { get_account_metrics: calm({ weekly_active_users: measure(-0.35, 65, 100, '30 days') }) };

test('what the player does stands every rule', async () => {
  assert.deepEqual(await refusals(AGENT, [emit(), store(), brief()], REMEMBERED), [null, null, null]);
  assert.deepEqual(await refusals(AGENT, [report()], acted), [null]);
});

test('nothing is emitted, stored, delegated or reported before memory was recalled', async () => {
  const before = { facts: ACCOUNT };
  const all = ['memory_first', 'memory_first', 'memory_first'];
  assert.deepEqual(await refusals(AGENT, [emit(), store(), brief()], before), all);
  assert.deepEqual(await refusals(AGENT, [report()], before), ['memory_first']);
  const failed = { ...before, made: [{ name: 'recall_memory', error: 'redis is loading' }] };
  assert.deepEqual(await refusals(AGENT, [emit(), store(), brief()], failed), all);
  const inOneTurn = [{ name: 'recall_memory', input: { query: 'history', limit: 500 } }, emit(), store()];
  assert.deepEqual(await refusals(AGENT, inOneTurn, before), [null, 'memory_first', 'memory_first']);
});

test('a recall asks for the whole history', async () => {
  const recall = (input: object) => ({ name: 'recall_memory', input: { query: 'history', ...input } });
  for (const limit of [{}, { limit: 1 }, { limit: 499 }]) {
    assert.match(
      await refusal(AGENT, [recall(limit)], { facts: ACCOUNT }),
      /^whole_history: ask for the whole history/,
    );
  }
  assert.deepEqual(await refusals(AGENT, [recall({ limit: 500 })], { facts: ACCOUNT }), [null]);
});

test('the memory of another account, which becomes no fact, is not the account’s', async () => {
  const other = {
    facts: ACCOUNT,
    made: [{ name: 'recall_memory', input: { query: 'x', subject: 'globex' }, result: { memories: [] } }],
  };
  assert.deepEqual(await refusals(AGENT, [store()], other), ['memory_first']);
});

test('the stored text cites a recalled memory by its date or id, when there is one', async () => {
  const uncited = store((input) => {
    input.text = 'Risk assessment for Acme Corp: urgent_intervention. It has dipped before.';
  });
  assert.match(await refusal(AGENT, [uncited], REMEMBERED), /^memory_cited: .*m-91 \(2026-08-17\)/);
  const byId = store((input) => {
    input.text = 'Acme Corp: urgent intervention, unlike m-91.';
  });
  assert.deepEqual(await refusals(AGENT, [byId], REMEMBERED), [null]);
  assert.deepEqual(await refusals(AGENT, [uncited], knowing({ recall_memory: { memories: [] } })), [null]);
});

const cited = (PLAYED.report?.data.cited ?? []) as unknown as Data['cited'];

test('the report cites at least one recalled memory, and none that was not recalled', async () => {
  const cite = (given: Data['cited']) => report((data) => void (data.cited = given));
  assert.match(await refusal(AGENT, [cite([])], acted), /^memory_cited: .*data\.cited is empty/);
  const invented = { id: 'm-7', date: '2026-11-09', text: 'Stable.' };
  assert.match(await refusal(AGENT, [cite([...cited, invented])], acted), /no recalled memory is m-7/);
  const misdated = { id: 'm-91', date: '2026-08-18', text: 'Watch.' };
  assert.deepEqual(await refusals(AGENT, [cite([misdated])], acted), ['memory_cited']);
  const empty = knowing({ recall_memory: { memories: [] } }, [emit(), store()]);
  const new_ = report((data) => Object.assign(data, { cited: [], previous: null, changed: 'first assessment' }));
  assert.deepEqual(await refusals(AGENT, [new_], empty), [null]);
  assert.deepEqual(await refusals(AGENT, [cite([invented])], empty), ['memory_cited']);
});

test('nothing is reported before the assessment is stored; a failed store does not count', async () => {
  const unstored = { ...REMEMBERED, made: [RECALLED, emit()] };
  assert.match(await refusal(AGENT, [report()], unstored), /^stored_first: store the assessment/);
  const failed = { ...REMEMBERED, made: [RECALLED, emit(), { name: 'store_memory', error: 'no space' }] };
  assert.deepEqual(await refusals(AGENT, [report()], failed), ['stored_first']);
});

test('alert, stored assessment, briefing and report are one assessment, also within one turn', async () => {
  const watch = 'Acme Corp: watch, as on 2026-08-17.';
  const storeWatch = store((input) => Object.assign(input, { assessment: 'watch', text: watch }));
  const emitWatch = emit((data) => Object.assign(data, { severity: 'watch', respond_by: null }));
  const briefWatch = brief((context) => void (context.assessment = 'watch'));
  const one = 'one_assessment';
  assert.deepEqual(await refusals(AGENT, [emit(), storeWatch], REMEMBERED), [one, one]);
  assert.deepEqual(await refusals(AGENT, [emitWatch, storeWatch, brief()], REMEMBERED), [one, one, one]);
  assert.deepEqual(await refusals(AGENT, [emitWatch, storeWatch, briefWatch], REMEMBERED), [null, null, null]);
  assert.deepEqual(await refusals(AGENT, [storeWatch], { ...REMEMBERED, made: [RECALLED, emit()] }), [one]);
  assert.deepEqual(await refusals(AGENT, [emitWatch], { ...REMEMBERED, made: [RECALLED, store()] }), [one]);
  assert.match(
    await refusal(AGENT, [report((data) => void (data.assessment = 'watch'))], acted),
    /the report says watch, the alert says urgent intervention/,
  );
  assert.match(await refusal(AGENT, [report()], { ...REMEMBERED, made: [RECALLED, store()] }), /no alert was emitted/);
  const tried = { ...REMEMBERED, made: [RECALLED, { name: 'emit_event', input: {}, error: 'no stream' }, store()] };
  assert.deepEqual(await refusals(AGENT, [report()], tried), [null]);
});

test('what is stored is an assessment in its fields and its words', async () => {
  for (const change of [
    (input: Input) => void (input.kind = 'quirk'),
    (input: Input) => void delete input.assessment,
    (input: Input) => void (input.assessment = 'fine'),
    (input: Input) => void (input.text = 'Acme Corp is stable since 2026-08-17.'),
  ]) {
    assert.deepEqual(await refusals(AGENT, [store(change)], REMEMBERED), ['one_assessment']);
  }
});

test('an urgent intervention needs two declining signals by the facts, whatever the model says of them', async () => {
  for (const facts of [usageOnly, quiet, { get_account_metrics: null }]) {
    const before = knowing(facts);
    assert.deepEqual(await refusals(AGENT, [emit()], before), ['two_signals'], JSON.stringify(facts));
    assert.deepEqual(await refusals(AGENT, [store(), brief()], before), ['two_signals', 'two_signals']);
    const reported = await refusals(AGENT, [report()], knowing(facts, [emit(), store()]));
    assert.deepEqual(reported, ['two_signals']);
  }
  assert.match(
    await refusal(AGENT, [emit()], knowing(usageOnly)),
    /2 signals must decline, and by the facts only weekly_active_users/,
  );
});

test('an urgent alert names two declining signals, each once and as the facts have it', async () => {
  const one = emit((data) => void data.reasons.pop());
  assert.match(await refusal(AGENT, [one], REMEMBERED), /^two_signals: .*weekly_active_users, escalated_tickets/);
  const twice = emit((data) => void (data.reasons[1] = first(data.reasons)));
  assert.deepEqual(await refusals(AGENT, [twice], REMEMBERED), ['two_signals']);
  const invented = emit((data) =>
    data.reasons.push({ metric: 'nps', window: '60 days', value: -40, text: 'NPS fell.' }),
  );
  assert.match(await refusal(AGENT, [invented], REMEMBERED), /^reasons_hold: .*nps does not decline by the facts/);
  const wrong = emit((data) => void (first(data.reasons).value = -0.6));
  assert.match(await refusal(AGENT, [wrong], REMEMBERED), /weekly_active_users is -0.35 by the facts, not -0.6/);
  const window = emit((data) => void (first(data.reasons).window = '7 days'));
  assert.deepEqual(await refusals(AGENT, [window], REMEMBERED), ['reasons_hold']);
  const rounded = emit((data) => void (first(data.reasons).value = -0.355));
  assert.deepEqual(await refusals(AGENT, [rounded], REMEMBERED), [null]);
});

test('an earlier assessment is a reason only when memory holds one', async () => {
  const remembered = emit((data) =>
    Object.assign(data, {
      severity: 'watch',
      respond_by: null,
      reasons: [{ metric: 'last_assessment', window: '1 week', value: null, text: 'It was watch.' }],
    }),
  );
  assert.deepEqual(await refusals(AGENT, [remembered], REMEMBERED), [null]);
  assert.deepEqual(await refusals(AGENT, [remembered], knowing({ recall_memory: { memories: [] } })), ['reasons_hold']);
});

test('declining usage with a renewal in under 60 days is never «stable»; at 60 days, or without usage, it may be', async () => {
  const stable = store((input) =>
    Object.assign(input, { assessment: 'stable', text: 'Acme Corp: stable, as 2026-08-17.' }),
  );
  const at = (days: number | null, facts = {}) =>
    refusals(AGENT, [stable], knowing({ get_account_lifecycle: lifecycle(renewalIn(days)), ...facts }));
  assert.deepEqual(await at(59), ['no_inaction']);
  assert.deepEqual(await at(0), ['no_inaction']);
  assert.deepEqual(await at(-3), ['no_inaction']);
  assert.deepEqual(await at(60), [null]);
  assert.deepEqual(await at(null), [null]);
  assert.deepEqual(await at(5, quiet), [null]);
  assert.deepEqual(await at(5, { get_account_metrics: null }), ['no_inaction'], 'without figures nothing is stable');
  const near = { get_account_lifecycle: lifecycle(renewalIn(59)) };
  const reported = report((data) => void (data.assessment = 'stable'));
  assert.deepEqual(await refusals(AGENT, [reported], knowing(near, [stable])), ['no_inaction']);
  const handed = brief((context) => void (context.assessment = 'stable'));
  assert.deepEqual(await refusals(AGENT, [handed], knowing(near)), ['no_inaction']);
});

test('an alert is about the account of the run', async () => {
  for (const account_id of ['globex', 'ACME-CORP', 'acme-c\u043erp']) {
    const other = emit((data) => void (data.account_id = account_id));
    assert.match(await refusal(AGENT, [other], REMEMBERED), /^own_account: /);
  }
  assert.deepEqual(await refusals(AGENT, [emit()], knowing({ get_account_lifecycle: null })), ['own_account']);
});

test('no concession reaches an alert, a memory, a briefing or a report; a quoted memory is not one', async () => {
  const offer = 'Offer a **dis**count.';
  assert.match(
    await refusal(AGENT, [emit((data) => data.talking_points.push(offer))], REMEMBERED),
    /^no_concessions: .*data\.talking_points\.\d/,
  );
  assert.deepEqual(await refusals(AGENT, [store((input) => void (input.text += ` ${offer}`))], REMEMBERED), [
    'no_concessions',
  ]);
  assert.deepEqual(await refusals(AGENT, [brief((context) => context.reasons.push(offer))], REMEMBERED), [
    'no_concessions',
  ]);
  assert.deepEqual(await refusals(AGENT, [report((_, input) => void (input.text += ` ${offer}`))], acted), [
    'no_concessions',
  ]);
  assert.deepEqual(await refusals(AGENT, [report((data) => data.reasons.push(offer))], acted), ['no_concessions']);
  const [latest, ...others] = ACME_HISTORY;
  const memories = [{ ...latest, text: 'Renewed after a discount.' }, ...others];
  const quoted = report((data) => void (first(data.cited).text = 'Renewed after a discount.'));
  const remembering = knowing({ recall_memory: { memories } }, [emit(), store()]);
  assert.deepEqual(await refusals(AGENT, [quoted], remembering), [null]);
});

test('people read names: no text of an alert, a report or an escalation holds the id or the channel', async () => {
  const point = emit((data) => data.talking_points.push('See acme-corp.'));
  assert.deepEqual(await refusals(AGENT, [point], REMEMBERED), ['no_internals']);
  const reported = report((data) => data.reasons.push('Ask in #cs-dana.'));
  assert.deepEqual(await refusals(AGENT, [reported], acted), ['no_internals']);
  const raised = { name: 'escalate', input: { condition: 'contradictory_history', reason: 'acme-corp is unclear' } };
  assert.deepEqual(await refusals(AGENT, [raised], REMEMBERED), ['no_internals']);
});

test('an enterprise account and a contradictory history ask the owner before anything of the assessment takes effect', async () => {
  const enterprise = knowing({ get_account_lifecycle: lifecycle({ plan_tier: 'Enterprise' }) });
  const task = await asked(AGENT, [emit(), store(), brief()], enterprise);
  assert.deepEqual(
    [task?.kind, task?.rules, task?.decides],
    ['approval', ['enterprise_account'], { name: 'Dana Reyes', role: 'csm_lead' }],
  );
  assert.deepEqual([task?.due, task?.on_expiry], ['2026-11-19T08:00:00.000Z', 'refuse']);
  const event = await judged(AGENT, [emit()], enterprise);
  assert.equal(event.escalation?.target, 'human');
});

test('a rule that is broken for the third time is a question to a person, which no approval answers', async () => {
  const task = await asked(AGENT, [store()], { facts: ACCOUNT, corrections: 2 });
  assert.deepEqual([task?.kind, task?.rules], ['breach', ['enforce.memory_first']]);
  assert.equal(await asked(AGENT, [store()], { facts: ACCOUNT, corrections: 1 }), null);
});

test.run();
