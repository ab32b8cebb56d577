import assert from 'node:assert/strict';
import type { AccountLifecycle, AccountMetrics } from '../../packs/customer-success/facts.ts';
import { riskAnalysis } from '../../packs/customer-success/player/risk-analysis.ts';
import { RiskReport } from '../../packs/customer-success/reports.ts';
import { CsmAlert } from '../../packs/customer-success/schemas.ts';
import { MemoryDraft } from '../../runtime/memory/memory.ts';
import { RecallInput } from '../../runtime/tools/builtin.ts';
import type { JsonObject, Recalled } from '../../runtime/sdk.ts';
import {
  ACME_HISTORY,
  agentReport,
  type Answers,
  assessed,
  calm,
  lifecycle,
  measure,
  memory,
  metrics,
  play,
  playbook,
  renewalIn,
} from '../support/accounts.ts';
import { suite } from '../support/suite.ts';

const test = suite('the player of risk_analysis');

interface Case {
  metrics?: AccountMetrics;
  lifecycle?: AccountLifecycle;
  memories?: Recalled[];
  answers?: Answers;
}

function analyse({ metrics: m = metrics(), lifecycle: l = lifecycle(), memories = [], answers = {} }: Case) {
  const facts = { get_account_metrics: m, get_account_lifecycle: l } as unknown as JsonObject;
  const played = play(
    riskAnalysis(playbook),
    { facts },
    { recall_memory: { memories }, delegate_to_csm_briefing: agentReport('csm_briefing'), ...answers },
  );
  const input = (name: string) => played.calls.find((call) => call.name === name)?.input as JsonObject | undefined;
  const alert = input('emit_event')?.data as JsonObject | undefined;
  return {
    ...played,
    data: RiskReport.parse(played.report?.data),
    alert: alert === undefined ? null : CsmAlert.parse({ ...alert, run: 'r' }),
    stored: MemoryDraft.parse(input('store_memory')),
    context: (input('delegate_to_csm_briefing')?.context ?? null) as JsonObject | null,
  };
}

const usageOnly = calm({ weekly_active_users: measure(-0.35, 65, 100, '30 days') });
const selfResolved = (dip: number) => memory(120, { kind: 'outcome', dip_percent: dip, resolved_by: 'self' });

test('an urgent account takes three turns: recall; emit, store and delegate; report', () => {
  const { names, calls } = analyse({ memories: ACME_HISTORY });
  assert.deepEqual(names, [
    ['recall_memory'],
    ['emit_event', 'store_memory', 'delegate_to_csm_briefing'],
    ['submit_report'],
  ]);
  assert.equal((calls[0]?.input as JsonObject | undefined)?.subject, 'acme-corp');
});

test('the mission’s account is an urgent intervention, from watch, to be answered within three business days', () => {
  const { data, alert, stored, context } = analyse({ memories: ACME_HISTORY });
  assert.deepEqual(
    [data.assessment, data.previous, data.changed, data.renewal_days, data.respond_by, data.briefing_missing],
    ['urgent_intervention', 'watch', 'from watch', 60, '2026-11-19', null],
  );
  assert.deepEqual(
    data.signals.map(({ metric, window, value }) => [metric, window, value]),
    [
      ['weekly_active_users', '30 days', -0.35],
      ['escalated_tickets', '14 days', 2],
    ],
  );
  assert.deepEqual(
    data.cited.map((cited) => cited.id),
    ['m-91', 'm-426'],
  );
  assert.deepEqual(
    [alert?.severity, alert?.account_id, alert?.account_name, alert?.reasons.length, alert?.respond_by],
    ['urgent', 'acme-corp', 'Acme Corp', 2, '2026-11-19'],
  );
  assert.deepEqual([stored.kind, stored.assessment, stored.dip_percent], ['assessment', 'urgent_intervention', 35]);
  assert.ok(stored.text.startsWith('Risk assessment for Acme Corp: urgent_intervention. Reasons: '));
  assert.deepEqual([context?.assessment, context?.respond_by], ['urgent_intervention', '2026-11-19']);
});

test('one declining signal is a watch, whatever the renewal', () => {
  for (const days of [null, 5, 59, 60, 90, 91]) {
    const { data, alert, context } = analyse({ metrics: usageOnly, lifecycle: lifecycle(renewalIn(days)) });
    assert.equal(data.assessment, 'watch', String(days));
    assert.deepEqual([alert?.severity, alert?.respond_by, data.respond_by], ['watch', null, null]);
    assert.notEqual(context, null);
  }
});

test('no declining signal is stable: stored, without alert and briefing', () => {
  const { data, names, alert, stored } = analyse({ metrics: calm() });
  assert.deepEqual(names, [['recall_memory'], ['store_memory'], ['submit_report']]);
  assert.deepEqual([data.assessment, data.changed, alert], ['stable', 'first assessment', null]);
  assert.deepEqual([stored.assessment, stored.dip_percent], ['stable', undefined]);
});

