import assert from 'node:assert/strict';
import { readBatch } from '../../bridge/batch-journal.ts';
import { startRun } from '../../bridge/door.ts';
import { PlatformError } from '../../config/errors.ts';
import type { ModelProvider } from '../../runtime/model/provider.ts';
import { ARCHIVE, LOOK, tries, treeOf, until } from '../support/archive.ts';
import { LIBRARY } from '../support/http.ts';
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

test('a key that is refused to a sub-agent alone ends the batch as well', async () => {
  const denies = (rehearsal: ModelProvider): ModelProvider => ({
    ...rehearsal,
    reply: async (request, signal) => {
      if (request.agent === 'finder') throw new PlatformError('model.denied', '403: not for this tier');
      return rehearsal.reply(request, signal);
    },
  });
  const open = await platforms({ ...LIBRARY, model: denies });
  const { address } = await open.batch({ schedule: 'weekly_stocktaking', batch: 'denied', only: ['persuasion'] });
  const batch = await readBatch(open.platform.runtime.journal, address);
  assert.deepEqual([batch?.state, batch?.context.error?.code], ['failed', 'model.denied']);
});

test.run();
