import assert from 'node:assert/strict';
import type { HealthReport, RiskReport } from '../../packs/customer-success/reports.ts';
import { healthRow } from '../../packs/customer-success/row.ts';
import type { AgentReport, JsonObject, RunSummary } from '../../runtime/sdk.ts';
import { agentReport, calm, lifecycle, measure, metrics, playbook, renewalIn } from '../support/accounts.ts';
import { suite } from '../support/suite.ts';

const test = suite('the row of the weekly health check');

const facts = { get_account_metrics: metrics(), get_account_lifecycle: lifecycle() } as unknown as JsonObject;

function run(over: Partial<RunSummary> = {}): RunSummary {
  return {
    target: 'acme-corp',
    run: 'r',
    outcome: 'completed',
    report: null,
    facts,
    waiting: null,
    error: null,
    ...over,
  };
}

function risk(over: Partial<RiskReport> = {}, children: AgentReport[] = []): AgentReport {
  const data: RiskReport = {
    assessment: 'urgent_intervention',
    previous: 'watch',
    changed: 'from watch',
    signals: [
      {
        metric: 'weekly_active_users',
        window: '30 days',
        value: -0.35,
        text: 'Weekly active users fell 35 % in 30 days',
      },
    ],
    no_data: [],
    reasons: ['Two signals decline.'],
    renewal_days: 60,
    respond_by: '2026-11-19',
    cited: [],
    briefing_missing: null,
    ...over,
  };
  const events = [
    { topic: 'other', id: 'e0' },
    { topic: 'csm_alerts', id: 'e1' },
  ];
  return agentReport('risk_analysis', { data, events, children });
}

function main(over: Partial<HealthReport> = {}, children: AgentReport[] = []): AgentReport {
  const data: HealthReport = { status: 'analysed', signals: [], no_data: [], renewal_days: 60, reason: null, ...over };
  return agentReport('account_health_main', { data, children });
}

const briefing = agentReport('csm_briefing', { text: '# Acme Corp\n' });

test('a finished account shows its assessment, what changed, its signals, the alert and the briefing', () => {
  const row = healthRow(run({ report: main({}, [risk({}, [briefing])]) }), playbook);
  assert.deepEqual(row.fields, {
    name: 'Acme Corp',
    assessment: 'urgent_intervention',
    changed: 'from watch',
    signals: [
      {
        metric: 'weekly_active_users',
        window: '30 days',
        value: -0.35,
        text: 'Weekly active users fell 35 % in 30 days',
      },
    ],
    renewal_days: 60,
    respond_by: '2026-11-19',
    owner: 'Dana Reyes',
    alert: 'e1',
    briefing: null,
    note: null,
  });
  assert.deepEqual(row.document, { field: 'briefing', text: '# Acme Corp\n' });
  assert.deepEqual(row.tally, { assessments: 'urgent_intervention' });
});

test('a healthy account has an assessment and neither change, alert nor briefing', () => {
  const healthy = {
    get_account_metrics: calm(),
    get_account_lifecycle: lifecycle(renewalIn(200)),
  } as unknown as JsonObject;
  const { fields, document, tally } = healthRow(run({ report: main({ status: 'healthy' }), facts: healthy }), playbook);
  assert.deepEqual(
    [fields.assessment, fields.changed, fields.alert, fields.signals, fields.renewal_days],
    ['healthy', null, null, [], 200],
  );
  assert.deepEqual([document, tally], [undefined, { assessments: 'healthy' }]);
});

const gone = measure(null, null, null, '30 days');
const signalsOf = (summary: RunSummary) =>
  (
    healthRow(summary, playbook).fields.signals as {
      metric: string;
      value: number | null;
      text: string;
      reason?: string;
    }[]
  ).map(({ metric, value, text, reason }) => [metric, value, text, ...(reason === undefined ? [] : [reason])]);
const NO_DATA = [
  ['weekly_active_users', null, 'No data on weekly active users for 30 days', 'the data does not cover it'],
  ['feature_adoption', null, 'No data on feature adoption for 30 days', 'the data does not cover it'],
];

