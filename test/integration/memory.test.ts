import assert from 'node:assert/strict';
import type { Redis } from 'ioredis';
import type { JetStreamManager, NatsConnection } from 'nats';
import { connectNats } from '../../runtime/bus/connect.ts';
import { ensureStreams } from '../../runtime/bus/streams.ts';
import { connectRedis } from '../../runtime/memory/connect.ts';
import { embedLexically, type Embedder } from '../../runtime/memory/embedder.ts';
import { LongTermMemory } from '../../runtime/memory/long-term.ts';
import type { Memory, MemorySeed, RecallQuery } from '../../runtime/memory/memory.ts';
import { memoryKey, vectorKey } from '../../runtime/memory/keys.ts';
import { MemoryRecord } from '../../runtime/memory/record.ts';
import { withServers } from '../support/servers.ts';
import { suite } from '../support/suite.ts';

const test = suite('long-term memory', { timeoutMs: 60_000 });

let nats: NatsConnection;
let jsm: JetStreamManager;
let redis: Redis;

// Before the servers' own: connections close first.
test.after(async () => {
  redis?.disconnect();
  await nats?.close();
});
const servers = withServers(test);

const open = (embedder?: Embedder) => new LongTermMemory({ nats, jsm, redis, ...(embedder ? { embedder } : {}) });
const memory = (fields: Partial<Memory> = {}): Memory => ({
  id: 'm1',
  tenant: 'default',
  scope: 'analyst',
  subject: 'acme-corp',
  date: '2026-08-16',
  source: 'run-1/0',
  text: 'Watch: usage dipped and recovered without intervention.',
  ...fields,
});
const query = (fields: Partial<RecallQuery> = {}): RecallQuery => ({
  tenant: 'default',
  scope: 'analyst',
  query: 'risk history for acme-corp',
  subject: 'acme-corp',
  before: '2026-11-16',
  limit: 10,
  ...fields,
});
const ids = (found: { id: string }[]) => found.map(({ id }) => id);
const many = (count: number, fields: (i: number) => Partial<MemorySeed> = () => ({})): MemorySeed[] =>
  Array.from({ length: count }, (_, i) => ({
    scope: 'analyst',
    subject: `other-${i}`,
    date: '2026-10-01',
    text: `Risk history number ${i}: usage was steady and nothing happened.`,
    ...fields(i),
  }));

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
});

test('a stored memory is recalled with all its fields, its age and a score', async () => {
  const memories = open();
  const stored = memory({ kind: 'assessment', assessment: 'watch', dip_percent: 38.5, resolved_by: 'self' });
  assert.deepEqual(await memories.store(stored), { id: 'm1', created: true });
  const [found, ...more] = await memories.recall(query());
  assert.deepEqual(more, []);
  const { tenant: _tenant, scope: _scope, source: _source, ...shown } = stored;
  assert.deepEqual({ ...found, score: 0 }, { ...shown, age_days: 92, score: 0 });
  assert.ok(found && found.score > 0 && found.score <= 1);
});

test('the first memory under an id stays; a repeat changes nothing and gets the id back', async () => {
  const memories = open();
  await memories.store(memory());
  assert.deepEqual(await memories.store(memory({ text: 'Something else entirely.' })), { id: 'm1', created: false });
  assert.deepEqual(
    (await memories.recall(query())).map(({ text }) => text),
    ['Watch: usage dipped and recovered without intervention.'],
  );
  assert.equal((await jsm.streams.info('MEMORY')).state.messages, 1);
});

test('of writers that store one id at the same time exactly one creates it', async () => {
  const stored = await Promise.all(
    Array.from({ length: 20 }, (_, i) => open().store(memory({ text: `Writer ${i}.` }))),
  );
  assert.equal(stored.filter(({ created }) => created).length, 1);
  assert.equal((await open().recall(query())).length, 1);
});

