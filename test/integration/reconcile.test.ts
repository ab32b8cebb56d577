import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { reconcile } from '../../actors/reconcile.ts';
import { cancelRun } from '../../bridge/commands/cancel.ts';
import { startBatch } from '../../bridge/commands/start-batch.ts';
import { startRun } from '../../bridge/commands/start-run.ts';
import { readRun } from '../../bridge/journals/runs.ts';
import { settleBatch, settleRun } from '../../bridge/follow/settle.ts';
import { ensureStreams } from '../../runtime/bus/streams.ts';
import { gatedModel } from '../support/http.ts';
import { chain, type TestPlatform, withPlatforms } from '../support/platform.ts';
import { suite } from '../support/suite.ts';

const test = suite('reconcile: the journals are the truth', { timeoutMs: 120_000 });
const platforms = withPlatforms(test);
const library = { packs: [resolve(import.meta.dirname, '../packs/library')] };
const signal = new AbortController().signal;

async function entries({ platform }: TestPlatform): Promise<number> {
  const streams = await platform.jsm.streams.list().next();
  return streams
    .filter(({ config }) => config.name.startsWith('JOURNAL_'))
    .reduce((sum, { state }) => sum + state.messages, 0);
}

/** What a lost MAIL stream leaves: the journals as they are, and no mail at all. */
async function loseMail({ platform }: TestPlatform): Promise<void> {
  await platform.jsm.streams.delete('MAIL');
  await ensureStreams(platform.nc, { shards: platform.runtime.journal.shards, topics: [] });
}

test('runs whose mail was lost at every stage go on, and end once', async () => {
  const asker = await platforms({ works: false });
  const runs: string[] = [];
  // Accepted and never begun.
  const { address } = await startBatch(asker.platform, {
    schedule: 'weekly_health_check',
    batch: 'lost-mail',
    only: ['acme-corp', 'calder-logistics', 'dunmore-foods'],
  });
  for (const target of ['acme-corp', 'calder-logistics', 'dunmore-foods']) runs.push(`${address.run}-${target}`);
  await loseMail(asker);
  // Each worker is stopped in mid-work and the mail lost again, until all has settled.
  for (let round = 0; round < 3; round++) {
    const worker = await platforms();
    await reconcile(worker.platform.nc, worker.platform.runtime);
    const some = new AbortController();
    let seen = 0;
    await settleBatch(worker.platform, address, runs, {
      signal: some.signal,
      onSettled: () => {
        seen += 1;
        if (round < 2) some.abort();
      },
    });
    assert.ok(seen > 0 || round === 2);
    await worker.stop();
    if (round < 2) await loseMail(asker);
  }
  for (const run of runs) {
    const tree = await readRun(asker.platform.runtime.journal, { tenant: 'sample', run, path: '0' });
    assert.equal(tree?.state, 'completed', run);
    assert.equal(chain(tree).filter((line) => line.startsWith('0 completed')).length, 1);
  }
  for (const topic of ['csm_alerts', 'csm_briefings']) {
    const { state } = await asker.platform.jsm.streams.info(`TOPIC_${topic}`, { subjects_filter: '>' });
    const own = Object.keys(state.subjects ?? {}).filter((subject) => subject.includes('lost-mail'));
    assert.equal(own.length, 2, `${topic}: one of the urgent and one of the watched account`);
  }
});

test('what only waits gains no entry, however often it is reconciled', async () => {
  const open = await platforms(library);
  const { address } = await startRun(open.platform, {
    agent: 'librarian',
    instructions: 'Take stock.',
    payload: { book: 'first-folio' },
  });
  await settleRun(open.platform, address, { signal });
  const before = await entries(open);
  for (let i = 0; i < 5; i++) {
    const { woken } = await reconcile(open.platform.nc, open.platform.runtime);
    assert.ok(woken > 0, 'it is sent a wake-up each time');
    const info = () => open.platform.jsm.consumers.info('MAIL', 'mail-librarian');
    for (let now = await info(); now.num_pending + now.num_ack_pending > 0; now = await info());
  }
  await open.worker.stop();
  assert.equal(await entries(open), before);
});

test('a run that waits for the model is woken by reconcile when its timer was lost', async () => {
  const { PlatformError } = await import('../../config/errors.ts');
  let down = true;
  const open = await platforms({
    ...library,
    model: (rehearsal) => ({
      ...rehearsal,
      reply: async (request, abort) => {
        if (!down) return rehearsal.reply(request, abort);
        throw new PlatformError('model.unavailable', 'overloaded', { details: { retry_after_ms: 1000 } });
      },
    }),
  });
  const { address } = await startRun(open.platform, {
    agent: 'librarian',
    instructions: 'x',
    payload: { book: 'emma' },
  });
  const { jsm, runtime, nc } = open.platform;
  for (;;) {
    const tree = await readRun(runtime.journal, address);
    if (tree?.state === 'backing_off') break;
  }
  await open.worker.settled();
  await jsm.streams.purge('MAIL', { filter: 'timer.>' });
  down = false;
  await reconcile(nc, runtime);
  await settleRun(open.platform, address, { signal });
  assert.equal((await readRun(runtime.journal, address))?.state, 'completed');
});

test('a cancel that was lost on its way down is said again, and what it ends does nothing more', async () => {
  const gate = gatedModel();
  const open = await platforms({
    ...library,
    model: (inner) => {
      const gated = gate.model(inner);
      return { ...inner, reply: (asked, stop) => (asked.agent === 'finder' ? gated : inner).reply(asked, stop) };
    },
  });
  const { jsm, runtime, nc } = open.platform;
  const { address } = await startRun(open.platform, {
    agent: 'librarian',
    instructions: 'Take stock.',
    payload: { book: 'persuasion' },
  });
  await gate.asked;
  const post = runtime.mailer.post.bind(runtime.mailer);
  let lose = (): void => {};
  const lost = new Promise<void>((resolve) => {
    lose = resolve;
  });
  runtime.mailer.post = async (to, mail, trace) => {
    if (mail.type !== 'cancel' || to.path === '0') await post(to, mail, trace);
    else lose();
  };
  const why = { by: 'ada', reason: 'asked by mistake' };
  const { state } = await cancelRun(open.platform, address, why, { waitMs: 1_000 });
  assert.equal(state, 'cancelling');
  await lost;
  await open.worker.settled();
  runtime.mailer.post = post;
  await jsm.streams.delete('MAIL');
  await reconcile(nc, runtime);
  const child = { ...address, path: '0-1' };
  for (;;) if ((await runtime.journal.tail(child))?.state === 'cancelled') break;
  gate.open();
  await open.worker.settled();
  const tree = await readRun(runtime.journal, address);
  assert.deepEqual([tree?.state, tree?.children[0]?.state], ['cancelled', 'cancelled']);
  const events = tree?.children[0]?.entries.flatMap((entry) => entry.events.map(({ type }) => type));
  assert.deepEqual(events, ['invoked', 'admitted', 'cancelled']);
});

test.run();
