import assert from 'node:assert/strict';
import { pino } from 'pino';
import { ErrorCode, type JetStreamManager, type NatsConnection, NatsError } from 'nats';
import { examineObjects } from '../../bridge/doctor/objects.ts';
import { examineStreams } from '../../bridge/doctor/records.ts';
import { connectNats } from '../../runtime/bus/connect.ts';
import { ensureStreams } from '../../runtime/bus/streams.ts';
import { Catalog } from '../../runtime/definitions/catalog.ts';
import { loadPacks } from '../../runtime/definitions/load.ts';
import { Objects, openObjects } from '../../runtime/journal/objects.ts';
import { Publisher } from '../../runtime/bus/publish.ts';
import { putObject } from '../../runtime/journal/put-object.ts';
import { Clockwork } from '../../runtime/schedules/clockwork.ts';
import { LIBRARY } from '../support/serving.ts';
import { withServers } from '../support/servers.ts';
import { suite } from '../support/suite.ts';

const test = suite('what broken writes, markers and limits leave');

let nats: NatsConnection;
let jsm: JetStreamManager;

test.after(async () => nats?.close());
const servers = withServers(test, { durability: 'process' });
test.before(async () => {
  nats = await connectNats(servers().services.nats, { name: 'leftovers' });
  jsm = await nats.jetstreamManager();
  await ensureStreams(nats, { shards: 4, topics: [] });
  await openObjects(nats);
});

const chunks = async () => {
  const { state } = await jsm.streams.info('OBJ_OBJECTS', { subjects_filter: '$O.OBJECTS.C.>' });
  return Object.values(state.subjects ?? {}).reduce((sum, count) => sum + count, 0);
};
const chunksOf = async (name: string) => {
  const { nuid } = (await (await openObjects(nats)).info(name)) ?? {};
  const filter = `$O.OBJECTS.C.${nuid}`;
  return (await jsm.streams.info('OBJ_OBJECTS', { subjects_filter: filter })).state.subjects?.[filter] ?? 0;
};
const limit = async (max_bytes: number) => {
  const { config } = await jsm.streams.info('OBJ_OBJECTS');
  await jsm.streams.update('OBJ_OBJECTS', { ...config, max_bytes });
};

test('a large value that finds no room leaves no part of it, and is whole when there is room again', async () => {
  const value = 'x'.repeat(700_000);
  await limit(400_000);
  await assert.rejects(new Objects(nats, 'refuse').cut(value), { code: 'storage.full' });
  assert.equal(await chunks(), 0);
  const waiting = new Objects(nats).cut(value);
  await limit(-1);
  assert.equal(await new Objects(nats).whole(await waiting), value);
  assert.deepEqual(
    (await examineObjects(nats)).map(({ level, text }) => `${level} ${text}`),
    ['ok 1 object, no chunk without one'],
  );
});

test('doctor --deep counts the chunks that no object names', async () => {
  for (let i = 0; i < 3; i++) await nats.jetstream().publish('$O.OBJECTS.C.broken', 'x');
  const [finding] = await examineObjects(nats);
  assert.equal(finding?.level, 'warn');
  assert.match(finding?.text ?? '', /and 3 chunks of 1 that no object names/);
  assert.match(finding?.remedy ?? '', /--subject '\$O\.OBJECTS\.C\.broken'/);
  await jsm.streams.purge('OBJ_OBJECTS', { filter: '$O.OBJECTS.C.broken' });
});

test('an object whose name the server takes late has all its chunks', async () => {
  const store = await openObjects(nats);
  const js = nats.jetstream();
  let late = async (): Promise<unknown> => undefined;
  const publish: typeof js.publish = async (subject, data, options) => {
    if (!subject.includes('.M.')) return js.publish(subject, data, options);
    late = () => js.publish(subject, data, options);
    throw new NatsError('TIMEOUT', ErrorCode.Timeout);
  };
  const slow = Object.create(nats, { jetstream: { value: () => ({ publish }) } }) as NatsConnection;
  const content = Buffer.from('x'.repeat(300_000));
  await assert.rejects(putObject(slow, store, 'late', content), { code: ErrorCode.Timeout });
  await late();
  assert.equal((await store.info('late'))?.chunks, await chunksOf('late'));
  await store.delete('late');
});

