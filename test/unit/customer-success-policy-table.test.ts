import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CASES } from '../support/customer-breach-cases.ts';
import { customerPack } from '../support/customer-policy.ts';
import { CUSTOMER_SUCCESS } from '../support/platform.ts';
import { suite } from '../support/suite.ts';

const test = suite('the table of sentences and rules');

test('each enforce rule of each agent has a case that breaks it', async () => {
  const { agents } = await customerPack();
  const rules = [...agents].flatMap(([agent, { resolved }]) =>
    (resolved.definition.autonomy.enforce ?? []).map(({ id }) => `${agent} ${id}`),
  );
  assert.deepEqual([...new Set(CASES.map(({ agent, rule }) => `${agent} ${rule}`))].sort(), rules.sort());
});

test('the README names each rule and each condition, and every check is some rule’s', async () => {
  const { agents, code } = await customerPack();
  const readme = readFileSync(join(CUSTOMER_SUCCESS, 'README.md'), 'utf8');
  const autonomies = [...agents.values()].map(({ resolved }) => resolved.definition.autonomy);
  const rules = autonomies.flatMap(({ enforce = [] }) => enforce);
  const conditions = autonomies.flatMap(({ escalation_rules }) => escalation_rules.map(({ condition }) => condition));
  for (const name of [...rules.map(({ id }) => id), ...conditions])
    assert.match(readme, new RegExp(`\\| .*\`${name}\``), name);
  const decided = rules.filter((rule) => rule.require === undefined).map(({ id }) => id);
  assert.deepEqual(Object.keys(code.checks ?? {}).sort(), [...new Set(decided)].sort());
  assert.deepEqual(Object.keys(code.conditions).sort(), conditions.sort());
});

test.run();
