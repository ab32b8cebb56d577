import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { reconcile } from '../../actors/reconcile.ts';
import { startRun } from '../../bridge/commands/start-run.ts';
import type { Platform } from '../../bridge/platform/platform.ts';
import { readRun } from '../../bridge/journals/runs.ts';
import { settleRun } from '../../bridge/follow/settle.ts';
import { withPlatforms } from '../support/platform.ts';
import { suite } from '../support/suite.ts';

const test = suite('mail that is delivered no more');
const platforms = withPlatforms(test);
const library = { packs: [resolve(import.meta.dirname, '../packs/library')] };
const stock = { agent: 'librarian', instructions: 'Take stock.', payload: { book: 'emma' } };
const signal = new AbortController().signal;
const CONSUMER = 'start-librarian';

/** Takes the next start and hands it back, until the server says that it delivers it no more. */
async function deliverTooOften({ jsm, nc }: Platform): Promise<void> {
  const { messages: before } = (await jsm.streams.info('ADVISORIES')).state;
  await jsm.consumers.update('MAIL', CONSUMER, { max_deliver: 2 });
  const consumer = await nc.jetstream().consumers.get('MAIL', CONSUMER);
  for (let i = 0; i < 2; i++) (await consumer.next({ expires: 5_000 }))?.nak();
  while ((await jsm.streams.info('ADVISORIES')).state.messages === before) await consumer.next({ expires: 1_000 });
}

test('is removed by reconcile, which then wakes its receiver', async () => {
  const worker = await platforms(library);
  await worker.stop();
  const asker = await platforms({ ...library, works: false });
  const { platform } = asker;
  const { jsm, nc, runtime } = platform;
  const { address } = await startRun(platform, stock);
  await deliverTooOften(platform);
  const stuck = await jsm.streams.getMessage('MAIL', { last_by_subj: 'start.>' });
  // The door posts the start again, and the stuck one is in its way.
  await startRun(platform, { ...stock, run: address.run }, { takesUp: true });
  assert.equal((await jsm.consumers.info('MAIL', CONSUMER)).num_pending, 0);

  const { mail_removed, woken } = await reconcile(nc, runtime);
  assert.deepEqual([mail_removed, woken], [1, 1]);
  const fresh = await jsm.streams.getMessage('MAIL', { last_by_subj: 'start.>' });
  assert.ok(fresh.seq > stuck.seq);
  assert.equal((await reconcile(nc, runtime)).mail_removed, 0, 'the advisory stays, and names nothing any more');

  await platforms(library);
  await settleRun(platform, address, { signal });
  assert.equal((await readRun(runtime.journal, address))?.state, 'completed');
});

test('is told from mail of a new stream that has its number', async () => {
  const { platform } = await platforms({ ...library, works: false });
  const { jsm, nc, runtime } = platform;
  const advised = await jsm.streams.getMessage('ADVISORIES', { last_by_subj: '$JS.EVENT.>' });
  const { stream_seq } = advised.json<{ stream_seq: number }>();
  await jsm.streams.delete('MAIL');
  await reconcile(nc, runtime);
  const runs = [];
  do {
    runs.push(await startRun(platform, stock));
  } while ((await jsm.streams.info('MAIL')).state.last_seq < stream_seq);
  assert.equal((await reconcile(nc, runtime)).mail_removed, 0);
  assert.equal((await jsm.streams.info('MAIL')).state.messages, runs.length);
});

test.run();