test('a marker is no definition: one that was deleted, or whose age passed, is recorded again', async () => {
  const packs = await loadPacks([LIBRARY.AGENT_PLATFORM_PACKS], { log: pino({ level: 'silent' }) });
  const [first, second] = (await Catalog.open(nats, packs)).agents().map(({ digest }) => digest);
  assert.ok(first && second);
  const kv = await nats.jetstream().views.kv('DEFINITIONS', { history: 1 });
  await kv.delete(first);
  await kv.put(second, ''); // As the client tells the server's marker of an age that passed.
  await assert.rejects((await Catalog.open(nats, [])).resolved('0'.repeat(64)), { code: 'agent.unknown' });
  await Catalog.open(nats, packs);
  for (const digest of [first, second]) {
    assert.equal(typeof (await (await Catalog.open(nats, [])).resolved(digest)).definition.metadata.name, 'string');
  }
});

test('what would not fit into one message of the server is refused by name before anything is recorded of it', async () => {
  const [pack] = await loadPacks([LIBRARY.AGENT_PLATFORM_PACKS], { log: pino({ level: 'silent' }) });
  const [name, agent] = [...(pack?.agents ?? [])][0] ?? [];
  assert.ok(pack && name && agent);
  const prompt = 'x'.repeat(nats.info?.max_payload ?? 0);
  const large = { digest: 'large', resolved: { ...agent.resolved, prompt } };
  await assert.rejects(Catalog.open(nats, [{ ...pack, agents: new Map([[name, large]]) }]), {
    code: 'message.too_large',
    message: new RegExp(`^what is recorded of the agent ${name} .* is \\d+ bytes, and the server takes messages of`),
  });
});

test('a start of a schedule that finds no room for its announcement is refused with a code', async () => {
  const clockwork = await Clockwork.open(nats, jsm, new Publisher(nats), () => new Date());
  const { config } = await jsm.streams.info('KV_SCHEDULES');
  await jsm.streams.update('KV_SCHEDULES', { ...config, max_bytes: 100 });
  const announced = { batch: 'b'.repeat(500), targets: [] };
  await assert.rejects(clockwork.takeTurn('town', 'weekly', 0, announced), { code: 'storage.full' });
  await jsm.streams.update('KV_SCHEDULES', { ...config, max_bytes: -1 });
  assert.equal(await clockwork.takeTurn('town', 'weekly', 0, announced), true);
});

test('doctor warns of limits by which the server drops timers, mail or records', async () => {
  const warned = async () =>
    (await examineStreams(nats, servers().settings, []))
      .filter(({ level }) => level === 'warn')
      .map(({ text }) => text);
  assert.deepEqual(await warned(), []);
  for (const name of ['MAIL', 'MEMORY']) {
    const { config } = await jsm.streams.info(name);
    await jsm.streams.update(name, { ...config, max_age: 60e9, duplicate_window: 60e9 });
  }
  const { config } = await jsm.streams.info('JOURNAL_0');
  await jsm.streams.update('JOURNAL_0', { ...config, max_msgs_per_subject: 1 });
  const [journal = '', mail = '', memory = '', ...more] = await warned();
  assert.deepEqual(more, []);
  assert.match(journal, /^JOURNAL_0: .*, with a limit of 1 messages of a subject: the server drops what nothing can/);
  assert.match(mail, /^MAIL: .*, with an age limit of 60 s: the server drops timers, schedules and mail$/);
  assert.match(memory, /^MEMORY: .*, with an age limit of 60 s: the server drops what nothing can make again$/);
});

test.run();
