import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { getBatch, getRun } from '../../bridge/views/answers.ts';
import { startRun } from '../../bridge/commands/start-run.ts';
import { parseRequest } from '../../bridge/contract/parse.ts';
import { RunRequest, type StartRequest } from '../../bridge/contract/schemas.ts';
import { startTargets } from '../../bridge/commands/start-targets.ts';
import { settleBatch, settleRun } from '../../bridge/follow/settle.ts';
import { PlatformError } from '../../config/errors.ts';
import type { ModelProvider } from '../../runtime/model/provider.ts';
import { appOf, post } from '../support/http.ts';
import { type TestPlatform, withPlatforms } from '../support/platform.ts';
import { suite } from '../support/suite.ts';

const test = suite('starts by request');
const platforms = withPlatforms(test);
const library = { packs: [resolve(import.meta.dirname, '../packs/library')] };
const trace = { correlation_id: 'test' };

function start({ platform }: TestPlatform, request: StartRequest) {
  return startTargets(platform, null, 'weekly_stocktaking', request, trace);
}

/** Starts whatever is free and waits for every target: nothing is running afterwards. */
async function settleAll(open: TestPlatform): Promise<void> {
  const { accepted, running } = await start(open, { all: true });
  const { signal } = new AbortController();
  for (const { run } of [...accepted, ...running]) {
    await settleRun(open.platform, { tenant: 'town', run, path: '0' }, { signal });
  }
}

async function messages({ platform }: TestPlatform): Promise<number> {
  const streams = await platform.jsm.streams.list().next();
  return streams.reduce((sum, { state }) => sum + state.messages, 0);
}

test('two processes that start all targets at once accept each of them in one batch only', async () => {
  const one = await platforms({ ...library, works: false });
  const other = await platforms({ ...library, works: false });
  for (let round = 0; round < 3; round++) {
    const answers = await Promise.all([one, other, one, other].map((each) => start(each, { all: true })));
    const accepted = answers.flatMap((answer) => answer.accepted.map(({ target }) => target));
    assert.deepEqual(accepted.length, round === 0 ? 4 : 0, JSON.stringify(answers));
    const running = answers.flatMap((answer) => answer.running);
    assert.equal(running.length, round === 0 ? 12 : 16);
    assert.equal(new Set(running.map(({ run }) => run)).size, 4, 'all name the same four runs');
  }
});

test('targets that were accepted and not begun yet are running for the next request, and free when they have ended', async () => {
  const open = await platforms({ ...library, works: false });
  const again = await start(open, { target: 'emma' });
  assert.equal(again.accepted.length, 0);
  const worker = await platforms(library);
  const [run] = again.running;
  assert.ok(run);
  const { signal } = new AbortController();
  await settleRun(worker.platform, { tenant: 'town', run: run.run, path: '0' }, { signal });
  const free = await start(open, { target: 'emma' });
  assert.equal(free.accepted.length, 1);
});

test('an id that is taken otherwise is refused, and nothing is written', async () => {
  const open = await platforms(library);
  await settleAll(open);
  const { platform } = open;
  const request = { agent: 'librarian', instructions: 'a', payload: { book: 'emma' }, run: 'mine', trace };
  const { address } = await startRun(platform, request);
  await settleRun(platform, address, { signal: new AbortController().signal });
  const first = await start(open, { targets: ['emma', 'persuasion'], batch: 'B1' });
  assert.equal(first.batch, 'B1');
  const runs = first.accepted.map(({ run }) => run);
  await settleBatch(platform, { tenant: 'town', run: 'B1', path: '0' }, runs, { signal: new AbortController().signal });
  await open.worker.stop();
  const before = await messages(open);
  const exists = { code: 'run.exists' };
  for (const change of [
    { instructions: 'b' },
    { payload: { book: 'middlemarch' } },
    { asOf: '2026-01-01' },
    { thread: 't' },
  ]) {
    await assert.rejects(startRun(platform, { ...request, ...change }), exists, JSON.stringify(change));
  }
  await assert.rejects(startRun(platform, { ...request, run: 'B1' }), exists);
  await assert.rejects(start(open, { targets: ['emma'], batch: 'B1' }), exists);
  await assert.rejects(start(open, { targets: ['emma', 'persuasion'], batch: 'B1', as_of: '2026-01-01' }), exists);
  assert.deepEqual((await start(open, { targets: ['emma', 'persuasion'], batch: 'B1' })).accepted, first.accepted);
  assert.deepEqual(await startRun(platform, request), { address, created: false });
  assert.equal(await messages(open), before);
  await assert.rejects(start(open, { target: 'middlemarch', batch: 'mine' }), exists);
});

test('a batch is no run and a run no batch', async () => {
  const open = await platforms(library);
  await settleAll(open);
  const { platform } = open;
  const request = { agent: 'librarian', instructions: 'a', payload: { book: 'emma' }, run: 'a-run', trace };
  const { address } = await startRun(platform, request);
  await settleRun(platform, address, { signal: new AbortController().signal });
  assert.equal((await start(open, { target: 'emma', batch: 'a-batch' })).batch, 'a-batch');
  assert.equal((await getRun(platform, 'town', 'a-run')).run, 'a-run');
  assert.equal((await getBatch(platform, 'town', 'a-batch')).batch, 'a-batch');
  await assert.rejects(getRun(platform, 'town', 'a-batch'), { code: 'run.unknown' });
  await assert.rejects(getBatch(platform, 'town', 'a-run'), { code: 'run.unknown' });
  await assert.rejects(getRun(platform, 'other', 'a-run'), { code: 'run.unknown' });
  await assert.rejects(getBatch(platform, 'other', 'a-batch'), { code: 'run.unknown' });
});

test('text that is no well-formed Unicode is refused at the door', () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const body = String.raw`{"instructions":"x","payload":{},"run_id":"\ud800"}`;
  assert.throws(() => parseRequest(RunRequest, bytes(body)), { code: 'request.invalid', message: /Unicode/ });
  const pair = String.raw`{"instructions":"x","payload":{},"run_id":"\ud83d\ude42"}`;
  assert.equal(parseRequest(RunRequest, bytes(pair)).run_id, '🙂');
  const spelt = String.raw`{"instructions":"x \\ud83d","payload":{},"run_id":"a"}`;
  assert.equal(parseRequest(RunRequest, bytes(spelt)).instructions, String.raw`x \ud83d`);
});

test('the id of a batch that has failed is answered again as it was, also over HTTP', async () => {
  const denies = (rehearsal: ModelProvider): ModelProvider => ({
    ...rehearsal,
    reply: async () => {
      throw new PlatformError('model.denied', '401: no such key');
    },
  });
  const worker = await platforms(library);
  await settleAll(worker);
  await worker.worker.stop();
  const open = await platforms({ ...library, model: denies });
  const request = { targets: ['emma', 'persuasion'], batch: 'refused' };
  const first = await start(open, request);
  assert.equal(first.accepted.length, 2);
  const address = { tenant: 'town', run: 'refused', path: '0' };
  const runs = first.accepted.map(({ run }) => run);
  await settleBatch(open.platform, address, runs, { signal: new AbortController().signal });
  assert.equal((await getBatch(open.platform, 'town', 'refused')).state, 'failed');
  await open.worker.stop();

  const before = await messages(open);
  assert.deepEqual(await start(open, request), first);
  const answer = await post(appOf(open), '/schedules/weekly_stocktaking/start', request);
  assert.equal(answer.status, 202, await answer.clone().text());
  assert.deepEqual(((await answer.json()) as { accepted: unknown }).accepted, first.accepted);
  assert.equal(await messages(open), before);
});

test.run();
