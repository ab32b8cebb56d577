import assert from 'node:assert/strict';
import { cancelRun } from '../../bridge/commands/cancel.ts';
import { decideTask } from '../../bridge/commands/decide.ts';
import { startBatch } from '../../bridge/commands/start-batch.ts';
import { startRun } from '../../bridge/commands/start-run.ts';
import { listRuns } from '../../bridge/views/find-runs.ts';
import { listTasks, showTask } from '../../bridge/views/human.ts';
import type { Platform } from '../../bridge/platform/platform.ts';
import { flattenTree, readRun } from '../../bridge/journals/runs.ts';
import { settleBatch } from '../../bridge/follow/settle.ts';
import { gatedModel, LIBRARY, STOCK } from '../support/http.ts';
import { APPROVE, asked, refusal, request } from '../support/people.ts';
import { withPlatforms } from '../support/platform.ts';
import { suite } from '../support/suite.ts';

const test = suite('cancel', { timeoutMs: 60_000 });
const platforms = withPlatforms(test);
const WHY = { by: 'ada', reason: 'asked by mistake' };
const at = (run: string) => ({ tenant: 'town', run, path: '0' });
const { signal } = new AbortController();

async function statesOf({ runtime }: Platform, run: string): Promise<string[]> {
  const tree = await readRun(runtime.journal, at(run));
  return tree ? flattenTree(tree).map(({ address, state }) => `${address.path} ${state}`) : [];
}

test('a run that waits for a person is cancelled, its question is closed, and cancelling again changes nothing', async () => {
  const opened = await platforms(LIBRARY);
  const { platform } = opened;
  const { task } = await asked(opened, 'waiting');
  const done = await cancelRun(platform, at('waiting'), WHY);
  assert.deepEqual(done, { run: 'waiting', tenant: 'town', state: 'cancelled', ...WHY, ending: [] });
  const tree = await readRun(platform.runtime.journal, at('waiting'));
  assert.deepEqual([tree?.state, tree?.context.error?.code], ['cancelled', 'run.cancelled']);

  const shown = await showTask(platform, task.task);
  assert.deepEqual([shown.state, shown.answers], ['closed', []]);
  assert.ok(!(await listTasks(platform, { limit: 100 })).some((each) => each.task === task.task));
  const [code, message] = await refusal(decideTask(platform, task.task, APPROVE));
  assert.equal(code, 'run.ended');
  assert.match(message, /cancelled by ada: asked by mistake/);

  const again = await cancelRun(platform, at('waiting'), { by: 'bob', reason: 'me too' });
  assert.deepEqual(again, done, 'who was first is told');
  assert.equal((await platform.runtime.journal.read(at('waiting'))).length, tree?.entries.length);
  const listed = await listRuns(platform, { limit: 10, state: 'cancelled' });
  assert.deepEqual(
    listed.map(({ run }) => run),
    ['waiting'],
  );
});

test('a run in the middle of its work is cancelled with all that it delegated', async () => {
  const gate = gatedModel();
  const opened = await platforms({
    ...LIBRARY,
    // Only the delegate's model is held.
    model: (inner) => {
      const gated = gate.model(inner);
      return {
        name: inner.name,
        reply: (asking, stop) => (asking.agent === 'finder' ? gated : inner).reply(asking, stop),
      };
    },
  });
  const { address } = await startRun(opened.platform, request('tree', { book: 'persuasion' }));
  await gate.asked;
  const done = await cancelRun(opened.platform, address, WHY);
  assert.deepEqual([done.state, done.ending], ['cancelled', []]);
  assert.deepEqual(await statesOf(opened.platform, 'tree'), ['0 cancelled', '0-1 cancelled']);
  gate.open();
  await opened.worker.settled();
  assert.deepEqual(await statesOf(opened.platform, 'tree'), ['0 cancelled', '0-1 cancelled']);
});

test('a run that nobody has taken up is cancelled when somebody serves; until then it says what is still ending', async () => {
  const asking = await platforms({ ...LIBRARY, works: false });
  await startRun(asking.platform, { ...STOCK, run: 'untaken' });
  const waiting = await cancelRun(asking.platform, at('untaken'), WHY, { waitMs: 200 });
  assert.deepEqual([waiting.state, waiting.by], ['cancelling', null]);
  assert.deepEqual(waiting.ending, ['untaken 0 admitting']);
  const serving = await platforms(LIBRARY);
  const done = await cancelRun(serving.platform, at('untaken'), WHY);
  assert.equal(done.state, 'cancelled');
});

test('what has ended cannot be cancelled, and what never was is unknown', async () => {
  const { platform, run } = await platforms(LIBRARY);
  await run({ ...STOCK, run: 'over' });
  const [code, message] = await refusal(cancelRun(platform, at('over'), WHY));
  assert.deepEqual([code, /is completed/.test(message)], ['run.ended', true]);
  for (const nothing of [at('nothing'), { ...at('over'), tenant: 'village' }]) {
    assert.equal((await refusal(cancelRun(platform, nothing, WHY)))[0], 'run.unknown');
  }
});

test('a batch is cancelled with those of its runs that have not ended', async () => {
  const { platform, worker } = await platforms(LIBRARY);
  const { address, targets } = await startBatch(platform, { schedule: 'weekly_stocktaking', batch: 'batch' });
  await settleBatch(
    platform,
    address,
    targets.map((target) => `batch-${target}`),
    { signal },
  );
  const done = await cancelRun(platform, address, WHY);
  assert.deepEqual([done.state, done.by, done.reason, done.ending], ['cancelled', 'ada', WHY.reason, []]);
  await worker.settled();
  const states = await Promise.all(targets.map((target) => statesOf(platform, `batch-${target}`)));
  assert.deepEqual(
    states.map(([root]) => root),
    ['0 completed', '0 completed', '0 completed', '0 cancelled'],
  );
  assert.deepEqual(await cancelRun(platform, address, WHY), done);
});

test('a batch whose runs have not begun is cancelled: none of them ever begins', async () => {
  const asking = await platforms({ ...LIBRARY, works: false });
  const { address, targets } = await startBatch(asking.platform, { schedule: 'weekly_stocktaking', batch: 'early' });
  await cancelRun(asking.platform, address, WHY, { waitMs: 100 });
  const serving = await platforms(LIBRARY);
  const done = await cancelRun(serving.platform, address, WHY);
  assert.deepEqual([done.state, done.ending], ['cancelled', []]);
  await serving.worker.settled();
  for (const target of targets) {
    const states = await statesOf(serving.platform, `early-${target}`);
    assert.ok(states.length === 0 || states[0] === '0 cancelled', `${target}: ${states.join()}`);
  }
});

test.run();
