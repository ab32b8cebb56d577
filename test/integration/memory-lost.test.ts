import assert from 'node:assert/strict';
import type { Redis } from 'ioredis';
import type { JetStreamManager, NatsConnection } from 'nats';
import { examineMemory } from '../../bridge/doctor/memory.ts';
import { examineRedis } from '../../bridge/doctor/redis.ts';
import { connectNats } from '../../runtime/bus/connect.ts';
import { ensureStreams } from '../../runtime/bus/streams.ts';
import { connectRedis } from '../../runtime/memory/connect.ts';
import { lexicalEmbedder } from '../../runtime/memory/embedder.ts';
import { Holdings } from '../../runtime/memory/holdings.ts';
import { MemoryIndex } from '../../runtime/memory/index.ts';
import { memoryKey, vectorKey } from '../../runtime/memory/keys.ts';
import { LongTermMemory } from '../../runtime/memory/long-term.ts';
import type { Memory } from '../../runtime/memory/memory.ts';
import { MemoryRecord } from '../../runtime/memory/record.ts';
import { Upkeep } from '../../runtime/memory/upkeep.ts';
import { memorySubject } from '../../runtime/subjects.ts';
import { withServers } from '../support/servers.ts';
import { suite } from '../support/suite.ts';

const test = suite('memory that is partly lost');

let nats: NatsConnection;
let jsm: JetStreamManager;
let redis: Redis;

test.after(async () => {
  redis?.disconnect();
  await nats?.close();
});
const servers = withServers(test, { durability: 'process' });

const untaken: unknown[] = [];
/** As a process of its own would: it knows nothing of what others have looked at. */
const open = () => new LongTermMemory({ nats, jsm, redis, onUnindexed: (error) => untaken.push(error) });
const VECTORS = vectorKey('default', 'analyst', 'lexical-1');
const store = (memories: LongTermMemory, ...ids: string[]) =>
  Promise.all(
    ids.map((id) =>
      memories.store({
        id,
        tenant: 'default',
        scope: 'analyst',
        subject: 'acme-corp',
        date: '2026-08-16',
        source: 'run-1/0',
        text: `Usage dipped and recovered, ${id}.`,
      }),
    ),
  );
const recalled = async (memories: LongTermMemory) => {
  const query = { tenant: 'default', scope: 'analyst', query: 'dips', subject: 'acme-corp', limit: 100 };
  return (await memories.recall({ ...query, before: '2026-11-16' })).map(({ id }) => id).sort();
};
const doctor = async () => (await examineMemory(nats, redis)).map(({ level, text }) => `${level} ${text}`);
const added = async () => /^cmdstat_vadd:calls=(\d+)/m.exec(await redis.info('commandstats'))?.[1] ?? '0';

test.before(async () => {
  const { services } = servers();
  nats = await connectNats(services.nats, { name: 'memory test' });
  jsm = await nats.jetstreamManager();
  redis = await connectRedis(services.redis);
  await ensureStreams(nats, { shards: 1, topics: [] });
});
test.before.each(async () => {
  await jsm.streams.purge('MEMORY');
  await redis.flushdb();
  untaken.length = 0;
});

test('a lost vector set is made again by the next recall, also when newer memories lie in its place', async () => {
  const running = open();
  await store(running, 'a', 'b');
  assert.deepEqual(await recalled(running), ['a', 'b']);
  await redis.unlink(VECTORS);
  assert.deepEqual(await recalled(running), ['a', 'b']);
  await redis.unlink(VECTORS);
  await store(open(), 'c', 'd', 'e');
  assert.deepEqual(await doctor(), [
    'warn 5 memories recorded, 5 with a hash and 3 with a vector in Redis (lexical-1): ' +
      'analyst of tenant default has 5 memories, 5 hashes, 3 vectors',
  ]);
  assert.deepEqual(await recalled(open()), ['a', 'b', 'c', 'd', 'e']);
  assert.deepEqual(await doctor(), ['ok 5 memories recorded, 5 with a hash and 5 with a vector in Redis (lexical-1)']);
  assert.deepEqual(await recalled(running), ['a', 'b', 'c', 'd', 'e']);
});

test('single vectors and hashes that are lost come back, and strangers leave', async () => {
  await store(open(), 'a', 'b', 'c');
  await redis.vrem(VECTORS, 'a');
  await redis.unlink(memoryKey('default', 'analyst', 'b'));
  await jsm.streams.purge('MEMORY', { filter: memorySubject('default', 'analyst', 'c') });
  assert.deepEqual(await recalled(open()), ['a', 'b']);
  assert.deepEqual(await doctor(), ['ok 2 memories recorded, 2 with a hash and 2 with a vector in Redis (lexical-1)']);
});

test('a process that begins with a complete index adds nothing to it, however much was stored since the last recall', async () => {
  await store(open(), ...Array.from({ length: 200 }, (_, i) => `m${i}`));
  const before = await added();
  assert.equal((await recalled(open())).length, 100);
  assert.equal(await added(), before);
});

