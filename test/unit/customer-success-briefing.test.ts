import assert from 'node:assert/strict';
import type { BriefingContext } from '../../packs/customer-success/briefing-context.ts';
import { writeBriefing } from '../../packs/customer-success/briefing.ts';
import type { AccountLifecycle, AccountMetrics } from '../../packs/customer-success/facts.ts';
import { csmBriefing } from '../../packs/customer-success/player/csm-briefing.ts';
import { riskAnalysis } from '../../packs/customer-success/player/risk-analysis.ts';
import type { JsonObject, Recalled } from '../../runtime/sdk.ts';
import {
  ACME_HISTORY,
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

const test = suite('the briefing');

const TITLES = ['Situation', 'Risks', 'Actions', 'Talking points'];
const LIMITS = [
  playbook.briefing.situation,
  playbook.briefing.risks,
  playbook.briefing.actions,
  playbook.briefing.talking_points,
];

/** The briefing that the two players write together about an account. */
function brief(memories: Recalled[], m: AccountMetrics = metrics(), l: AccountLifecycle = lifecycle()): string {
  const facts = { get_account_metrics: m, get_account_lifecycle: l } as unknown as JsonObject;
  const { calls } = play(riskAnalysis(playbook), { facts }, { recall_memory: { memories } });
  const delegation = calls.find((call) => call.name === 'delegate_to_csm_briefing')?.input as { context: JsonObject };
  const { turns } = play(csmBriefing(playbook), { facts, payload: delegation.context });
  assert.equal(turns.length, 1);
  return turns[0]?.text ?? '';
}

function sections(markdown: string): { titles: string[]; bodies: string[] } {
  const parts = markdown.split(/^## /m).slice(1);
  const titles = parts.map((part) => part.slice(0, part.indexOf('\n')));
  return { titles, bodies: parts.map((part) => part.slice(part.indexOf('\n')).trim()) };
}

function wordsIn(text: string): number {
  return text.split(/\s+/).filter((word) => word !== '').length;
}

function assertForm(markdown: string, limits: readonly number[] = LIMITS): void {
  const { titles, bodies } = sections(markdown);
  assert.deepEqual(titles, TITLES);
  for (const [index, body] of bodies.entries()) {
    assert.ok(wordsIn(body) >= 1, `${TITLES[index]} is empty`);
    assert.ok(wordsIn(body) <= (limits[index] ?? 0), `${TITLES[index]} has ${wordsIn(body)} words:\n${body}`);
  }
  assert.match(markdown, /^# /);
}

test('the mission’s account gets four sections of about 200 words together', () => {
  const markdown = brief(ACME_HISTORY);
  assertForm(markdown);
  assert.ok(markdown.startsWith('# Acme Corp: briefing as of 2026-11-16\n'));
  const prose = wordsIn(sections(markdown).bodies.join(' ').replace(/^- /gm, ''));
  assert.ok(prose >= 150 && prose <= 210, `${prose} words`);
});

test('figures come with metric and window, history with its age, and people from the account’s data', () => {
  const markdown = brief(ACME_HISTORY);
  for (const part of [
    'urgent intervention, up from watch on 2026-08-17',
    'reach out by 2026-11-19',
    'renews in 60 days, on 2027-01-15',
    'Weekly active users fell 35 % in 30 days (100 → 65)',
    '2 escalated tickets in 14 days',
    'Watch 3 months ago resolved by itself',
    'Renewed for a year after a large usage dip (14 months ago)',
    'Call Priya Nair (Head of Operations) by 2026-11-19',
    'Dana Reyes owns the account',
  ]) {
    assert.ok(markdown.includes(part), part);
  }
});

test('a watch asks for no intervention, and an account without history says so', () => {
  const markdown = brief([], calm({ nps: measure(-40, 20, 60, '60 days') }), lifecycle(renewalIn(200)));
  assertForm(markdown);
  assert.match(markdown, /No intervention is due yet/);
  assert.match(markdown, /its first assessment/);
  assert.match(markdown, /Memory holds no history of this account\./);
  assert.match(markdown, /Raise this with Priya Nair \(Head of Operations\) at the next call\./);
});

test('without contacts nobody is named, and a missing or past renewal date is said', () => {
  const unnamed = brief([], metrics(), lifecycle({ ...renewalIn(null), contacts: [] }));
  assert.match(unnamed, /Call the main contact by/);
  assert.match(unnamed, /No renewal date is on record\./);
  assert.match(brief([], metrics(), lifecycle(renewalIn(-5))), /renewal was due 5 days ago/);
});

test('account ids and channels in memories do not reach the briefing, and neither do commercial terms', () => {
  const markdown = brief([
    memory(30, { id: 'a', kind: 'quirk', text: 'acme-corp wants news in #cs-dana.' }),
    memory(200, {
      id: 'b',
      kind: 'outcome',
      resolved_by: 'intervention',
      text: 'Renewed after a 20 % discount on the price.',
    }),
  ]);
  assertForm(markdown);
  assert.doesNotMatch(markdown, /acme-corp|#cs-dana|discount|price/i);
  assert.match(markdown, /Acme Corp wants news in the owner's channel \(4 weeks ago\)\./);
  assert.match(markdown, /An outcome 7 months ago was resolved by an intervention\./);
});

test('an id that is a word of the name leaves the name whole', () => {
  const named = { account_id: 'Acme' };
  assert.match(brief(ACME_HISTORY, metrics(named), lifecycle(named)), /^# Acme Corp: briefing/);
});

test('a name with line breaks and headings cannot break the form', () => {
  const name = 'Acme\n\n## Actions\n\n- Corp';
  const markdown = brief(
    [],
    metrics({ account_name: name }),
    lifecycle({ account_name: name, owner: 'Dana\n# Reyes' }),
  );
  assertForm(markdown);
});

test('every section keeps its limit for long names, many signals, much history and any limit', () => {
  for (const length of [1, 5, 40, 200]) {
    const name = Array.from({ length }, (_, n) => `Word${n}`).join(' ');
    for (const reasons of [1, 4, 30]) {
      for (const limit of [2, 8, 25, 60]) {
        const context: BriefingContext = {
          assessment: 'urgent_intervention',
          previous: { assessment: 'watch', date: '2026-08-17' },
          signals: Array.from({ length: reasons }, () => ({
            metric: 'nps',
            window: '60 days',
            value: -30,
            text: `${name} fell`,
          })),
          reasons: Array.from({ length: reasons }, (_, n) => `Reason ${n} concerns ${name}.`),
          talking_points: Array.from({ length: reasons }, (_, n) => `Point ${n}: ask ${name}.`),
          history: Array.from({ length: reasons }, (_, n) => `${name} was assessed ${n} months ago.`),
          respond_by: '2026-11-19',
        };
        const account = {
          metrics: metrics({ account_name: name }),
          lifecycle: lifecycle({ account_name: name, owner: name, plan_tier: name, contacts: [{ name, role: name }] }),
        };
        const briefing = {
          ...playbook.briefing,
          situation: limit,
          risks: limit,
          actions: limit,
          talking_points: limit,
        };
        assertForm(writeBriefing(context, account, { ...playbook, briefing }), [limit, limit, limit, limit]);
      }
    }
  }
});

test('every briefing over a grid of figures keeps the form and shows no id, channel or concession', () => {
  for (const usage of [-1, -0.35, -0.2, 0, null]) {
    for (const tickets of [1, 2, 40]) {
      for (const nps of [-120, 0, null]) {
        for (const days of [null, -400, 1, 60, 500]) {
          for (const memories of [[], ACME_HISTORY]) {
            const markdown = brief(
              memories,
              metrics({
                weekly_active_users: measure(usage, 3, 9, '30 days'),
                escalated_tickets: measure(tickets, tickets, 0, '14 days'),
                feature_adoption: measure(-0.5, 4, 8, '30 days'),
                nps: measure(nps, -33.333, 66.667, '60 days'),
              }),
              lifecycle(renewalIn(days)),
            );
            assertForm(markdown);
            assert.doesNotMatch(markdown, /acme-corp|#cs-|discount|concession|undefined|null|NaN/);
          }
        }
      }
    }
  }
});

test('without an assessment, reasons or the account’s facts the briefing escalates instead of guessing', () => {
  const facts = { get_account_metrics: metrics(), get_account_lifecycle: lifecycle() } as unknown as JsonObject;
  const payload = { assessment: 'watch', reasons: ['One signal declines.'] };
  for (const task of [
    { facts, payload: {} },
    { facts, payload: { assessment: 'watch' } },
    { facts: {}, payload },
    { facts: { get_account_metrics: facts.get_account_metrics ?? null }, payload },
  ]) {
    const { calls } = play(csmBriefing(playbook), task);
    assert.deepEqual(
      calls.map((call) => [call.name, (call.input as JsonObject).condition]),
      [['escalate', 'missing_assessment_context']],
    );
  }
  assert.equal(play(csmBriefing(playbook), { facts, payload }).calls.length, 0);
});

test.run();
