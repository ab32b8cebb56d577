import assert from 'node:assert/strict';
import { accountHealthMain } from '../../packs/customer-success/player/account-health-main.ts';
import type { AccountLifecycle, AccountMetrics } from '../../packs/customer-success/facts.ts';
import { agentReport, calm, lifecycle, measure, metrics, play, playbook, renewalIn } from '../support/accounts.ts';
import {
  ACCOUNT,
  asked,
  type Before,
  type Call,
  type Input,
  type Line,
  READ,
  refusal,
  refusals,
} from '../support/customer-policy.ts';
import { suite } from '../support/suite.ts';

const test = suite('the policy of account_health_main');
const AGENT = 'account_health_main';

const child = agentReport('risk_analysis');
const undone = { name: 'delegate_to_risk_analysis', error: 'refused' };
const delegated = { name: 'delegate_to_risk_analysis', result: child };

/** The report of the player about these figures. */
function reportOf(m: AccountMetrics, l: AccountLifecycle, change: (input: Input) => void = () => {}): Call {
  const answers = { get_account_metrics: m, get_account_lifecycle: l, delegate_to_risk_analysis: child };
  const input = structuredClone(play(accountHealthMain(playbook), {}, answers).report) as unknown as Input;
  change(input);
  return { name: 'submit_report', input };
}
const analysed = (change?: (input: Input) => void) => reportOf(metrics(), lifecycle(), change);
const far = lifecycle(renewalIn(200));
const healthy = (change?: (input: Input) => void) => reportOf(calm(), far, change);
const known = (facts: Record<string, unknown> = ACCOUNT, made: Before['made'] = [...READ, delegated]): Before => ({
  facts,
  made,
});
const well = known({ get_account_metrics: calm(), get_account_lifecycle: far });
const delegate = (instructions: string, context: unknown = {}): Call => ({
  name: 'delegate_to_risk_analysis',
  input: { instructions, context },
});
const escalate = (reason: string, condition = 'signals_contradict'): Call => ({
  name: 'escalate',
  input: { condition, reason },
});
const said = (text: string) => analysed((input) => void (input.text += ` ${text}`));

test('what the player reports stands every rule', async () => {
  assert.deepEqual(await refusals(AGENT, [analysed()], known()), [null]);
  assert.deepEqual(await refusals(AGENT, [healthy()], well), [null]);
});

test('it neither escalates nor delegates nor reports before the lifecycle was read', async () => {
  const before = { facts: { get_account_metrics: metrics() }, made: READ.slice(0, 1) };
  for (const call of [escalate('Something is wrong.'), delegate('Assess Acme Corp.'), analysed()]) {
    assert.deepEqual(await refusals(AGENT, [call], before), ['lifecycle_first'], call.name);
    assert.deepEqual(await refusals(AGENT, [call], {}), ['lifecycle_first'], call.name);
  }
  const together = [
    { name: 'get_account_lifecycle', input: { account_id: 'acme-corp' } },
    escalate('Something is wrong.'),
  ];
  assert.deepEqual(await refusals(AGENT, together, before), [null, 'lifecycle_first']);
});

test('it reads the account of the task and no other, and a refused read opens no door', async () => {
  const reads = (account_id: string) => READ.map(({ name }) => ({ name, input: { account_id } }));
  assert.deepEqual(await refusals(AGENT, reads('acme-corp'), {}), [null, null]);
  for (const other of ['globex', 'nope', 'ACME-CORP', ' acme-corp']) {
    assert.deepEqual(await refusals(AGENT, reads(other), {}), ['own_reads', 'own_reads'], other);
  }
  const refused = READ.map(({ name }) => ({ name, refused: 'own_reads' }));
  for (const call of [escalate('Something is wrong.'), delegate('Assess Acme Corp.'), analysed()]) {
    assert.deepEqual(await refusals(AGENT, [call], { made: refused }), ['lifecycle_first'], call.name);
  }
});