test('a subject gets exactly its own memories, whatever characters it holds', async () => {
  const memories = open();
  const subjects = [
    'acme',
    'ACME',
    'acme.corp',
    'acme*',
    '*',
    '>',
    'a b',
    '"',
    "'",
    '\\',
    '\\"',
    'a" or .day > 0 or "',
    '%',
    '%22',
    '{x}',
    'line\nbreak',
    'tab\t',
    'Žluťoučký kůň',
    '株式会社',
    '💥',
    '-',
    '0',
    'null',
    'x'.repeat(500),
  ];
  await memories.seed(
    'default',
    subjects.map((subject) => ({ scope: 'analyst', subject, date: '2026-08-16', text: 'Same.' })),
  );
  for (const subject of subjects) {
    const found = await memories.recall(query({ subject, limit: 100 }));
    assert.deepEqual(
      found.map((each) => each.subject),
      [subject],
    );
  }
  assert.equal((await memories.recall(query({ subject: null, limit: 100 }))).length, subjects.length);
});

test('texts and queries are data: markup of filters, keys and commands has no effect', async () => {
  const memories = open();
  const text = '" or .day < 99999 or "\r\n*3\r\n$8\r\nFLUSHALL {x} \u0000 %22 ${1}';
  await memories.store(memory({ text }));
  const [found] = await memories.recall(query({ query: text }));
  assert.equal(found?.text, text);
  await redis.flushdb();
  assert.deepEqual((await memories.recall(query({ query: text })))[0]?.text, text);
});

test('memories of the as-of date and later are not history, but a search by a person finds them', async () => {
  const memories = open();
  for (const date of ['2026-11-15', '2026-11-16', '2026-11-17']) await memories.store(memory({ id: date, date }));
  assert.deepEqual(ids(await memories.recall(query())), ['2026-11-15']);
  const found = await memories.search({
    tenant: 'default',
    scope: 'analyst',
    query: 'usage',
    limit: 10,
    as_of: '2026-11-16',
  });
  assert.deepEqual(ids(found).sort(), ['2026-11-15', '2026-11-16', '2026-11-17']);
});

test('both memories of a subject are found among many that match the words better', async () => {
  const memories = open();
  await memories.seed('default', many(1500));
  await memories.store(memory({ id: 'watch' }));
  await memories.store(
    memory({ id: 'renewal', date: '2025-09-16', text: 'The contract was prolonged after a large dip.' }),
  );
  assert.deepEqual(ids(await memories.recall(query())), ['watch', 'renewal']);
});

test('the few memories before an early as-of date are found in a large scope', async () => {
  const memories = open();
  await memories.seed('default', many(1500));
  await memories.store(memory({ id: 'early', date: '2024-01-01', text: 'Unlike the rest.' }));
  assert.deepEqual(ids(await memories.recall(query({ subject: null, before: '2024-06-01' }))), ['early']);
});

test('tenants and scopes never see each other', async () => {
  const memories = open();
  await memories.store(memory());
  await memories.store(memory({ tenant: 'sample', text: 'Of the sample.' }));
  await memories.store(memory({ scope: 'writer', text: 'Of the writer.' }));
  const texts = async (fields: Partial<RecallQuery>) => (await memories.recall(query(fields))).map(({ text }) => text);
  assert.deepEqual(await texts({ tenant: 'sample' }), ['Of the sample.']);
  assert.deepEqual(await texts({ scope: 'writer' }), ['Of the writer.']);
  assert.deepEqual(await texts({ scope: 'nobody' }), []);
});

test('a memory that was recorded but not indexed is indexed by storing it again', async () => {
  const memories = open();
  assert.deepEqual(await memories.recall(query()), []);
  await new MemoryRecord(nats, jsm).create(memory()); // the crash: no index
  assert.deepEqual(await memories.store(memory()), { id: 'm1', created: false });
  assert.deepEqual(ids(await memories.recall(query())), ['m1']);
});

test('a memory that was recorded but not indexed is found by the next process', async () => {
  await open().store(memory());
  await open().recall(query());
  await new MemoryRecord(nats, jsm).create(memory({ id: 'm2' }));
  assert.deepEqual(ids(await open().recall(query())), ['m1', 'm2']);
});

