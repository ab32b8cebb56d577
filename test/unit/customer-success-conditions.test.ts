import assert from 'node:assert/strict';
import { conditions } from '../../packs/customer-success/conditions.ts';
import type { Json, PolicyView } from '../../runtime/sdk.ts';
import { AS_OF, assessed, calm, lifecycle, measure, metrics, playbook } from '../support/accounts.ts';
import { suite } from '../support/suite.ts';

const test = suite('the escalation conditions of customer success');

const all = conditions(playbook);
const once = { attempted: 1, succeeded: 1, failed: 0 };
const failed = { attempted: 1, succeeded: 0, failed: 1 };
const never = { attempted: 0, succeeded: 0, failed: 0 };

function decide(name: string, facts: Record<string, unknown>, calls: PolicyView['calls'] = {}): string | null {
  const condition = all[name];
  assert.ok(condition, name);
  const view = {
    agent: 'a',
    subject: 'acme-corp',
    as_of: AS_OF,
    facts: facts as Record<string, Json>,
    calls,
    input: {},
  };
  return condition(view);
}

test('nothing is raised to a person before the lifecycle was read', () => {
  const facts = { get_account_metrics: calm({ usage_rows: 0 }) };
  assert.equal(
    decide('account_data_unavailable', facts, { get_account_metrics: failed, get_account_lifecycle: never }),
    null,
  );
  const contradicting = metrics({ weekly_active_users: measure(0.4, 140, 100, '30 days') });
  assert.equal(decide('signals_contradict', { get_account_metrics: contradicting }), null);
});

test('a lifecycle that was read here, read in vain, or handed down opens the door', () => {
  const contradicting = metrics({ weekly_active_users: measure(0.4, 140, 100, '30 days') });
  const facts = { get_account_metrics: contradicting };
  assert.notEqual(decide('signals_contradict', facts, { get_account_lifecycle: once }), null);
  assert.notEqual(decide('signals_contradict', facts, { get_account_lifecycle: failed }), null);
  assert.notEqual(decide('signals_contradict', { ...facts, get_account_lifecycle: lifecycle() }), null);
});

test('a read that was refused opens no door', () => {
  const contradicting = metrics({ weekly_active_users: measure(0.4, 140, 100, '30 days') });
  const refused = { attempted: 1, succeeded: 0, failed: 0 };
  const calls = { get_account_lifecycle: refused };
  assert.equal(decide('signals_contradict', { get_account_metrics: contradicting }, calls), null);
});

test('what is not known rules no sign-off out', () => {
  assert.match(decide('enterprise_account', {}) ?? '', /the lifecycle of the account.* is not known/);
  assert.match(
    decide('contradictory_history', { get_account_lifecycle: lifecycle() }) ?? '',
    /history of the account was not recalled/,
  );
  const read = { attempted: 2, succeeded: 1, failed: 1 };
  const calls = { get_account_metrics: once, get_account_lifecycle: read };
  assert.equal(
    decide('account_data_unavailable', { get_account_metrics: calm() }, calls),
    'the lifecycle could not be read',
    'a read that succeeded and became no fact was of another account',
  );
});

test('a failed read is unavailable data; one that succeeded at the second try is not', () => {
  const facts = { get_account_lifecycle: lifecycle(), get_account_metrics: calm() };
  const said = decide('account_data_unavailable', facts, { get_account_metrics: failed, get_account_lifecycle: once });
  assert.equal(said, 'the metrics could not be read');
  assert.equal(
    decide('account_data_unavailable', {}, { get_account_metrics: once, get_account_lifecycle: failed }),
    'the lifecycle could not be read',
  );
  const retried = { attempted: 2, succeeded: 1, failed: 1 };
  assert.equal(
    decide('account_data_unavailable', facts, { get_account_metrics: retried, get_account_lifecycle: once }),
    null,
  );
});

test('no usage rows at all are unavailable data unless the account has churned', () => {
  const of = (stage: 'active' | 'onboarding' | 'churned', usage_rows: number) =>
    decide('account_data_unavailable', {
      get_account_metrics: calm({ usage_rows }),
      get_account_lifecycle: lifecycle({ stage }),
    });
  for (const stage of ['active', 'onboarding'] as const) {
    assert.match(of(stage, 0) ?? '', /no usage rows at all up to 2026-11-16/);
  }
  assert.deepEqual([of('active', 1), of('onboarding', 1), of('churned', 0)], [null, null, null]);
});