test('it neither delegates nor reports before the metrics were read, unless the account has churned', async () => {
  const before = { facts: { get_account_lifecycle: lifecycle() }, made: READ.slice(1) };
  for (const call of [delegate('Assess Acme Corp.'), analysed()]) {
    assert.deepEqual(await refusals(AGENT, [call], before), ['metrics_first'], call.name);
  }
  assert.deepEqual(await refusals(AGENT, [escalate('Something is wrong.')], before), [null]);
  const gone = lifecycle({ stage: 'churned' });
  const churned = { facts: { get_account_lifecycle: gone }, made: [{ name: 'get_account_lifecycle', result: gone }] };
  assert.deepEqual(await refusals(AGENT, [reportOf(metrics(), gone)], churned), [null]);
});

test('a lifecycle check that failed counts; one of another account does not', async () => {
  const failed = { facts: {}, made: [{ name: 'get_account_lifecycle', error: 'the table is locked' }] };
  const call = escalate('The table is locked.', 'account_data_unavailable');
  assert.deepEqual(await refusals(AGENT, [call], failed), [null]);
  const other = { facts: {}, made: [{ name: 'get_account_lifecycle', input: { account_id: 'globex' }, result: {} }] };
  assert.deepEqual(await refusals(AGENT, [call], other), ['lifecycle_first']);
});

test('a signal in the report has the metric, the window and the figure of the facts', async () => {
  const changed = (change: (line: Line) => void) => analysed(({ data }) => data.signals.slice(0, 1).forEach(change));
  assert.match(
    await refusal(AGENT, [changed((line) => void (line.window = '7 days'))], known()),
    /^signals_cited: .*«30 days»/,
  );
  assert.match(await refusal(AGENT, [changed((line) => void (line.value = -0.9))], known()), /is -0.35 by the facts/);
  for (const change of [
    (line: Line) => void (line.metric = 'mood'),
    (line: Line) => void (line.metric = 'nps'),
    (line: Line) => void (line.window = 'recently'),
  ]) {
    assert.deepEqual(await refusals(AGENT, [changed(change)], known()), ['signals_cited']);
  }
});

test('no declining signal is left out, made up or named twice', async () => {
  const lines = (change: (signals: Line[]) => void) => analysed((input) => change(input.data.signals));
  assert.match(
    await refusal(AGENT, [lines((all) => void all.pop())], known()),
    /escalated_tickets is declining by the facts, and is missing/,
  );
  assert.deepEqual(await refusals(AGENT, [lines((all) => void all.push(all[0] ?? invented))], known()), [
    'signals_cited',
  ]);
  const invented = { metric: 'nps', window: '60 days', value: -5, text: 'NPS fell 5 points in 60 days.' };
  assert.match(
    await refusal(AGENT, [lines((all) => void all.push(invented))], known()),
    /nps is not declining by the facts/,
  );
});

test('the text names each declining signal with its window, and calls none out without', async () => {
  const text = (words: string) => analysed((input) => void (input.text = words));
  assert.match(
    await refusal(AGENT, [text('Acme Corp went to risk analysis.')], known()),
    /does not name weekly_active_users with its window, «30 days»/,
  );
  const good = 'Acme Corp: usage is down 35 % over the last 30 days, with 2 escalated tickets in a 14-day window.';
  assert.deepEqual(await refusals(AGENT, [text(good)], known()), [null]);
  for (const uncited of [
    'WAU dropped 35 %.',
    'Usage is declining.',
    'There are 2 escalated tickets.',
    'Tickets spiked.',
    'NPS is worse than before.',
    'Feature adoption fell since last week.',
    '**Us**age is d\u043ewn 35 %.',
    'Weekly active users: -35 %.',
  ]) {
    assert.deepEqual(await refusals(AGENT, [text(`${good} ${uncited}`)], known()), ['signals_cited'], uncited);
    assert.deepEqual(await refusals(AGENT, [delegate(uncited)], known()), ['signals_cited'], uncited);
    assert.deepEqual(await refusals(AGENT, [escalate(uncited)], known()), ['signals_cited'], uncited);
  }
  for (const fine of [
    'No signal of usage declines.',
    'Usage did not decline.',
    'The team is growing.',
    'Adoption is flat.',
  ]) {
    assert.deepEqual(await refusals(AGENT, [text(`${good} ${fine}`)], known()), [null], fine);
  }
});

