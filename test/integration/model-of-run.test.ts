import assert from 'node:assert/strict';
import { startRun } from '../../bridge/door.ts';
import type { ModelProvider } from '../../runtime/model/provider.ts';
import { ARCHIVE, LOOK, tries, treeOf, until } from '../support/archive.ts';
import { withPlatforms } from '../support/platform.ts';
import { suite } from '../support/suite.ts';

const test = suite('the model of a run', { timeoutMs: 60_000 });
const platforms = withPlatforms(test);

const CLAUDE: ModelProvider = {
  name: 'anthropic',
  reply: async () => {
    throw new Error('it is not asked here');
  },
};

test('is the one that it began with: a worker that was not told to ask that one asks no other in its place', async () => {
  const asker = await platforms({ ...ARCHIVE, model: CLAUDE, works: false });
  await startRun(asker.platform, tries('begun-on-claude', [LOOK]));
  const rehearsing = await platforms(ARCHIVE);
  await until(rehearsing, 'begun-on-claude', '0', 'backing_off');
  const { context } = await treeOf(rehearsing, 'begun-on-claude');
  assert.equal(context.error?.code, 'model.unavailable');
  assert.match(
    context.error?.message ?? '',
    /began with the model anthropic, .* not started with --model anthropic and its key/,
  );
  assert.equal(context.turns.length, 0);
});

test.run();
