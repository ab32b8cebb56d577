import assert from 'node:assert/strict';
import type { AccountMetrics, Measure } from '../../packs/customer-success/facts.ts';
import { declining, judgeSignals } from '../../packs/customer-success/signals.ts';
import { defaultPlaybook } from '../support/customer-data.ts';
import { suite } from '../support/suite.ts';

const test = suite('customer-success signals');
const playbook = defaultPlaybook();

const measure = (value: number | null, now: number | null, before: number | null, window: string): Measure => ({
  value,
  now,
  before,
  window,
  reason: value === null ? 'account is 12 days old' : null,
});

const FLAT: AccountMetrics = {
  account_id: 'one',
  account_name: 'One Ltd',
  as_of: '2026-11-16',
  usage_rows: 10,
  weekly_active_users: measure(0, 40, 40, '30 days'),
  feature_adoption: measure(0, 8, 8, '30 days'),
  escalated_tickets: measure(0, 0, 0, '14 days'),
  tickets: measure(0, 0, 0, '14 days'),
  nps: measure(0, 40, 40, '60 days'),
};

const judged = (changes: Partial<AccountMetrics>, index: number) =>
  judgeSignals({ ...FLAT, ...changes }, playbook)[index];
const usage = (value: number) => judged({ weekly_active_users: measure(value, 1, 1, '30 days') }, 0)?.direction;
const tickets = (now: number, before: number | null) =>
  judged({ escalated_tickets: measure(now, now, before, '14 days') }, 1)?.direction;
const nps = (value: number) => judged({ nps: measure(value, 1, 1, '60 days') }, 2)?.direction;
const adoption = (value: number) => judged({ feature_adoption: measure(value, 1, 1, '30 days') }, 3)?.direction;

test('the four signals come in a fixed order', () => {
  assert.deepEqual(
    judgeSignals(FLAT, playbook).map(({ metric, direction }) => [metric, direction]),
    ['weekly_active_users', 'escalated_tickets', 'nps', 'feature_adoption'].map((metric) => [metric, 'flat']),
  );
});

test('a threshold itself counts', () => {
  assert.deepEqual(
    [usage(-0.2), usage(-0.199999), usage(0.199999), usage(0.2)],
    ['declining', 'flat', 'flat', 'improving'],
  );
  assert.deepEqual([nps(-20), nps(-19.9), nps(19.9), nps(20)], ['declining', 'flat', 'flat', 'improving']);
  assert.deepEqual(
    [adoption(-0.25), adoption(-0.24), adoption(0.24), adoption(0.25)],
    ['declining', 'flat', 'flat', 'improving'],
  );
});

test('tickets decline from two, and improve when none follow two or more', () => {
  assert.deepEqual(
    [tickets(1, 0), tickets(2, 9), tickets(0, 2), tickets(0, 1), tickets(1, 5), tickets(0, null)],
    ['flat', 'declining', 'improving', 'flat', 'flat', 'flat'],
  );
});

test('the limits are the playbook’s', () => {
  const strict = { ...playbook, usage: { ...playbook.usage, declining_at: -0.01 } };
  const metrics = { ...FLAT, weekly_active_users: measure(-0.05, 19, 20, '30 days') };
  assert.equal(declining(judgeSignals(metrics, playbook)).length, 0);
  assert.deepEqual(
    declining(judgeSignals(metrics, strict)).map(({ metric }) => metric),
    ['weekly_active_users'],
  );
});

test('what has no value is no data, never declining, and says why', () => {
  const nothing = measure(null, null, null, '30 days');
  const signals = judgeSignals(
    { ...FLAT, weekly_active_users: nothing, escalated_tickets: nothing, nps: nothing, feature_adoption: nothing },
    playbook,
  );
  assert.deepEqual(declining(signals), []);
  assert.deepEqual([...new Set(signals.map(({ direction }) => direction))], ['no_data']);
  assert.equal(signals[0]?.text, 'No data on weekly active users for 30 days: account is 12 days old');
  assert.equal(signals[2]?.text, 'No data on NPS for 30 days: account is 12 days old');
});

test('each text names metric, figure and window', () => {
  const texts = (changes: Partial<AccountMetrics>) =>
    judgeSignals({ ...FLAT, ...changes }, playbook).map(({ text }) => text);
  assert.deepEqual(texts({}), [
    'Weekly active users did not change in 30 days (40 → 40)',
    'There were 0 escalated tickets in 14 days (0 in the 14 days before)',
    'NPS did not change in 60 days (40 → 40)',
    'Feature adoption did not change in 30 days (8 → 8 features)',
  ]);
  assert.deepEqual(
    texts({
      weekly_active_users: measure(-0.35, 26, 40, '30 days'),
      escalated_tickets: measure(1, 1, null, '14 days'),
      nps: measure(-33.333333, -13.333333, 20, '60 days'),
      feature_adoption: measure(-0.875, 1, 8, '30 days'),
    }),
    [
      'Weekly active users fell 35 % in 30 days (40 → 26)',
      'There was 1 escalated ticket in 14 days',
      'NPS fell 33.3 points in 60 days (20 → -13.3)',
      'Feature adoption fell 87.5 % in 30 days (8 → 1 feature)',
    ],
  );
  assert.equal(
    texts({ weekly_active_users: measure(0.3, 26, 20, '30 days') })[0],
    'Weekly active users rose 30 % in 30 days (20 → 26)',
  );
});

test.run();