test('nothing about a churned account goes to a person', () => {
  const facts = {
    get_account_metrics: metrics({ usage_rows: 0, weekly_active_users: measure(0.4, 140, 100, '30 days') }),
    recall_memory: { memories: [assessed(30, 'stable'), assessed(10, 'urgent_intervention')] },
  };
  const asked = (stage: 'active' | 'churned') =>
    Object.keys(all).filter((name) => {
      const account = lifecycle({ stage, plan_tier: 'enterprise' });
      return decide(name, { ...facts, get_account_lifecycle: account }, { get_account_metrics: failed }) !== null;
    });
  const forThePerson = Object.keys(all).filter((name) => name !== 'missing_assessment_context');
  assert.deepEqual(
    asked('active').filter((name) => name !== 'missing_assessment_context'),
    forThePerson,
  );
  assert.deepEqual(
    asked('churned').filter((name) => name !== 'missing_assessment_context'),
    [],
  );
});

test('usage and tickets contradict each other in opposite directions only', () => {
  const judge = (usage: number | null, tickets: number, before: number) =>
    decide('signals_contradict', {
      get_account_metrics: calm({
        weekly_active_users: measure(usage, 1, 1, '30 days'),
        escalated_tickets: measure(tickets, tickets, before, '14 days'),
      }),
      get_account_lifecycle: lifecycle(),
    });
  assert.match(judge(0.2, 2, 0) ?? '', /Weekly active users rose 20 % in 30 days.*2 escalated tickets in 14 days/);
  assert.notEqual(judge(-0.2, 0, 2), null);
  for (const [usage, tickets, before] of [
    [0.19, 2, 0],
    [-0.2, 2, 0],
    [0.2, 0, 2],
    [-0.2, 0, 1],
    [0.2, 1, 0],
    [null, 2, 0],
  ] as const) {
    assert.equal(judge(usage, tickets, before), null, `${usage} ${tickets} ${before}`);
  }
});

test('a stable and an urgent intervention at most 30 days apart, within 180 days, contradict each other', () => {
  const judge = (...memories: ReturnType<typeof assessed>[]) =>
    decide('contradictory_history', { recall_memory: { memories }, get_account_lifecycle: lifecycle() });
  assert.match(
    judge(assessed(30, 'stable'), assessed(10, 'urgent_intervention')) ?? '',
    /stable on 2026-10-17 and as urgent intervention on 2026-11-06, 20 days apart/,
  );
  assert.notEqual(judge(assessed(180, 'stable'), assessed(150, 'urgent_intervention')), null);
  assert.equal(judge(assessed(181, 'stable'), assessed(151, 'urgent_intervention')), null);
  assert.equal(judge(assessed(41, 'stable'), assessed(10, 'urgent_intervention')), null);
  assert.equal(judge(assessed(30, 'watch'), assessed(10, 'urgent_intervention')), null);
  assert.equal(judge(assessed(30, 'stable')), null);
});

test('an assessment of the same day is not history', () => {
  const memories = [assessed(0, 'urgent_intervention'), assessed(7, 'stable')];
  assert.equal(
    decide('contradictory_history', { recall_memory: { memories }, get_account_lifecycle: lifecycle() }),
    null,
  );
});

test('the plan tiers of the playbook need sign-off, however they are spelled', () => {
  const of = (plan_tier: string) => decide('enterprise_account', { get_account_lifecycle: lifecycle({ plan_tier }) });
  assert.deepEqual(
    [of('enterprise'), of('Enterprise'), of('growth')],
    ['the plan tier is enterprise', 'the plan tier is Enterprise', null],
  );
});

test('a briefing that is asked for without an assessment or without the account’s data goes back to the parent', () => {
  const condition = all.missing_assessment_context;
  const view = { agent: 'csm_briefing', subject: 'acme-corp', as_of: AS_OF, facts: {}, calls: {} };
  assert.equal(condition?.({ ...view, input: {} }), 'the task carries no assessment');
  const input = { assessment: 'watch', reasons: ['One signal declines.'] };
  assert.equal(condition?.({ ...view, input }), 'the metrics of the account are missing');
  const facts = { get_account_metrics: calm(), get_account_lifecycle: lifecycle() } as unknown as PolicyView['facts'];
  assert.equal(condition?.({ ...view, facts, input }), null);
  const other = { ...input, assessment: 'No action' };
  assert.match(condition?.({ ...view, facts, input: other }) ?? '', /"No action", which is none of stable, watch/);
});

test.run();