test('Redis is rebuilt from the record, and recall gives equal results', async () => {
  const memories = open();
  await memories.seed(
    'default',
    many(600, (i) => ({ subject: `s${i % 7}`, date: `2026-0${(i % 9) + 1}-01` })),
  );
  const queries = [
    query({ subject: 's3' }),
    query({ subject: null, query: 'history number 41' }),
    query({ subject: 's1', limit: 50 }),
  ];
  const before = await Promise.all(queries.map((each) => memories.recall(each)));
  assert.equal(before[2]?.length, 50);

  await redis.flushdb();
  const progress: number[] = [];
  assert.equal(await open().rebuild((done, total) => progress.push(done / total)), 600);
  assert.equal(progress.at(-1), 1);
  assert.deepEqual(await Promise.all(queries.map((each) => memories.recall(each))), before);
});

test('a Redis that was emptied under a running process is noticed by the next recall', async () => {
  const memories = open();
  await memories.store(memory());
  const before = await memories.recall(query());
  await redis.flushdb();
  const after = await Promise.all(Array.from({ length: 10 }, () => memories.recall(query())));
  for (const found of after) assert.deepEqual(found, before);
});

test('a memory whose hash was evicted comes back from the record', async () => {
  const memories = open();
  await memories.store(memory());
  const before = await memories.recall(query());
  await redis.unlink(memoryKey('default', 'analyst', 'm1'));
  assert.deepEqual(await memories.recall(query()), before);
  assert.equal(await redis.exists(memoryKey('default', 'analyst', 'm1')), 1);
});

test('a rebuild removes what the record does not hold', async () => {
  const memories = open();
  await memories.store(memory());
  await memories.store(memory({ id: 'gone' }));
  await jsm.streams.purge('MEMORY', { filter: 'memory.default.analyst.gone' });
  assert.equal(await memories.rebuild(), 1);
  assert.deepEqual(ids(await memories.recall(query())), ['m1']);
});

test('a new MEMORY stream does not inherit the index of the old one', async () => {
  await open().store(memory({ id: 'old' }));
  await open().recall(query());
  await jsm.streams.delete('MEMORY');
  await ensureStreams(nats, { shards: 1, topics: [] });
  await open().store(memory({ id: 'new' }));
  assert.deepEqual(ids(await open().recall(query())), ['new']);
});

test('seeds are stored once, also when two commands load them at the same time', async () => {
  const seeds = many(200);
  const created = await Promise.all([open().seed('default', seeds), open().seed('default', seeds)]);
  assert.equal(created[0] + created[1], 200);
  assert.equal(await open().seed('default', seeds), 0);
  assert.equal(await open().seed('sample', seeds.slice(0, 1)), 1);
  await redis.flushdb();
  assert.equal(await open().seed('default', seeds), 0);
  assert.equal((await open().recall(query({ subject: 'other-7' }))).length, 1);
});

test('an invalid seed is refused before any seed of the folder is stored', async () => {
  const wrong = [...many(3), { ...many(1)[0], date: 'yesterday' } as MemorySeed];
  await assert.rejects(open().seed('default', wrong), { code: 'memory.invalid' });
  assert.equal((await jsm.streams.info('MEMORY')).state.messages, 0);
});

test('vectors of two embedders never mix, and a new embedder finds the old memories', async () => {
  const reversed: Embedder = {
    id: 'reversed-1',
    dimensions: 384,
    embed: async (texts) => texts.map((text) => embedLexically(text.split('').reverse().join(''))),
  };
  await open().store(memory());
  assert.deepEqual(ids(await open(reversed).recall(query())), ['m1']);
  await open(reversed).store(memory({ id: 'm2' }));
  assert.equal(await redis.vcard(vectorKey('default', 'analyst', 'lexical-1')), 1);
  assert.equal(await redis.vcard(vectorKey('default', 'analyst', 'reversed-1')), 2);
});

test('an invalid memory reaches neither the record nor Redis', async () => {
  await assert.rejects(open().store(memory({ date: '2026-13-01' })), { code: 'memory.invalid' });
  assert.equal((await jsm.streams.info('MEMORY')).state.messages, 0);
  assert.equal(await redis.dbsize(), 0);
});

test.run();