test('without a declining signal, a last assessment of watch or worse keeps a watch for 30 days, not for 31', () => {
  const after = (age: number, last: string) => analyse({ metrics: calm(), memories: [assessed(age, last)] });
  assert.equal(after(30, 'watch').data.assessment, 'watch');
  assert.equal(after(31, 'watch').data.assessment, 'stable');
  assert.equal(after(7, 'urgent_intervention').data.assessment, 'watch');
  assert.equal(after(7, 'stable').data.assessment, 'stable');
  assert.deepEqual(
    after(7, 'watch').alert?.reasons.map((reason) => reason.metric),
    ['last_assessment'],
  );
});

test('only the last assessment counts: an older watch under a newer stable does not keep the watch', () => {
  const memories = [assessed(20, 'watch'), assessed(6, 'stable')];
  assert.equal(analyse({ metrics: calm(), memories }).data.assessment, 'stable');
});

test('a dip at least as deep that resolved by itself turns an intervention into a watch, when the renewal is far', () => {
  const verdict = (dip: number, days: number | null) =>
    analyse({ memories: [selfResolved(dip)], lifecycle: lifecycle(renewalIn(days)) }).data.assessment;
  assert.equal(verdict(35, 91), 'watch');
  assert.equal(verdict(50, null), 'watch');
  assert.equal(verdict(34.9, 91), 'urgent_intervention');
  assert.equal(verdict(50, 90), 'urgent_intervention');
});

test('an old dip decides after years of weekly assessments: the whole history is asked for', () => {
  const weekly = Array.from({ length: 250 }, (_, n) => assessed(7 * (n + 1), 'stable', { score: 0.9 }));
  const memories = [...weekly, memory(2_000, { kind: 'outcome', dip_percent: 40, resolved_by: 'self', score: 0.1 })];
  const { calls, data } = analyse({ memories, lifecycle: lifecycle(renewalIn(200)) });
  const { limit } = RecallInput.parse(calls[0]?.input);
  assert.ok(limit >= memories.length, String(limit));
  assert.equal(data.assessment, 'watch');
  assert.ok(data.cited.some(({ id }) => id === 'm-2000'));
});

test('the exception needs a dip that resolved by itself, and usage among the declining signals', () => {
  const far = lifecycle(renewalIn(200));
  const byHand = memory(120, { kind: 'outcome', dip_percent: 60, resolved_by: 'intervention' });
  assert.equal(analyse({ memories: [byHand], lifecycle: far }).data.assessment, 'urgent_intervention');
  const withoutUsage = calm({
    escalated_tickets: measure(3, 3, 0, '14 days'),
    feature_adoption: measure(-0.5, 5, 10, '30 days'),
  });
  const verdict = analyse({ metrics: withoutUsage, memories: [selfResolved(60)], lifecycle: far });
  assert.equal(verdict.data.assessment, 'urgent_intervention');
});

test('a dip whose share is not exact in binary still equals the same dip in memory', () => {
  const usage = measure(57 / 100 - 1, 57, 100, '30 days');
  const verdict = analyse({
    metrics: metrics({ weekly_active_users: usage }),
    memories: [selfResolved(43)],
    lifecycle: lifecycle(renewalIn(200)),
  });
  assert.deepEqual([verdict.data.assessment, verdict.stored.dip_percent], ['watch', 43]);
});

test('the report says that there is no history, and that a renewal date is missing', () => {
  const { data } = analyse({ lifecycle: lifecycle(renewalIn(null)) });
  const reasons = data.reasons.join(' ');
  assert.match(reasons, /Memory holds no history of this account\./);
  assert.match(reasons, /No renewal date is on record; it counts as beyond 90 days\./);
  assert.deepEqual([data.previous, data.changed, data.cited], [null, 'first assessment', []]);
});

test('an intervention that worked is worth repeating: the reasons and the talking points say so', () => {
  const { data, alert } = analyse({ memories: [memory(200, { kind: 'intervention', resolved_by: 'intervention' })] });
  assert.match(data.reasons.join(' '), /An intervention worked 7 months ago: the play is worth repeating\./);
  assert.ok(alert?.talking_points.some((point) => point.startsWith('Recall what helped 7 months ago')));
});

test('declining usage with a renewal in under 60 days is called out; at 60 days only the cost of waiting is', () => {
  const said = (days: number) => analyse({ lifecycle: lifecycle(renewalIn(days)) }).data.reasons.join(' ');
  assert.match(said(59), /doing nothing is not an option/);
  assert.match(said(60), /Waiting costs more than usual: the renewal is in 60 days/);
});

test('respond by skips the weekend', () => {
  const facts = { get_account_metrics: metrics(), get_account_lifecycle: lifecycle() } as unknown as JsonObject;
  const by = (as_of: string) =>
    play(riskAnalysis(playbook), { facts, as_of }, { recall_memory: { memories: [] } }).report?.data.respond_by;
  assert.deepEqual(['2026-11-18', '2026-11-20', '2026-11-21', '2026-11-22'].map(by), [
    '2026-11-23',
    '2026-11-25',
    '2026-11-25',
    '2026-11-25',
  ]);
});

