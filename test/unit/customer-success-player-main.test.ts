import assert from 'node:assert/strict';
import type { AccountLifecycle, AccountMetrics } from '../../packs/customer-success/facts.ts';
import { accountHealthMain } from '../../packs/customer-success/player/account-health-main.ts';
import { HealthReport } from '../../packs/customer-success/reports.ts';
import {
  agentReport,
  type Answers,
  calm,
  lifecycle,
  measure,
  metrics,
  play,
  playbook,
  renewalIn,
} from '../support/accounts.ts';
import { suite } from '../support/suite.ts';

const test = suite('the player of account_health_main');

function check(m: AccountMetrics | Error, l: AccountLifecycle | Error, more: Answers = {}) {
  return play(
    accountHealthMain(playbook),
    { payload: { account_id: 'acme-corp' } },
    {
      get_account_metrics: m,
      get_account_lifecycle: l,
      delegate_to_risk_analysis: agentReport('risk_analysis'),
      ...more,
    },
  );
}

const reads = ['get_account_metrics', 'get_account_lifecycle'];
const delegated = [reads, ['delegate_to_risk_analysis'], ['submit_report']];
const reported = [reads, ['submit_report']];

test('an account with declining signals takes three turns: both reads, the delegation, the report', () => {
  const { names, report, calls } = check(metrics(), lifecycle());
  assert.deepEqual(names, delegated);
  assert.deepEqual(calls[0]?.input, { account_id: 'acme-corp' });
  assert.equal(HealthReport.parse(report?.data).status, 'analysed');
});

test('the delegation carries all four classified signals and names the account, not its id', () => {
  const { calls } = check(metrics(), lifecycle());
  const input = calls[2]?.input as { instructions: string; context: { signals: { direction: string }[] } };
  assert.deepEqual(
    input.context.signals.map((signal) => signal.direction),
    ['declining', 'declining', 'flat', 'flat'],
  );
  assert.equal(input.instructions, 'Assess the risk of Acme Corp.');
});

test('an account without a declining signal and with a far renewal is healthy, with every figure and window told', () => {
  const { names, report } = check(calm(), lifecycle(renewalIn(91)));
  assert.deepEqual(names, reported);
  const data = HealthReport.parse(report?.data);
  assert.deepEqual([data.status, data.signals, data.renewal_days], ['healthy', [], 91]);
  for (const part of ['Acme Corp is healthy', '30 days', '14 days', '60 days', 'in 91 days']) {
    assert.ok(report?.text.includes(part), part);
  }
});

test('a renewal in 90 days is looked at, one in 91 days is not', () => {
  assert.deepEqual(check(calm(), lifecycle(renewalIn(90))).names, delegated);
  assert.deepEqual(check(calm(), lifecycle(renewalIn(91))).names, reported);
});

test('a renewal that is past counts as near', () => {
  assert.deepEqual(check(calm(), lifecycle(renewalIn(-3))).names, delegated);
});

test('a missing renewal date counts as far, and the report says that it is missing', () => {
  const { names, report } = check(calm(), lifecycle(renewalIn(null)));
  assert.deepEqual(names, reported);
  assert.match(report?.text ?? '', /No renewal date is on record/);
});

test('usage that fell by exactly the playbook’s share declines, a little less does not', () => {
  const at = (value: number) =>
    check(calm({ weekly_active_users: measure(value, 80, 100, '30 days') }), lifecycle(renewalIn(200))).names;
  assert.deepEqual(at(-0.2), delegated);
  assert.deepEqual(at(-0.199), reported);
});

test('figures that the data does not cover are not declining and are told as no data', () => {
  const gone = measure(null, null, null, '30 days');
  const { names, report } = check(
    calm({ weekly_active_users: gone, feature_adoption: gone }),
    lifecycle({ ...renewalIn(200), stage: 'onboarding' }),
  );
  assert.deepEqual(names, reported);
  assert.deepEqual(
    HealthReport.parse(report?.data).no_data.map((signal) => signal.metric),
    ['weekly_active_users', 'feature_adoption'],
  );
  assert.match(report?.text ?? '', /No data on weekly active users for 30 days/);
});

test('a failed read escalates after the other was read in the same turn, and says what failed', () => {
  for (const [m, l] of [
    [new Error('the table is locked'), lifecycle()],
    [metrics(), new Error('the table is locked')],
  ] as const) {
    const { names, calls } = check(m, l);
    assert.deepEqual(names, [reads, ['escalate']]);
    assert.deepEqual(calls[2]?.input, { condition: 'account_data_unavailable', reason: 'the table is locked' });
  }
});

test('a listed account without any usage rows escalates, however new it is', () => {
  const silent = calm({ usage_rows: 0, weekly_active_users: measure(null, null, null, '30 days') });
  assert.deepEqual(check(silent, lifecycle()).names, [reads, ['escalate']]);
  assert.deepEqual(check(silent, lifecycle({ ...renewalIn(300), stage: 'onboarding' })).names, [reads, ['escalate']]);
});

test('a churned account is not checked: no delegation, no escalation, no signals, and the report says why', () => {
  const churned = lifecycle({ ...renewalIn(null), stage: 'churned' });
  for (const figures of [metrics(), calm({ usage_rows: 0 }), new Error('the table is locked')]) {
    const { names, report } = check(figures, churned);
    assert.deepEqual(names, reported);
    const data = HealthReport.parse(report?.data);
    assert.deepEqual([data.status, data.reason], ['not_checked', 'the account has churned']);
    assert.deepEqual([data.signals, data.no_data], [[], []]);
    assert.equal(report?.text, 'Acme Corp was not checked: the account has churned.');
  }
});

test('after a person let it go on without data, the account is reported as unassessed, with the reason', () => {
  const { report } = check(new Error('the table is locked'), lifecycle(), { escalate: { decision: 'approved' } });
  const data = HealthReport.parse(report?.data);
  assert.deepEqual([data.status, data.reason], ['unassessed', 'the table is locked']);
});

test('a risk analysis that was refused or did not complete leaves the account unassessed, with the reason', () => {
  const refused = check(metrics(), lifecycle(), { delegate_to_risk_analysis: new Error('refused: depth') });
  assert.equal(refused.report?.data.reason, 'refused: depth');
  const failed = agentReport('risk_analysis', {
    outcome: 'failed',
    text: '',
    error: { code: 'model.failed', message: 'no answer' },
  });
  const { report } = check(metrics(), lifecycle(), { delegate_to_risk_analysis: failed });
  assert.deepEqual([report?.data.status, report?.data.reason], ['unassessed', 'no answer']);
  assert.match(report?.text ?? '', /Acme Corp was not assessed: no answer\./);
});

test('whatever the figures, the report is valid, never says «stable», names no account id and cites a window per signal', () => {
  for (const usage of [-1, -0.35, -0.2, -0.1, 0, 0.2, 2, null]) {
    for (const tickets of [0, 1, 2, 7, null]) {
      for (const days of [null, -10, 0, 59, 60, 90, 91, 400]) {
        const { report } = check(
          metrics({
            weekly_active_users: measure(usage, 10, 10, '30 days'),
            escalated_tickets: measure(tickets, tickets, 2, '14 days'),
          }),
          lifecycle(renewalIn(days)),
        );
        const data = HealthReport.parse(report?.data);
        assert.doesNotMatch(JSON.stringify(report), /stable|acme-corp/);
        for (const signal of data.signals) assert.ok(signal.text.includes(signal.window));
      }
    }
  }
});

test.run();
