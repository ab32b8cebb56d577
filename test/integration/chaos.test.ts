import assert from 'node:assert/strict';
import { chaos } from '../chaos/chaos.ts';
import { explain } from '../chaos/oracle.ts';
import { suite } from '../support/suite.ts';

const test = suite('chaos', { timeoutMs: 180_000 });
const seed = 7;
/** A stable, a watch and an urgent run, and one that waits for a person. */
const targets = ['calder-logistics', 'dunmore-foods', 'acme-corp', 'evergreen-health'];
const few = { seed, workers: 2, ackWaitMs: 500, targets, often: 2.5 };

test('whatever is killed, paused, restarted, cancelled, sent twice or out of order: nothing is lost, twice or stuck', async () => {
  const { judgement, faults } = await chaos({ ...few, ms: 8_000, batches: 6 });
  assert.equal(explain(judgement), '', `seed ${seed}`);
  assert.ok(judgement.runs > 20, `${judgement.runs} runs`);
  assert.ok(Object.keys(faults).length >= 6, `faults ${JSON.stringify(faults)}`);
});

test('of three NATS servers one at a time is killed, stopped or frozen: nothing is lost, twice or stuck', async () => {
  const options = { ...few, ms: 6_000, cluster: true };
  const { judgement, faults } = await chaos({ ...options, faults: ['restart nats', 'freeze nats', 'kill worker'] });
  assert.equal(explain(judgement), '', `seed ${seed}`);
  assert.ok(judgement.runs > 0, `${judgement.runs} runs`);
  assert.ok((faults['restart nats'] ?? 0) + (faults['freeze nats'] ?? 0) >= 1, `faults ${JSON.stringify(faults)}`);
});

test.run();
