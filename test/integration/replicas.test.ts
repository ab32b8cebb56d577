import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { headers, type NatsConnection } from 'nats';
import type { PlatformError } from '../../config/errors.ts';
import { getRun } from '../../bridge/views/answers.ts';
import { flattenTree } from '../../bridge/journals/runs.ts';
import { settleRun } from '../../bridge/follow/settle.ts';
import { Unread } from '../../runtime/bus/patience.ts';
import { Publisher } from '../../runtime/bus/publish.ts';
import { askLeader, directBatch } from '../../runtime/bus/stored.ts';
import { ensureStreams, openBucket } from '../../runtime/bus/streams.ts';
import { ENTRY_VERSION } from '../../runtime/journal/entry.ts';
import { Journal } from '../../runtime/journal/journal.ts';
import { openObjects } from '../../runtime/journal/objects.ts';
import { journalStream, journalSubject, MAIL_STREAM, shardOf } from '../../runtime/subjects.ts';
import { abortsAfter } from '../../runtime/time-limit.ts';
import { type TestPlatform, withPlatforms } from '../support/platform.ts';
import { suite } from '../support/suite.ts';

const test = suite('replicas that are behind, and refusals that prove nothing', { timeoutMs: 60_000 });
const platforms = withPlatforms(test);
const library = { packs: [resolve(import.meta.dirname, '../packs/library')] };

/** Has this process answer direct reads of all journals, as a replica that has nothing yet; counts how often. */
async function replicaWithNothing({ platform: { jsm, nc, runtime } }: TestPlatform) {
  let asked = 0;
  const none = headers(404, 'Message Not Found');
  for (let shard = 0; shard < runtime.journal.shards; shard++) {
    await jsm.streams.update(journalStream(shard), { allow_direct: false });
    nc.subscribe(`$JS.API.DIRECT.GET.${journalStream(shard)}`, {
      callback: (_, message) => {
        asked += 1;
        message.respond(undefined, { headers: none });
      },
    });
  }
  await nc.flush();
  return () => asked;
}

/** Answers publishes to a subject as a stream's leader would: with each of these once, the last one for ever. */
function leader(nc: NatsConnection, subject: string, answers: readonly object[]): () => number {
  let count = 0;
  nc.subscribe(subject, {
    callback: (_, message) => {
      const answer = answers[Math.min(count, answers.length - 1)];
      count += 1;
      message.respond(JSON.stringify(answer));
    },
  });
  return () => count;
}

const UNDER_WAY = { error: { code: 400, err_code: 10164, description: 'wrong last sequence' } };

test('a run is accepted, delegated, done and shown although every replica says that there is none', async () => {
  const open = await platforms();
  const asked = await replicaWithNothing(open);
  const tree = (await open.batch({ only: ['acme-corp'] })).trees.get('acme-corp');
  assert.ok(tree);
  assert.deepEqual(
    flattenTree(tree).map(({ agent, state }) => `${agent} ${state}`),
    ['account_health_main completed', 'risk_analysis completed', 'csm_briefing completed'],
  );
  const { tenant, run } = tree.address;
  assert.equal((await getRun(open.platform, tenant, run)).state, 'completed');
  assert.ok(asked() > 0);
});

test('a run that every replica denies is followed to its end', async () => {
  const open = await platforms(library);
  const asked = await replicaWithNothing(open);
  const { address } = await open.run({ agent: 'librarian', instructions: 'Take stock.', payload: { book: 'emma' } });
  assert.equal(await settleRun(open.platform, address, { signal: abortsAfter(20_000) }), true);
  assert.ok(asked() > 0);
});

test('an answer that breaks off is no answer', async () => {
  const { platform } = await platforms({ ...library, works: false });
  const { nc } = platform;
  const one = headers();
  one.set('Nats-Subject', 'half.a');
  one.set('Nats-Sequence', '1');
  nc.subscribe('$JS.API.DIRECT.GET.HALF', { callback: (_, message) => void message.respond('{}', { headers: one }) });
  await assert.rejects(directBatch(nc, 'HALF', { next_by_subj: 'half.>', seq: 1 }, 100), (error: Error) => {
    assert.ok(error instanceof Unread);
    assert.match(error.message, /broke off/);
    return true;
  });
});

test('what is refused and is not there is sent again, until the leader has it', async () => {
  const { platform } = await platforms({ ...library, works: false });
  const { nc, jsm } = platform;
  const publisher = new Publisher(nc);
  const place = { subject: 'refused.once', stream: MAIL_STREAM, stored: 'mail.town.librarian.refused.0' };
  const count = leader(nc, place.subject, [UNDER_WAY, UNDER_WAY, { stream: MAIL_STREAM, seq: 1 }]);
  assert.equal(await publisher.once(place, {}), true);
  assert.equal(count(), 3);

  await jsm.streams.add({ name: 'ONCE', subjects: ['once.>'] });
  assert.equal(await publisher.once({ subject: 'once.a', stream: 'ONCE' }, {}), true);
  assert.equal(await publisher.once({ subject: 'once.a', stream: 'ONCE' }, {}), false);
  assert.equal(await askLeader(nc, 'ONCE', { last_by_subj: 'once.b' }), null);
});

test('an append that is refused for an entry that never comes is made again, and is no lost fence', async () => {
  const { platform } = await platforms({ ...library, works: false });
  const shards = platform.runtime.journal.shards + 1;
  const run = [...Array(200).keys()].map(String).find((id) => shardOf(id, shards) === shards - 1) ?? '';
  const address = { tenant: 'town', run, path: '0' };
  const subject = journalSubject(address, shards - 1);
  await platform.jsm.streams.add({ name: journalStream(shards - 1), subjects: ['elsewhere.>'] });
  const count = leader(platform.nc, subject, [UNDER_WAY, { stream: journalStream(shards - 1), seq: 7 }]);
  const entry = { v: ENTRY_VERSION, at: '', writer: 'w', key: 'k', agent: 'librarian', subject: null } as const;
  const whole = { ...entry, events: [], state: 'admitting', digest: '' };
  assert.deepEqual(await new Journal(platform.nc, shards).append(address, whole, 0), { status: 'appended', seq: 7 });
  assert.equal(count(), 2);
});

test('more copies than the server can keep are refused with what to do, whatever they are of', async () => {
  const { platform } = await platforms({ ...library, works: false });
  const { nc } = platform;
  const shards = platform.runtime.journal.shards;
  for (const [stream, make] of [
    ['TOPIC_copied', () => ensureStreams(nc, { shards, topics: ['copied'], replicas: 3 })],
    ['KV_COPIED', () => openBucket(nc, 'COPIED', 3)],
    ['OBJ_OBJECTS', () => openObjects(nc, 3)],
  ] as const) {
    await assert.rejects(make(), (error: PlatformError) => {
      assert.equal(error.code, 'nats.too_few');
      assert.match(error.message, new RegExp(`copies of ${stream} .*set nats_replicas: 1`));
      return true;
    });
  }
});

test.run();
