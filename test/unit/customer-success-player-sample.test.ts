import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { conditions } from '../../packs/customer-success/conditions.ts';
import { type CustomerData, openData } from '../../packs/customer-success/data/open.ts';
import { accountHealthMain } from '../../packs/customer-success/player/account-health-main.ts';
import { riskAnalysis } from '../../packs/customer-success/player/risk-analysis.ts';
import type { JsonObject, Recalled } from '../../runtime/sdk.ts';
import { agentReport, play, playbook } from '../support/accounts.ts';
import { suite } from '../support/suite.ts';

const test = suite('the players on the sample accounts');

let data: CustomerData;
test.before(async () => {
  data = await openData(fileURLToPath(new URL('../../packs/customer-success/sample', import.meta.url)), playbook);
});
test.after(() => data.close());

/** What the agents conclude about an account, and the conditions that would hold it for a person. */
async function check(id: string): Promise<{ verdict: string; held: string[] }> {
  const as_of = data.asOf;
  const facts = {
    get_account_metrics: await data.metrics(id, as_of),
    get_account_lifecycle: await data.lifecycle(id, as_of),
  } as unknown as JsonObject;
  const seeds = (await data.memories()).filter((seed) => seed.subject === id && seed.date < as_of);
  const memories: Recalled[] = seeds.map((seed, n) => ({
    ...seed,
    id: `m${n}`,
    age_days: (Date.parse(as_of) - Date.parse(seed.date)) / 86_400_000,
    score: 0.5,
  }));
  const recall_memory = { memories } as unknown as JsonObject;
  const held = Object.entries(conditions(playbook)).flatMap(([name, decide]) => {
    const view = { agent: 'a', subject: id, as_of, facts: { ...facts, recall_memory: { memories } }, calls: {} };
    return decide({ ...view, input: { assessment: 'watch', reasons: ['r'] } }) === null ? [] : [name];
  });
  const answers = { ...facts, recall_memory, delegate_to_risk_analysis: agentReport('risk_analysis') };
  const main = play(accountHealthMain(playbook), { subject: id, as_of }, answers);
  if (main.report?.data.status !== 'analysed')
    return { verdict: String(main.report?.data.status ?? 'escalated'), held };
  const risk = play(riskAnalysis(playbook), { subject: id, as_of, facts }, answers);
  return { verdict: String(risk.report?.data.assessment), held };
}

const EXPECTED: Record<string, { verdict: string; held: string[] }> = {
  'acme-corp': { verdict: 'urgent_intervention', held: [] },
  'brightwell-analytics': { verdict: 'healthy', held: [] },
  'calder-logistics': { verdict: 'stable', held: [] },
  'dunmore-foods': { verdict: 'watch', held: [] },
  'evergreen-health': { verdict: 'watch', held: ['enterprise_account'] },
  'fable-studios': { verdict: 'healthy', held: [] },
  'harbor-insurance': { verdict: 'escalated', held: ['account_data_unavailable'] },
  'ironwood-manufacturing': { verdict: 'watch', held: ['signals_contradict'] },
  'juniper-education': { verdict: 'urgent_intervention', held: ['contradictory_history'] },
  'kestrel-media': { verdict: 'watch', held: [] },
  'lumen-retail': { verdict: 'urgent_intervention', held: [] },
};

test('every active sample account gets its verdict, and those that need a person are held', async () => {
  const found: typeof EXPECTED = {};
  for (const { id } of await data.targets('active_accounts', data.asOf)) found[id] = await check(id);
  assert.deepEqual(found, EXPECTED);
});

test('two accounts with equal signals get different verdicts because of what memory holds', async () => {
  const figures = async (id: string) => {
    const { weekly_active_users, escalated_tickets } = await data.metrics(id, data.asOf);
    return [weekly_active_users, escalated_tickets];
  };
  assert.deepEqual(await figures('kestrel-media'), await figures('lumen-retail'));
  assert.notEqual((await check('kestrel-media')).verdict, (await check('lumen-retail')).verdict);
});

test.run();