test('signals that are handed to risk analysis have metric and window of the facts', async () => {
  const handed = (line: unknown) => delegate('Assess the risk of Acme Corp.', { signals: [line] });
  const line = { metric: 'weekly_active_users', window: '30 days', value: -0.35, direction: 'declining' };
  assert.deepEqual(await refusals(AGENT, [handed(line)], known()), [null]);
  for (const wrong of [{ ...line, window: undefined }, { ...line, window: '90 days' }, { metric: 'mood' }, 'usage']) {
    assert.deepEqual(await refusals(AGENT, [handed(wrong)], known()), ['signals_cited'], JSON.stringify(wrong));
  }
});

test('it makes no renewal forecast, in a report, a delegation or an escalation', async () => {
  const forecast = 'Acme Corp will prob\u200bably not renew.';
  assert.match(await refusal(AGENT, [said(forecast)], known()), /^no_forecast: .*risk_analysis to judge/);
  assert.deepEqual(await refusals(AGENT, [delegate(forecast)], known()), ['no_forecast']);
  assert.deepEqual(await refusals(AGENT, [delegate('Look.', { note: 'High churn risk.' })], known()), ['no_forecast']);
  assert.deepEqual(await refusals(AGENT, [escalate('The renewal is at risk.')], known()), ['no_forecast']);
  assert.deepEqual(await refusals(AGENT, [delegate('Assess how likely Acme Corp is to churn.')], known()), [null]);
});

test('no text for people holds the account’s id or the owner’s channel', async () => {
  for (const leak of [
    'acme-corp',
    'ACME\u2011CORP',
    '`acme`-corp',
    'weekly-acme-corp',
    '#cs-dana',
    'the cs-dana channel',
  ]) {
    assert.deepEqual(await refusals(AGENT, [said(`See ${leak}.`)], known()), ['no_internals'], leak);
    assert.deepEqual(await refusals(AGENT, [escalate(`See ${leak}.`)], known()), ['no_internals'], leak);
  }
  const inData = reportOf(metrics(), lifecycle(), (input) =>
    Object.assign(input.data, { status: 'unassessed', reason: 'acme-corp failed' }),
  );
  assert.deepEqual(await refusals(AGENT, [inData], known(ACCOUNT, [...READ, undone])), ['no_internals']);
  const noFacts = { facts: {}, made: [{ name: 'get_account_lifecycle', error: 'locked' }] };
  assert.deepEqual(await refusals(AGENT, [escalate('acme-corp is gone.', 'account_data_unavailable')], noFacts), [
    'no_internals',
  ]);
});

test('«healthy» is for accounts without a declining signal and without a near renewal', async () => {
  const down = calm({ nps: measure(-30, 0, 30, '60 days') });
  const signals = [{ metric: 'nps', window: '60 days', value: -30, text: 'NPS fell 30 points in 60 days.' }];
  const lie = healthy((input) =>
    Object.assign(input, { text: 'Acme Corp: NPS fell 30 points in 60 days.', data: { ...input.data, signals } }),
  );
  assert.match(
    await refusal(AGENT, [lie], known({ get_account_metrics: down, get_account_lifecycle: far })),
    /^status_holds: .*nps declines/,
  );
  const near = known({ get_account_metrics: calm(), get_account_lifecycle: lifecycle(renewalIn(90)) });
  assert.deepEqual(await refusals(AGENT, [healthy()], near), ['status_holds']);
  const locked = [{ name: 'get_account_metrics', error: 'locked' }, delegated];
  const unread = known({ get_account_lifecycle: far }, locked);
  assert.deepEqual(await refusals(AGENT, [healthy()], unread), ['status_holds']);
});

