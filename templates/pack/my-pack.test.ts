import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startTestPlatform, type TestPlatform } from 'agent-platform/testing';

/** NATS and Redis are real, empty, and gone afterwards. The model is the pack's player. */
let platform: TestPlatform;

before(async () => {
  platform = await startTestPlatform({ pack: import.meta.dirname });
});
after(async () => {
  await platform.stop();
});

test('an item that runs low is told once', async () => {
  const run = await platform.run({ agent: 'my_pack', instructions: 'Look.', payload: { item: 'pears' } });
  assert.equal(run.state, 'completed');
  const events = await platform.events('my_pack_low');
  assert.deepEqual(
    events.map(({ subject, data }) => [subject, data.count]),
    [['pears', 4]],
  );
});

test('the schedule asks a person about an item that nobody has counted', async () => {
  const { trees } = await platform.batch({ schedule: 'my_pack_check' });
  const states = [...trees].map(([item, { state }]) => [item, state]);
  assert.deepEqual(states, [
    ['apples', 'completed'],
    ['pears', 'completed'],
    ['plums', 'waiting_for_human'],
  ]);
});
