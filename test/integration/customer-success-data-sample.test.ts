import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pino from 'pino';
import { type CustomerData, openData } from '../../packs/customer-success/data/open.ts';
import type { AccountLifecycle, AccountMetrics } from '../../packs/customer-success/facts.ts';
import { sampleFiles } from '../../packs/customer-success/sample/generate.ts';
import { judgeSignals } from '../../packs/customer-success/signals.ts';
import { getAccountLifecycle } from '../../packs/customer-success/tools/get_account_lifecycle.ts';
import { getAccountMetrics } from '../../packs/customer-success/tools/get_account_metrics.ts';
import { defaultPlaybook, SAMPLE_FOLDER } from '../support/customer-data.ts';
import { suite } from '../support/suite.ts';

const test = suite('customer data: the sample');
const playbook = defaultPlaybook();
let data: CustomerData;

test.before(async () => {
  data = await openData(SAMPLE_FOLDER, playbook);
});
test.after(() => data.close());

function context(accountId: string) {
  return {
    tenant: 'sample',
    run: 'r',
    path: '0',
    agent: 'account_health_main',
    subject: accountId,
    asOf: data.asOf,
    source: data,
    signal: new AbortController().signal,
    log: pino({ level: 'silent' }),
  };
}

async function metricsOf(accountId: string): Promise<AccountMetrics> {
  const result = await getAccountMetrics(playbook).run({ account_id: accountId }, context(accountId));
  return result as AccountMetrics;
}

async function lifecycleOf(accountId: string): Promise<AccountLifecycle> {
  return (await getAccountLifecycle().run({ account_id: accountId }, context(accountId))) as AccountLifecycle;
}

test('the committed files are what the script writes, byte for byte', () => {
  for (const [name, text] of Object.entries(sampleFiles())) {
    assert.equal(
      readFileSync(join(SAMPLE_FOLDER, name), 'utf8') === text,
      true,
      `${name} differs: run sample/generate.ts`,
    );
  }
});

test('Acme Corp has exactly the figures of the story', async () => {
  const metrics = await metricsOf('acme-corp');
  const lifecycle = await lifecycleOf('acme-corp');
  assert.equal(data.asOf, '2026-11-16');
  assert.deepEqual(metrics.weekly_active_users, { value: -0.35, now: 26, before: 40, window: '30 days', reason: null });
  assert.equal(metrics.escalated_tickets.value, 2);
  assert.equal(lifecycle.renewal_days, 60);
  assert.equal(lifecycle.renewal_date, '2027-01-15');
  assert.deepEqual(lifecycle.contacts[0], { name: 'Dana Whitfield', role: 'Director of Operations' });
  const memories = (await data.memories()).filter(({ subject }) => subject === 'acme-corp');
  assert.deepEqual(
    memories.map(({ date, kind, assessment, resolved_by }) => [date, kind, assessment, resolved_by]),
    [
      ['2025-09-15', 'outcome', undefined, 'intervention'],
      ['2026-08-17', 'assessment', 'watch', 'self'],
    ],
  );
});

/** Weekly active users, escalated tickets, NPS, adoption: − declining, + improving, = flat, ? no data. */
const DIRECTIONS: Record<string, string> = {
  'acme-corp': '--==',
  'brightwell-analytics': '+=++',
  'calder-logistics': '====',
  'dunmore-foods': '===-',
  'evergreen-health': '==-=',
  'fable-studios': '????',
  'harbor-insurance': '?==?',
  'ironwood-manufacturing': '+-==',
  'juniper-education': '==--',
  'kestrel-media': '--==',
  'lumen-retail': '--==',
};
const MARKS = { declining: '-', improving: '+', flat: '=', no_data: '?' };

test('every target’s signals point where its story says', async () => {
  const targets = await data.targets('active_accounts', data.asOf);
  assert.deepEqual(
    targets.map(({ id }) => id),
    Object.keys(DIRECTIONS),
  );
  for (const { id } of targets) {
    const signals = judgeSignals(await metricsOf(id), playbook);
    assert.equal(signals.map(({ direction }) => MARKS[direction]).join(''), DIRECTIONS[id], id);
  }
});

test('renewals, tiers and stages are those of the stories', async () => {
  const facts = await Promise.all(data.subjects.map(({ account_id }) => lifecycleOf(account_id)));
  assert.deepEqual(
    facts.map(({ account_id, renewal_days, stage }) => [account_id, renewal_days, stage]),
    [
      ['acme-corp', 60, 'active'],
      ['brightwell-analytics', 258, 'active'],
      ['calder-logistics', 76, 'active'],
      ['dunmore-foods', 185, 'active'],
      ['evergreen-health', 135, 'active'],
      ['fable-studios', 353, 'onboarding'],
      ['granite-hotels', null, 'churned'],
      ['harbor-insurance', 226, 'active'],
      ['ironwood-manufacturing', 165, 'active'],
      ['juniper-education', 136, 'active'],
      ['kestrel-media', 207, 'active'],
      ['lumen-retail', 228, 'active'],
    ],
  );
  assert.deepEqual(
    facts
      .filter(({ plan_tier }) => playbook.enterprise.plan_tiers.includes(plan_tier))
      .map(({ account_id }) => account_id),
    ['evergreen-health'],
  );
});

test('a brand-new account has no windows and says why; an account without rows says so', async () => {
  const fable = await metricsOf('fable-studios');
  for (const measure of [fable.weekly_active_users, fable.feature_adoption, fable.escalated_tickets, fable.nps]) {
    assert.equal(measure.value, null);
    assert.equal(measure.reason, 'account is 12 days old');
  }
  assert.equal((await metricsOf('harbor-insurance')).usage_rows, 0);
});

test('as of a day after the data ends, or soon after it begins, no account declines for want of data', async () => {
  for (const day of ['2026-11-20', '2026-11-30', '2026-08-01']) {
    for (const { id } of await data.targets('active_accounts', day)) {
      const usage = judgeSignals(await data.metrics(id, day), playbook).filter(
        ({ metric }) => metric !== 'escalated_tickets',
      );
      assert.deepEqual(
        usage.map(({ direction }) => direction),
        ['no_data', 'no_data', 'no_data'],
        `${id} ${day}`,
      );
    }
  }
});

test('Kestrel Media and Lumen Retail differ in their memories only', async () => {
  const kestrel = judgeSignals(await metricsOf('kestrel-media'), playbook);
  assert.deepEqual(kestrel, judgeSignals(await metricsOf('lumen-retail'), playbook));
  const memories = await data.memories();
  const dips = (subject: string) =>
    memories.filter((memory) => memory.subject === subject && memory.resolved_by === 'self').map((m) => m.dip_percent);
  assert.deepEqual(dips('kestrel-media'), [38]);
  assert.deepEqual(dips('lumen-retail'), []);
});

test('the tools are about the account that they are asked for, and refuse other input', async () => {
  const tool = getAccountMetrics(playbook);
  assert.equal(tool.subject?.({ account_id: 'acme-corp' }), 'acme-corp');
  assert.equal(tool.input.safeParse({ account_id: '' }).success, false);
  assert.equal(tool.input.safeParse({ account_id: 'a', extra: 1 }).success, false);
  await assert.rejects(metricsOf('nobody'), { code: 'target.unknown' });
});

test.run();
