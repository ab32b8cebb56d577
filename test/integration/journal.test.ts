import assert from 'node:assert/strict';
import type { NatsConnection } from 'nats';
import { connectNats } from '../../runtime/bus/connect.ts';
import { ensureStreams } from '../../runtime/bus/streams.ts';
import { ENTRY_VERSION, type Entry } from '../../runtime/journal/entry.ts';
import { Journal } from '../../runtime/journal/journal.ts';
import { withServers } from '../support/servers.ts';
import { suite } from '../support/suite.ts';

const test = suite('the journal');
const servers = withServers(test);
let nc: NatsConnection;
let journal: Journal;

test.before(async () => {
  nc = await connectNats(servers().services.nats, { name: 'journal test' });
  const { shards } = await ensureStreams(nc, { shards: 3, topics: [] });
  journal = new Journal(nc, shards);
});
test.after(async () => nc.close());

const at = (run: string, path = '0') => ({ tenant: 'default', run, path });

function entry(key: string, change: Partial<Entry> = {}): Entry {
  return {
    v: ENTRY_VERSION,
    at: '2026-11-16T00:00:00.000Z',
    writer: 'w',
    key,
    agent: 'librarian',
    subject: null,
    events: [{ type: 'completed' }],
    state: 'completed',
    digest: '0',
    ...change,
  };
}

test('only the writer who read the last entry appends behind it; the other is fenced', async () => {
  const first = await journal.append(at('fence'), entry('a'), 0);
  assert.equal(first.status, 'appended');
  assert.deepEqual(await journal.append(at('fence'), entry('b'), 0), { status: 'fenced' });
  const seq = first.status === 'appended' ? first.seq : 0;
  assert.equal((await journal.append(at('fence'), entry('c'), seq)).status, 'appended');
  assert.deepEqual(
    (await journal.read(at('fence'))).map(({ key }) => key),
    ['a', 'c'],
  );
});

test('an append whose ack was lost is found by its key, not made twice', async () => {
  const first = await journal.append(at('lost'), entry('a'), 0);
  assert.deepEqual(await journal.append(at('lost'), entry('a'), 0), first);
  assert.equal((await journal.read(at('lost'))).length, 1);
});

test('of many writers at once, one appends', async () => {
  const tries = await Promise.all(Array.from({ length: 20 }, (_, i) => journal.append(at('race'), entry(`w${i}`), 0)));
  assert.equal(tries.filter(({ status }) => status === 'appended').length, 1);
});

test('a journal longer than one read, and its tail, are read whole and in order', async () => {
  let seq = 0;
  for (let i = 0; i < 1201; i++) {
    const appended = await journal.append(at('long'), entry(`${i}`), seq);
    if (appended.status === 'appended') seq = appended.seq;
  }
  const entries = await journal.read(at('long'));
  assert.deepEqual(
    entries.map(({ key }) => Number(key)),
    Array.from({ length: 1201 }, (_, i) => i),
  );
  const half = entries[600];
  assert.deepEqual(
    (await journal.read(at('long'), half?.seq)).map(({ key }) => key),
    entries.slice(601).map(({ key }) => key),
  );
  assert.equal((await journal.tail(at('long')))?.key, '1200');
});

test('a run of any characters has its own journal; what has none reads empty', async () => {
  for (const run of ['a.b', 'a b', '*', '>', 'a/%2Eb', 'ä🙂']) {
    assert.equal((await journal.append(at(run), entry(run), 0)).status, 'appended');
    assert.deepEqual(
      (await journal.read(at(run))).map(({ key }) => key),
      [run],
    );
  }
  assert.deepEqual(await journal.read(at('nobody')), []);
  assert.equal(await journal.tail(at('nobody')), null);
});

test('the number of shards is fixed by the first process that made them', async () => {
  assert.deepEqual(await ensureStreams(nc, { shards: 8, topics: [] }), { shards: 3 });
});

test('an entry of a newer version is not read but named', async () => {
  await journal.append(at('newer'), entry('a', { v: 2 as typeof ENTRY_VERSION }), 0);
  await assert.rejects(journal.read(at('newer')), { code: 'journal.newer', message: /found version 2/ });
});

test('an entry larger than the server accepts is a coded error', async () => {
  const huge = entry('a', { subject: 'x'.repeat(2 * 1024 * 1024) });
  await assert.rejects(journal.append(at('huge'), huge, 0), { code: 'message.too_large' });
});

test.run();
