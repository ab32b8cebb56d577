import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { PlatformError } from '../../config/errors.ts';
import { startRun } from '../../bridge/door.ts';
import { readRun, type RunTree } from '../../bridge/runs.ts';
import { settleRun } from '../../bridge/settle.ts';
import { watchJournals } from '../../bridge/watch.ts';
import type { ModelProvider } from '../../runtime/model/provider.ts';
import { chain, type TestPlatform, withPlatforms } from '../support/platform.ts';
import { suite } from '../support/suite.ts';

const test = suite('a model that cannot answer now', { timeoutMs: 60_000 });
const platforms = withPlatforms(test);
const library = { packs: [resolve(import.meta.dirname, '../packs/library')] };
const emma = { agent: 'librarian', instructions: 'Take stock.', payload: { book: 'emma' } };

/** Overloaded for the first `times` questions; asks to wait that long. */
function overloaded(times: number, retryAfterMs?: number) {
  return (rehearsal: ModelProvider): ModelProvider => ({
    ...rehearsal,
    reply: async (request, signal) => {
      if (times-- <= 0) return rehearsal.reply(request, signal);
      const details = retryAfterMs === undefined ? {} : { retry_after_ms: retryAfterMs };
      throw new PlatformError('model.unavailable', 'overloaded', { details });
    },
  });
}

async function treeOf({ platform }: TestPlatform, run: string): Promise<RunTree> {
  const tree = await readRun(platform.runtime.journal, { tenant: 'town', run, path: '0' });
  assert.ok(tree);
  return tree;
}

test('is asked again by a timer of the server; meanwhile the run holds no actor and no slot', async () => {
  const open = await platforms({ ...library, model: overloaded(1) });
  const tree = await open.run(emma);
  assert.equal(tree.state, 'completed');
  assert.deepEqual(chain(tree).slice(2, 4), ['0 backing_off: model.failed', '0 thinking: timer.fired']);
  const [failed, fired] = tree.entries.slice(2, 4).map(({ at }) => Date.parse(at));
  assert.ok((fired ?? 0) - (failed ?? 0) >= 900, 'a second at least before the second attempt');
});

test('the wait outlives the worker that began it: another one takes the timer', async () => {
  const first = await platforms({ ...library, model: overloaded(1, 3_000) });
  const { address } = await startRun(first.platform, emma);
  const waiting = new AbortController();
  await watchJournals(first.platform.nc, first.platform.runtime.journal, {
    tenant: address.tenant,
    runs: [address.run],
    signal: waiting.signal,
    onEntry: (_, { state }) => {
      if (state === 'backing_off') waiting.abort();
    },
  });
  await first.worker.stop();
  const next = await platforms(library);
  await settleRun(next.platform, address, { signal: new AbortController().signal });
  const tree = await treeOf(next, address.run);
  assert.equal(tree.state, 'completed');
  const writers = tree.entries.map(({ writer }) => writer);
  assert.ok(writers.includes(next.platform.runtime.worker));
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
  lookUp.run = async () => new Promise(() => {});
  const tree = await open.run({
    ...emma,
    payload: { book: 'emma', script: [[{ name: 'look_up', input: { book: 'emma' } }]] },
  });
  assert.match(tree.context.report?.text ?? '', /tool\.timed_out: look_up took longer than 200 ms/);
});

test.run();