test('when the briefing fails, the assessment stands and the report says why the briefing is missing', () => {
  const refused = analyse({ answers: { delegate_to_csm_briefing: new Error('the model did not answer') } });
  assert.deepEqual(
    [refused.data.assessment, refused.data.briefing_missing],
    ['urgent_intervention', 'the model did not answer'],
  );
  assert.match(refused.report?.text ?? '', /There is no briefing: the model did not answer\./);
  const escalated = analyse({
    answers: { delegate_to_csm_briefing: agentReport('csm_briefing', { outcome: 'escalated' }) },
  });
  assert.equal(escalated.data.briefing_missing, 'the briefing agent ended as escalated');
});

test('an alert that could not be sent is said in the report, and an assessment that is not stored is not reported', () => {
  const { data } = analyse({ answers: { emit_event: new Error('no stream') } });
  assert.match(data.reasons.join(' '), /The alert could not be sent: no stream\./);
  assert.throws(
    () => analyse({ answers: { store_memory: new Error('no space') } }),
    /nothing is reported without it: no space/,
  );
});

test('the stored text cites what the decision rests on, by date', () => {
  assert.match(analyse({ memories: ACME_HISTORY }).stored.text, /Memory: 2026-08-17, 2025-09-16\.$/);
  assert.doesNotMatch(analyse({}).stored.text, /Memory: /);
});

test('a failed recall is tried once more, and without memory there is no assessment', () => {
  const facts = { get_account_metrics: metrics(), get_account_lifecycle: lifecycle() } as unknown as JsonObject;
  const answers = { recall_memory: new Error('redis is loading') };
  assert.throws(
    () => play(riskAnalysis(playbook), { facts }, answers),
    /no assessment is made without it: redis is loading/,
  );
});

test('without the account’s facts there is no assessment', () => {
  assert.throws(
    () => play(riskAnalysis(playbook), {}, { recall_memory: { memories: [] } }),
    /needs the metrics and the lifecycle/,
  );
});

test('no text for people holds the account id, even when a memory does', () => {
  const memories = [memory(40, { kind: 'quirk', text: 'acme-corp answers #cs-dana only in the morning.' })];
  const { report, stored, alert, context } = analyse({ memories });
  const { account_id: _, ...shown } = alert ?? {};
  assert.doesNotMatch(JSON.stringify([report, stored, shown, context]), /acme-corp|#cs-dana/);
});

test('every verdict follows from the playbook, is stored, and an urgent one has at least two declining signals', () => {
  const histories = [[], ACME_HISTORY, [selfResolved(90)], [assessed(5, 'urgent_intervention')]];
  for (const usage of [-0.5, -0.2, 0, null]) {
    for (const tickets of [0, 2]) {
      for (const adoption of [-0.25, 0]) {
        for (const days of [null, 30, 60, 90, 91]) {
          for (const memories of histories) {
            const { data, alert, stored } = analyse({
              metrics: calm({
                weekly_active_users: measure(usage, 50, 100, '30 days'),
                escalated_tickets: measure(tickets, tickets, 0, '14 days'),
                feature_adoption: measure(adoption, 6, 8, '30 days'),
              }),
              lifecycle: lifecycle(renewalIn(days)),
              memories,
            });
            const { assessment, signals } = data;
            if (assessment === 'urgent_intervention') assert.ok(signals.length >= 2);
            if (assessment === 'stable') assert.equal(signals.length, 0);
            if (signals.length > 0 && (days ?? 999) <= 90)
              assert.equal(assessment, signals.length >= 2 ? 'urgent_intervention' : 'watch');
            assert.equal(alert?.severity ?? 'stable', assessment === 'urgent_intervention' ? 'urgent' : assessment);
            assert.equal(data.respond_by !== null, assessment === 'urgent_intervention');
            assert.equal(stored.assessment, assessment);
            assert.equal(data.cited.length > 0, memories.length > 0);
          }
        }
      }
    }
  }
});

test('a threshold that the team changes changes the verdict', () => {
  const facts = { get_account_metrics: usageOnly, get_account_lifecycle: lifecycle() } as unknown as JsonObject;
  const strict = { ...playbook, risk: { ...playbook.risk, urgent_signals: 1 } };
  const { report } = play(riskAnalysis(strict), { facts }, { recall_memory: { memories: [] } });
  assert.equal(report?.data.assessment, 'urgent_intervention');
});

test('a store that was refused once is made again, and nothing else with it', () => {
  const facts = { get_account_metrics: metrics(), get_account_lifecycle: lifecycle() } as unknown as JsonObject;
  const settled = (name: string, ok: boolean, result: unknown) => ({ name, input: {}, ok, result: result as never });
  const turn = riskAnalysis(playbook)({
    agent: 'risk_analysis',
    task: { instructions: '', payload: {}, subject: 'acme-corp', as_of: '2026-11-16', facts },
    tools: [],
    calls: [
      settled('recall_memory', true, { memories: [] }),
      settled('emit_event', true, { id: 'e' }),
      settled('store_memory', false, 'input.valid: text: is missing'),
      settled('delegate_to_csm_briefing', false, 'csm_briefing failed: overloaded'),
    ],
  });
  assert.deepEqual(
    turn.calls?.map(({ name }) => name),
    ['store_memory'],
  );
});

test.run();