test('«analysed» needs a finished risk analysis, and «not checked» an account that has churned', async () => {
  assert.deepEqual(await refusals(AGENT, [analysed()], known(ACCOUNT, READ)), ['status_holds']);
  const failed = { ...delegated, result: agentReport('risk_analysis', { outcome: 'failed' }) };
  assert.deepEqual(await refusals(AGENT, [analysed()], known(ACCOUNT, [...READ, failed])), ['status_holds']);
  const skipped = analysed((input) => Object.assign(input.data, { status: 'not_checked', reason: 'it has churned' }));
  assert.deepEqual(await refusals(AGENT, [skipped], known()), ['status_holds']);
});

test('«unassessed» is for accounts without data, and for those whose analysis was tried and did not complete', async () => {
  const unassessed = analysed((input) => Object.assign(input.data, { status: 'unassessed', reason: 'no time' }));
  assert.deepEqual(await refusals(AGENT, [unassessed], known(ACCOUNT, READ)), ['status_holds']);
  assert.deepEqual(await refusals(AGENT, [unassessed], known()), ['status_holds']);
  assert.deepEqual(await refusals(AGENT, [unassessed], known(ACCOUNT, [...READ, undone])), [null]);
  const refused = { name: 'delegate_to_risk_analysis', refused: 'no_forecast' };
  assert.match(
    await refusal(AGENT, [unassessed], known(ACCOUNT, [...READ, refused])),
    /^status_holds: .*nobody was asked/,
    'a delegation that was refused asked nobody',
  );
});

test('its report has the days to the renewal of the facts, and contradicts no assessment', async () => {
  const far = analysed((input) => void (input.data.renewal_days = 4000));
  assert.match(await refusal(AGENT, [far], known()), /^figures_hold: .*renewal_days is 60 by the facts, not 4000/);
  const urgent = { ...delegated, result: { ...child, data: { assessment: 'urgent_intervention' } } };
  const before = known(ACCOUNT, [...READ, urgent]);
  assert.deepEqual(await refusals(AGENT, [analysed()], before), [null]);
  assert.match(await refusal(AGENT, [said('No action is needed.')], before), /^status_holds: .*another assessment/);
});

test('alerts are not its to emit', async () => {
  const alert = {
    severity: 'urgent',
    account_id: 'acme-corp',
    account_name: 'Acme Corp',
    reasons: [{ metric: 'nps', window: '60 days', value: null, text: 'Low.' }],
    talking_points: ['Call.'],
    respond_by: null,
  };
  const call = { name: 'emit_event', input: { topic: 'csm_alerts', data: alert } };
  assert.match(await refusal(AGENT, [call], known()), /^alerts_are_assessed: .*delegate to it/);
});

test('unavailable data and contradicting signals ask the owner, or a lead, before anything takes effect', async () => {
  const silent = { get_account_metrics: calm({ usage_rows: 0 }), get_account_lifecycle: lifecycle() };
  const unavailable = await asked(AGENT, [delegate('Assess Acme Corp.')], known(silent));
  assert.deepEqual(
    [unavailable?.rules, unavailable?.decides],
    [['account_data_unavailable'], { name: 'Dana Reyes', role: 'csm_lead' }],
  );
  const contradicting = {
    ...ACCOUNT,
    get_account_metrics: metrics({ weekly_active_users: measure(0.4, 140, 100, '30 days') }),
  };
  const task = await asked(AGENT, [delegate('Assess Acme Corp.')], known(contradicting));
  assert.deepEqual([task?.kind, task?.rules, task?.on_expiry], ['approval', ['signals_contradict'], 'refuse']);
  const unread = { facts: {}, made: [{ name: 'get_account_lifecycle', error: 'locked' }] };
  const lead = await asked(AGENT, [escalate('The table is locked.', 'account_data_unavailable')], unread);
  assert.deepEqual(lead?.decides, { name: null, role: 'csm_lead' });
});

test.run();
