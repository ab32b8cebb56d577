import assert from 'node:assert/strict';
import { crashPoints, JOURNEYS } from '../chaos/crash-points.ts';
import { withPlatforms } from '../support/platform.ts';
import { explain } from '../chaos/oracle.ts';
import { suite } from '../support/suite.ts';

const test = suite('crash points', { timeoutMs: 120_000 });
const platforms = withPlatforms(test);

test('a worker killed at points all along runs that end by themselves, by approval and by cancel leaves nothing lost and nothing twice', async () => {
  // Three ways to die at each append: every ninth point takes them in turn.
  const { points, problems, judgement } = await crashPoints(platforms, {
    journeys: JOURNEYS,
    ackWaitMs: 500,
    every: 9,
  });
  assert.equal(problems.join('\n'), '');
  assert.equal(explain(judgement, 20), '');
  assert.ok(points > 25, `${points} points`);
});

test.run();