test('processes that find the same loss at once share the work', async () => {
  await store(open(), ...Array.from({ length: 300 }, (_, i) => `m${i}`));
  const before = Number(await added());
  await redis.unlink(VECTORS);
  const found = await Promise.all([open(), open(), open(), open()].map(recalled));
  for (const ids of found) assert.equal(ids.length, 100);
  // Two that begin near each other add some twice; without sharing it would be 1,200.
  assert.ok(Number(await added()) - before < 900, `${Number(await added()) - before} were added`);
});

for (const [what, spoil] of [
  ['vectors of another dimension', () => redis.vadd(VECTORS, 'FP32', Buffer.alloc(16, 1), 'a')],
  ['quantized vectors', () => redis.vadd(VECTORS, 'VALUES', 384, ...Array.from({ length: 384 }, () => '1'), 'a', 'Q8')],
  ['no vector set', () => redis.set(VECTORS, 'text')],
] as const) {
  test(`${what} under the key of the set are replaced by a recall and by a rebuild`, async () => {
    const running = open();
    await store(running, 'a', 'b');
    assert.deepEqual(await recalled(running), ['a', 'b']);
    const spoilt = async () => {
      await redis.unlink(VECTORS);
      await spoil();
      assert.match((await doctor()).join(), /warn .*analyst of tenant default has vectors of another kind/);
    };
    await spoilt();
    assert.deepEqual(await recalled(running), ['a', 'b']);
    await spoilt();
    assert.deepEqual(await recalled(open()), ['a', 'b']);
    await spoilt();
    assert.equal(await open().rebuild(), 2);
    assert.deepEqual(await recalled(open()), ['a', 'b']);
  });
}

test('what is recorded and no memory is left out, and looked for once in a process', async () => {
  await nats.jetstream().publish(memorySubject('default', 'analyst', 'broken'), '{');
  await nats.jetstream().publish(memorySubject('default', 'analyst', 'a'), '[]');
  const running = open();
  await store(running, 'b');
  assert.deepEqual(await recalled(running), ['b']);
  const before = await added();
  running.redisReturned();
  assert.deepEqual(await recalled(running), ['b']);
  assert.equal(await added(), before);
});

test('with Redis full a memory is stored, a recall in any process says so, and finds it when there is room', async () => {
  const [running, other] = [open(), open()];
  await store(running, 'a');
  assert.deepEqual(await recalled(other), ['a']);
  await redis.config('SET', 'maxmemory', '1');
  try {
    await store(running, 'b');
    assert.match(String(untaken[0]), /redis.full|no memory left/);
    await assert.rejects(recalled(running), { code: 'redis.full' });
    await assert.rejects(recalled(other), { code: 'redis.full' });
    assert.deepEqual(
      (await examineRedis(redis)).filter(({ level }) => level === 'fail').map(({ text }) => text.split(':')[0]),
      ['redis.full'],
    );
  } finally {
    await redis.config('SET', 'maxmemory', '0');
  }
  for (const process of [running, other, open()]) assert.deepEqual(await recalled(process), ['a', 'b']);
});

test('an index that loses what is added to it is an error, never a shorter history', async () => {
  await store(open(), 'a', 'b');
  /** Each time that something was added, the set goes. */
  const losing = new Proxy(redis, {
    get: (target, name) => {
      if (name !== 'pipeline') return Reflect.get(target, name).bind(target);
      return () => {
        const pipeline = target.pipeline();
        const exec = pipeline.exec.bind(pipeline);
        pipeline.exec = async () => {
          const replies = await exec();
          await target.unlink(VECTORS);
          return replies;
        };
        return pipeline;
      };
    },
  });
  await redis.unlink(VECTORS);
  await assert.rejects(recalled(new LongTermMemory({ nats, jsm, redis: losing })), { code: 'memory.incomplete' });
  assert.deepEqual(await recalled(open()), ['a', 'b']);
});

test('what is recorded and not indexed while a check is under way is looked for once more', async () => {
  const scope = { tenant: 'default', scope: 'analyst' };
  const memories = open();
  await store(memories, 'a');
  const [record, index] = [new MemoryRecord(nats, jsm), new MemoryIndex(redis, lexicalEmbedder)];
  const memory = { ...(await record.load(scope, ['a']))[0], id: 'late' } as Memory;
  let looks = 0;
  class Looked extends Holdings {
    override async of(at: typeof scope) {
      const seen = await super.of(at);
      if ((looks += 1) > 1) return seen;
      await record.create(memory);
      await upkeep.doubt(at);
      return seen;
    }
  }
  const upkeep = new Upkeep(record, index, new Looked(redis, lexicalEmbedder));
  await upkeep.ready(scope);
  assert.deepEqual(await index.has([memory]), [true]);
});

test.run();
