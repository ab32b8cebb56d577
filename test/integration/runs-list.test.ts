import assert from 'node:assert/strict';
import { listRuns } from '../../bridge/views/find-runs.ts';
import { withPlatforms } from '../support/platform.ts';
import { suite } from '../support/suite.ts';

const test = suite('runs are found by what they are about', { timeoutMs: 60_000 });
const platforms = withPlatforms(test);

test('by subject, agent or schedule, state and time, and no more than asked for', async () => {
  const { platform, batch, run } = await platforms();
  const { address } = await batch({ batch: 'b', only: ['acme-corp', 'lumen-retail'] });
  await run({ agent: 'risk_analysis', instructions: 'Look.', payload: { account_id: 'acme-corp' }, run: 'refused' });
  const list = async (filter: Parameters<typeof listRuns>[1] | object) =>
    (await listRuns(platform, { limit: 20, ...filter })).map((each) => each.run).sort();
  const acme = 'b-acme-corp';
  const lumen = 'b-lumen-retail';
  assert.deepEqual(await list({}), [address.run, acme, lumen, 'refused']);
  assert.deepEqual(await list({ subject: 'acme-corp' }), [acme, 'refused']);
  assert.deepEqual(await list({ subject: 'acme-corp', state: 'completed' }), [acme]);
  assert.deepEqual(await list({ agent: 'account_health_main' }), [acme, lumen]);
  assert.deepEqual(await list({ agent: 'weekly_health_check' }), [address.run]);
  assert.deepEqual(await list({ state: 'refused' }), ['refused']);
  assert.deepEqual(await list({ state: 'running' }), []);
  assert.deepEqual(await list({ subject: 'nobody' }), []);
  assert.deepEqual(await list({ since: new Date(Date.now() + 60_000) }), []);
  assert.equal((await list({ since: new Date(Date.now() - 60_000) })).length, 4);
  // The newest is refused: one that is completed is found behind it.
  assert.deepEqual((await list({ state: 'refused', limit: 1 })).length, 1);
  assert.equal((await list({ state: 'completed', agent: 'account_health_main', limit: 1 })).length, 1);
});

test.run();
