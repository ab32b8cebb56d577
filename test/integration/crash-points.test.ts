import assert from 'node:assert/strict';
import { crashPoints } from '../chaos/crash-points.ts';
import { withPlatforms } from '../support/platform.ts';
import { suite } from '../support/suite.ts';

const test = suite('crash points', { timeoutMs: 120_000 });
const platforms = withPlatforms(test);

test('a worker killed at points all along a stable, a watch and an urgent run leaves nothing lost and nothing twice', async () => {
  const targets = ['calder-logistics', 'dunmore-foods', 'acme-corp'];
  // Three ways to die at each append: every fourth point takes them in turn.
  const { points, problems } = await crashPoints(platforms, { targets, ackWaitMs: 500, every: 4 });
  assert.equal(problems.join('\n'), '');
  assert.ok(points > 30, `${points} points`);
});

test.run();
