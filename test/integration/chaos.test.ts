import assert from 'node:assert/strict';
import { chaos } from '../chaos/chaos.ts';
import { explain } from '../chaos/oracle.ts';
import { suite } from '../support/suite.ts';

const test = suite('chaos', { timeoutMs: 180_000 });
const seed = 7;

test('whatever is killed, paused, restarted, cancelled, sent twice or out of order: nothing is lost, twice or stuck', async () => {
  const { judgement, faults } = await chaos({ seed, ms: 8_000, workers: 2, ackWaitMs: 500 });
  assert.equal(explain(judgement), '', `seed ${seed}`);
  assert.ok(judgement.runs > 20, `${judgement.runs} runs`);
  assert.ok(Object.keys(faults).length >= 6, `faults ${JSON.stringify(faults)}`);
});

test.run();
