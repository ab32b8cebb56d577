import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startTestPlatform, type TestPlatform } from '../../bridge/testing/index.ts';
import { flattenTree, type RunTree } from '../../bridge/journals/runs.ts';
import { openTask } from '../../runtime/context/invocation.ts';
import { rawFolder, SAMPLE_FOLDER } from '../support/customer-data.ts';
import { type Breach, breachingModel, type Case, spoilt } from '../support/customer-breaches.ts';
import { CASES } from '../support/customer-breach-cases.ts';
import { CUSTOMER_SUCCESS } from '../support/platform.ts';
import { suite } from '../support/suite.ts';

const test = suite('a model that breaks the rules of customer success', { timeoutMs: 120_000 });

let platform: TestPlatform;
let breach: Breach | null = null;
/** The sample, except that Acme's renewal is in 55 days: under the playbook's 60. */
test.before(async () => {
  const data = rawFolder({});
  cpSync(SAMPLE_FOLDER, data, { recursive: true });
  const accounts = join(data, 'accounts.csv');
  writeFileSync(accounts, readFileSync(accounts, 'utf8').replace('2027-01-15,Maya', '2027-01-10,Maya'));
  platform = await startTestPlatform({ pack: CUSTOMER_SUCCESS, data, model: breachingModel(() => breach) });
});
test.after(() => platform.stop());

async function check(each: Case, times: number): Promise<{ tree: RunTree; node: RunTree }> {
  const { agent, spoil, account = 'acme-corp' } = each;
  breach = { agent, times, spoil };
  const tree = await platform.run({
    agent: 'account_health_main',
    instructions: 'Check.',
    payload: { account_id: account },
  });
  const node = flattenTree(tree).find((one) => one.agent === agent);
  assert.ok(node, `${agent} was not started: ${JSON.stringify(tree.context.error)}`);
  return { tree, node };
}

/** Verdicts of that rule that refused something. */
function refused(node: RunTree, rule: string) {
  return node.entries
    .flatMap(({ events }) => events)
    .flatMap((event) =>
      event.type === 'model.replied' ? [...event.verdicts, ...event.calls.flatMap(({ verdicts }) => verdicts)] : [],
    )
    .filter((verdict) => verdict.rule === `enforce.${rule}` && !verdict.ok);
}

function succeeded(node: RunTree): string[] {
  return node.context.turns.flatMap(({ calls }) =>
    calls.filter(({ status }) => status === 'ok').map(({ name }) => name),
  );
}

for (const each of CASES) {
  const { sentence, agent, rule, held } = each;
  test(`${sentence} (${agent}): broken once, it is refused in words, corrected, and the run goes on`, async () => {
    const { tree, node } = await check(each, 1);
    const found = refused(node, rule);
    assert.ok(found.length > 0, `nothing was refused by ${rule}`);
    assert.ok(found.every(({ reason }) => reason.length > 20));
    assert.equal(tree.state, 'completed');
    assert.equal(node.state, 'completed');
    assert.deepEqual(node.context.tasks, []);
  });

  test(`${sentence} (${agent}): broken three times, a person is asked, and nothing of it took effect`, async () => {
    const { tree, node } = await check(each, 3);
    assert.equal(node.state, 'waiting_for_human');
    const task = openTask(node.context);
    assert.equal(task?.kind, 'breach');
    assert.ok(task?.rules.includes(`enforce.${rule}`), task?.rules.join());
    assert.equal(
      node.children.some(({ state }) => state === 'completed') && held.includes('delegate_to_csm_briefing'),
      false,
    );
    for (const name of held) assert.ok(!succeeded(node).includes(name), `${name} took effect`);
    if (agent === 'csm_briefing') {
      const told = await platform.events('csm_briefings');
      assert.ok(!told.some(({ data }) => (data as { run?: string }).run === tree.address.run));
    }
  });
}

test('without its assessment the briefing goes back to its parent, which reports why there is none', async () => {
  const spoil = spoilt('delegate_to_csm_briefing', ({ context }) => void (context.reasons = []));
  breach = { agent: 'risk_analysis', times: 1, spoil };
  const tree = await platform.run({
    agent: 'account_health_main',
    instructions: 'Check.',
    payload: { account_id: 'acme-corp' },
  });
  const [, risk, briefing] = flattenTree(tree);
  assert.equal(briefing?.state, 'escalated');
  assert.deepEqual(briefing?.context.escalation?.rule, 'missing_assessment_context');
  assert.match(JSON.stringify(risk?.context.report?.data), /"briefing_missing":"\w/);
  assert.equal(tree.state, 'completed');
});

test.run();
