import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { PlatformError } from '../../config/errors.ts';
import { startRun } from '../../bridge/commands/start-run.ts';
import { readRun, type RunTree } from '../../bridge/journals/runs.ts';
import { settleRun } from '../../bridge/follow/settle.ts';
import { watchJournals } from '../../bridge/follow/watch.ts';
import type { ModelProvider } from '../../runtime/model/provider.ts';
import { chain, type TestPlatform, withPlatforms } from '../support/platform.ts';
import { replacing } from '../support/replacing.ts';
import { suite } from '../support/suite.ts';

const test = suite('a model that cannot answer now', { timeoutMs: 60_000 });
const platforms = withPlatforms(test);
const replace = replacing(test);
const library = { packs: [resolve(import.meta.dirname, '../packs/library')] };
const emma = { agent: 'librarian', instructions: 'Take stock.', payload: { book: 'emma' } };

/** Overloaded when it is asked for the first time, as soon as `before` lets it say so. */
function overloadedOnce(before?: () => Promise<void>) {
  let asked = 0;
  return (rehearsal: ModelProvider): ModelProvider => ({
    ...rehearsal,
    reply: async (request, signal) => {
      if (asked++ > 0) return rehearsal.reply(request, signal);
      await before?.();
      throw new PlatformError('model.unavailable', 'overloaded');
    },
  });
}

async function treeOf({ platform }: TestPlatform, run: string): Promise<RunTree> {
  const tree = await readRun(platform.runtime.journal, { tenant: 'town', run, path: '0' });
  assert.ok(tree);
  return tree;
}

async function reaches({ platform }: TestPlatform, run: string, wanted: string): Promise<void> {
  const reached = new AbortController();
  await watchJournals(platform.nc, platform.runtime.journal, {
    tenant: 'town',
    runs: [run],
    signal: reached.signal,
    onEntry: (_, { state }) => {
      if (state === wanted) reached.abort();
    },
  });
}

test('is asked again by a timer of the server; meanwhile the run holds no actor and no slot', async () => {
  const open = await platforms({ ...library, model: overloadedOnce() });
  const tree = await open.run(emma);
  assert.equal(tree.state, 'completed');
  assert.deepEqual(chain(tree).slice(2, 4), ['0 backing_off: model.failed', '0 thinking: timer.fired']);
  const [failed, fired] = tree.entries.slice(2, 4).map(({ at }) => Date.parse(at));
  assert.ok((fired ?? 0) - (failed ?? 0) >= 900, 'a second at least before the second attempt');
});

test('the wait outlives the worker that began it: another one takes the timer', async () => {
  // The wait begins while the worker stops: it ends its step, and takes no mail any more.
  let stopped: Promise<void> | undefined;
  const stops = async (): Promise<void> => void (stopped = first.worker.stop());
  const first: TestPlatform = await platforms({ ...library, model: overloadedOnce(stops), graceMs: 30_000 });
  const { address } = await startRun(first.platform, emma);
  await reaches(first, address.run, 'backing_off');
  await stopped;
  const next = await platforms(library);
  await settleRun(next.platform, address, { signal: new AbortController().signal });
  const tree = await treeOf(next, address.run);
  assert.equal(tree.state, 'completed');
  const writerOf = (type: string) =>
    tree.entries.find(({ events }) => events.some((event) => event.type === type))?.writer;
  assert.equal(writerOf('model.failed'), first.platform.runtime.worker);
  assert.equal(writerOf('timer.fired'), next.platform.runtime.worker);
});

test('a timer that fires twice, and one that nobody waits for, change nothing', async () => {
  const open = await platforms(library);
  const tree = await open.run(emma);
  const before = tree.entries.length;
  const js = open.platform.nc.jetstream();
  const subject = `mail.town.librarian.${tree.address.run}.0`;
  await js.publish(subject, JSON.stringify({ type: 'timer.fired', name: 'retry-1-1' }));
  const info = () => open.platform.jsm.consumers.info('MAIL', 'mail-librarian');
  for (let now = await info(); now.num_pending + now.num_ack_pending > 0; now = await info());
  assert.equal((await treeOf(open, tree.address.run)).entries.length, before);
});

test('a tool that hangs is a tool error after its time', async () => {
  const open = await platforms(library);
  open.platform.runtime.toolTimeoutMs = 200;
  const [lookUp] = open.platform.runtime.catalog.packs[0]?.code.tools ?? [];
  assert.ok(lookUp);
  replace(lookUp, 'run', () => async () => new Promise(() => {}));
  const tree = await open.run({
    ...emma,
    payload: { book: 'emma', script: [[{ name: 'look_up', input: { book: 'emma' } }]] },
  });
  assert.match(tree.context.report?.text ?? '', /tool\.timed_out: look_up took longer than 200 ms/);
});

test.run();
