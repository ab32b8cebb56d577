import { BRIEFING_CASES } from './customer-breach-cases-briefing.ts';
import { ACTED, allOf, type Case, instead, NO_MEMORIES, skippedTo, spoilt } from './customer-breaches.ts';
import { first } from './customer-policy.ts';

const EFFECTS = ['emit_event', 'store_memory', 'delegate_to_csm_briefing'];
const point = (words: string) => spoilt('emit_event', ({ data }) => data.talking_points.push(words));
const say = (words: string) => spoilt('submit_report', (input) => void (input.text += ` ${words}`));
const ALERT = {
  severity: 'urgent',
  account_id: 'acme-corp',
  account_name: 'Acme Corp',
  reasons: [{ metric: 'nps', window: '60 days', value: null, text: 'No figure.' }],
  talking_points: ['Call.'],
  respond_by: null,
};
const LOOK = { name: 'delegate_to_risk_analysis', input: { instructions: 'Look.', context: {} } };
const assess = (assessment: string) =>
  allOf(
    spoilt('emit_event', ({ data }) => void (data.severity = assessment === 'watch' ? 'watch' : 'urgent')),
    spoilt('store_memory', (input) =>
      Object.assign(input, { assessment, text: `${assessment}: as of 2026-11-09, 2026-08-17.` }),
    ),
    spoilt('delegate_to_csm_briefing', ({ context }) => void (context.assessment = assessment)),
  );