test('signals without data stand behind the declining ones, with value null, of a run that waits or is healthy', () => {
  const over = { weekly_active_users: gone, feature_adoption: gone };
  const get_account_lifecycle = lifecycle(renewalIn(200));
  const facts = (figures: unknown) =>
    ({ get_account_metrics: figures, get_account_lifecycle }) as unknown as JsonObject;
  const waiting = { rule: 'account_data_unavailable', reason: 'no rows' };
  assert.deepEqual(signalsOf(run({ outcome: 'waiting', waiting, facts: facts(calm(over)) })), NO_DATA);
  assert.deepEqual(signalsOf(run({ report: main({ status: 'healthy' }), facts: facts(calm(over)) })), NO_DATA);
  const tickets = ['escalated_tickets', 2, 'There were 2 escalated tickets in 14 days (0 in the 14 days before)'];
  assert.deepEqual(signalsOf(run({ outcome: 'waiting', waiting, facts: facts(metrics(over)) })), [tickets, ...NO_DATA]);
});

test('an assessed account shows the signals of its assessment, then those without data', () => {
  const get_account_metrics = calm({ weekly_active_users: gone, feature_adoption: gone });
  const facts = { get_account_metrics, get_account_lifecycle: lifecycle() } as unknown as JsonObject;
  assert.deepEqual(signalsOf(run({ report: main({}, [risk()]), facts })), [
    ['weekly_active_users', -0.35, 'Weekly active users fell 35 % in 30 days'],
    ...NO_DATA,
  ]);
});

test('a churned account has no assessment, no signals, and a note that says so; it stands last', () => {
  const report = main({ status: 'not_checked', reason: 'the account has churned' });
  const { fields, tally, rank } = healthRow(run({ report }), playbook);
  assert.deepEqual(
    [fields.assessment, fields.signals, fields.alert, fields.note],
    [null, [], null, 'the account has churned'],
  );
  assert.deepEqual(tally, {});
  assert.ok(rank > healthRow(run({ report: main({ status: 'healthy' }) }), playbook).rank);
});

test('a run that waits shows what its facts say, and no assessment', () => {
  const waiting = { rule: 'enterprise_account', reason: 'sign-off' };
  const { fields, tally } = healthRow(run({ outcome: 'waiting', waiting }), playbook);
  assert.deepEqual(
    [fields.name, fields.owner, fields.renewal_days, fields.assessment, fields.alert],
    ['Acme Corp', 'Dana Reyes', 60, null, null],
  );
  assert.deepEqual(
    (fields.signals as { metric: string }[]).map((signal) => signal.metric),
    ['weekly_active_users', 'escalated_tickets'],
  );
  assert.deepEqual(tally, {});
});

test('a run that failed before it read anything shows its target and why it failed', () => {
  const error = { code: 'model.failed', message: 'the model did not answer' };
  const { fields } = healthRow(run({ outcome: 'failed', facts: {}, error }), playbook);
  assert.deepEqual(
    [fields.name, fields.owner, fields.renewal_days, fields.signals, fields.note],
    ['acme-corp', null, null, [], 'the model did not answer'],
  );
});

test('the note says why a briefing or an assessment is missing', () => {
  const without = run({ report: main({}, [risk({ briefing_missing: 'the model did not answer' })]) });
  assert.equal(healthRow(without, playbook).fields.note, 'the model did not answer');
  const unassessed = healthRow(run({ report: main({ status: 'unassessed', reason: 'refused: depth' }) }), playbook);
  assert.deepEqual([unassessed.fields.note, unassessed.fields.assessment], ['refused: depth', null]);
});

test('a failed briefing leaves no document behind', () => {
  const failed = agentReport('csm_briefing', { outcome: 'failed', text: 'half a brief' });
  assert.equal(healthRow(run({ report: main({}, [risk({}, [failed])]) }), playbook).document, undefined);
});

test('rows are sorted by urgency, then by the nearer renewal, with a missing date last', () => {
  const at = (days: number | null) => ({ get_account_lifecycle: lifecycle(renewalIn(days)) }) as unknown as JsonObject;
  const of = (assessment: RiskReport['assessment'], days: number | null) =>
    run({ report: main({}, [risk({ assessment, renewal_days: days })]), facts: at(days) });
  const order = [
    of('urgent_intervention', -20),
    of('urgent_intervention', 60),
    of('urgent_intervention', null),
    run({ outcome: 'waiting', facts: at(5) }),
    run({ outcome: 'escalated', facts: at(6) }),
    run({ outcome: 'failed', facts: at(1) }),
    run({ report: main({ status: 'unassessed' }), facts: at(2) }),
    of('watch', 1),
    of('watch', 90),
    of('stable', 1),
    run({ report: main({ status: 'healthy' }), facts: at(1) }),
  ].map((summary) => healthRow(summary, playbook).rank);
  assert.deepEqual(
    order,
    [...order].sort((a, b) => a - b),
  );
  assert.equal(new Set(order).size, order.length);
});

test.run();