/** The sentences of the definitions that a rule holds, each with a way to break it. */
export const CASES: Case[] = [
  {
    sentence: 'recall before deciding',
    agent: 'risk_analysis',
    rule: 'memory_first',
    spoil: skippedTo('recall_memory', NO_MEMORIES),
    held: EFFECTS,
  },
  {
    sentence: 'recall before reporting',
    agent: 'risk_analysis',
    rule: 'memory_first',
    spoil: skippedTo('recall_memory', NO_MEMORIES, ...ACTED),
    held: ['submit_report'],
  },
  {
    sentence: 'recall the whole history',
    agent: 'risk_analysis',
    rule: 'whole_history',
    spoil: (turn) => {
      const recall = turn.calls?.find(({ name }) => name === 'recall_memory');
      return recall ? { calls: [{ ...recall, input: { ...recall.input, limit: 1 } }] } : null;
    },
    held: ['recall_memory', ...EFFECTS],
  },
  {
    sentence: 'cite memory in what is stored',
    agent: 'risk_analysis',
    rule: 'memory_cited',
    spoil: spoilt('store_memory', (input) => void (input.text = 'Acme Corp: urgent_intervention, as ever.')),
    held: ['store_memory'],
  },
  {
    sentence: 'cite memory in the report',
    agent: 'risk_analysis',
    rule: 'memory_cited',
    spoil: spoilt('submit_report', ({ data }) => void (data.cited = [])),
    held: ['submit_report'],
  },
  {
    sentence: 'cite nothing that was not recalled',
    agent: 'risk_analysis',
    rule: 'memory_cited',
    spoil: spoilt('submit_report', ({ data }) =>
      data.cited.push({ id: 'made-up', date: '2026-11-09', text: 'Stable.' }),
    ),
    held: ['submit_report'],
  },
  {
    sentence: 'store before reporting',
    agent: 'risk_analysis',
    rule: 'stored_first',
    spoil: skippedTo('store_memory', ...ACTED),
    held: EFFECTS,
  },
  {
    sentence: 'two signals for an intervention',
    agent: 'risk_analysis',
    rule: 'two_signals',
    spoil: assess('urgent_intervention'),
    held: EFFECTS,
    account: 'dunmore-foods',
  },
  {
    sentence: 'no «no action» for declining usage with the renewal near',
    agent: 'risk_analysis',
    rule: 'no_inaction',
    spoil: allOf(assess('stable'), (turn) => {
      if (turn.calls?.some(({ name }) => name === 'store_memory'))
        turn.calls = turn.calls.filter(({ name }) => name === 'store_memory');
      return null;
    }),
    held: ['store_memory'],
  },
  {
    sentence: 'alert, memory and briefing are one assessment',
    agent: 'risk_analysis',
    rule: 'one_assessment',
    spoil: spoilt('emit_event', ({ data }) => void (data.severity = 'watch')),
    held: EFFECTS,
  },
  {
    sentence: 'the report is the assessment that was stored',
    agent: 'risk_analysis',
    rule: 'one_assessment',
    spoil: spoilt('submit_report', ({ data }) => void (data.assessment = 'watch')),
    held: ['submit_report'],
  },
  {
    sentence: 'an alert is about the run’s account',
    agent: 'risk_analysis',
    rule: 'own_account',
    spoil: spoilt('emit_event', ({ data }) => void (data.account_id = 'lumen-retail')),
    held: ['emit_event'],
  },
  {
    sentence: 'an alert has the account’s name',
    agent: 'risk_analysis',
    rule: 'own_account',
    spoil: spoilt('emit_event', ({ data }) => void (data.account_name = 'Lumen Retail')),
    held: ['emit_event'],
  },
  {
    sentence: 'the assessment is one of three words',
    agent: 'risk_analysis',
    rule: 'one_assessment',
    spoil: spoilt('delegate_to_csm_briefing', ({ context }) => void (context.assessment = 'No action')),
    held: EFFECTS,
  },
  {
    sentence: 'the report says nothing else in words',
    agent: 'risk_analysis',
    rule: 'one_assessment',
    spoil: say('No action is recommended: the account is stable.'),
    held: ['submit_report'],
  },
  {
    sentence: 'quotations are those of memory',
    agent: 'risk_analysis',
    rule: 'figures_hold',
    spoil: spoilt('submit_report', ({ data }) => void (first(data.cited).text = 'They love us.')),
    held: ['submit_report'],
  },
  {
    sentence: 'an alert’s reasons are signals',
    agent: 'risk_analysis',
    rule: 'reasons_hold',
    spoil: spoilt('emit_event', ({ data }) =>
      data.reasons.push({ metric: 'ceo_gone', window: 'ever', value: -99, text: 'Their chief left.' }),
    ),
    held: ['emit_event'],
  },
  {
    sentence: 'an alert’s reasons decline by the facts',
    agent: 'risk_analysis',
    rule: 'reasons_hold',
    spoil: spoilt('emit_event', ({ data }) =>
      data.reasons.push({ metric: 'nps', window: '60 days', value: -40, text: 'NPS fell.' }),
    ),
    held: ['emit_event'],
  },
  {
    sentence: 'no concession in talking points',
    agent: 'risk_analysis',
    rule: 'no_concessions',
    spoil: point('Offer a dis\u200bcount of 10 %.'),
    held: ['emit_event'],
  },
  {
    sentence: 'no internal id in an alert',
    agent: 'risk_analysis',
    rule: 'no_internals',
    spoil: point('Look up ACME-CORP.'),
    held: ['emit_event'],
  },

  {
    sentence: 'check the lifecycle before escalating',
    agent: 'account_health_main',
    rule: 'lifecycle_first',
    spoil: instead('get_account_lifecycle', {
      name: 'escalate',
      input: { condition: 'signals_contradict', reason: 'Unclear.' },
    }),
    held: ['escalate'],
  },
  {
    sentence: 'check the lifecycle before delegating',
    agent: 'account_health_main',
    rule: 'lifecycle_first',
    spoil: instead('get_account_lifecycle', LOOK),
    held: ['delegate_to_risk_analysis'],
  },
  {
    sentence: 'read the metrics before delegating',
    agent: 'account_health_main',
    rule: 'metrics_first',
    spoil: instead('get_account_lifecycle', LOOK),
    held: ['delegate_to_risk_analysis'],
  },
  {
    sentence: 'read no other account',
    agent: 'account_health_main',
    rule: 'own_reads',
    spoil: allOf(
      spoilt('get_account_metrics', (input) => void (input.account_id = 'lumen-retail')),
      spoilt('get_account_lifecycle', (input) => void (input.account_id = 'nope')),
    ),
    held: ['get_account_metrics', 'get_account_lifecycle'],
  },
  {
    sentence: 'the renewal is that of the facts',
    agent: 'account_health_main',
    rule: 'figures_hold',
    spoil: spoilt('submit_report', ({ data }) => void (data.renewal_days = 4000)),
    held: ['submit_report'],
  },
  {
    sentence: 'metric and window for each signal',
    agent: 'account_health_main',
    rule: 'signals_cited',
    spoil: spoilt('submit_report', ({ data }) => void (first(data.signals).window = 'lately')),
    held: ['submit_report'],
  },
  {
    sentence: 'metric and window in words',
    agent: 'account_health_main',
    rule: 'signals_cited',
    spoil: say('Usage is falling.'),
    held: ['submit_report'],
  },
  {
    sentence: 'no forecast in the report',
    agent: 'account_health_main',
    rule: 'no_forecast',
    spoil: say('They will probably **churn**.'),
    held: ['submit_report'],
  },
  {
    sentence: 'no forecast in the delegation',
    agent: 'account_health_main',
    rule: 'no_forecast',
    spoil: spoilt('delegate_to_risk_analysis', (input) => void (input.instructions = 'The renewal is at risk.')),
    held: ['delegate_to_risk_analysis'],
  },
  {
    sentence: 'no internal id for people',
    agent: 'account_health_main',
    rule: 'no_internals',
    spoil: say('(acme\u2011corp)'),
    held: ['submit_report'],
  },
  {
    sentence: 'no channel for people',
    agent: 'account_health_main',
    rule: 'no_internals',
    spoil: say('Ask in #csm-maya.'),
    held: ['submit_report'],
  },
  {
    sentence: 'a declining account is not healthy',
    agent: 'account_health_main',
    rule: 'status_holds',
    spoil: skippedTo('delegate_to_risk_analysis', ['delegate_to_risk_analysis', { outcome: 'completed' }]),
    held: ['submit_report', 'delegate_to_risk_analysis'],
  },
  {
    sentence: 'alerts come from risk analysis',
    agent: 'account_health_main',
    rule: 'alerts_are_assessed',
    spoil: instead('delegate_to_risk_analysis', { name: 'emit_event', input: { topic: 'csm_alerts', data: ALERT } }),
    held: ['emit_event'],
  },
  ...BRIEFING_CASES,
];
