import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { batchBehaviour } from '../../actors/batch/behaviour.ts';
import { batchMachine } from '../../actors/batch/machine.ts';
import { emptyFold, step } from '../../actors/fold.ts';
import type { Forwarded } from '../../actors/forwarding.ts';
import { getBatch } from '../../bridge/views/answers.ts';
import { BatchView, StartAnswer } from '../../bridge/contract/schemas.ts';
import { startTargets } from '../../bridge/commands/start-targets.ts';
import { readBatch, runsOf } from '../../bridge/journals/batch-journal.ts';
import { cancelRun } from '../../bridge/commands/cancel.ts';
import { startBatch } from '../../bridge/commands/start-batch.ts';
import { readRun } from '../../bridge/journals/runs.ts';
import { settleBatch } from '../../bridge/follow/settle.ts';
import { standingOf } from '../../bridge/views/target-standing.ts';
import { watchJournals } from '../../bridge/follow/watch.ts';
import { type Address, addressKey } from '../../runtime/address.ts';
import type { BatchEvent } from '../../runtime/journal/entry.ts';
import type { ModelProvider } from '../../runtime/model/provider.ts';
import { type AgentReport, noUsage } from '../../runtime/report.ts';
import { batchAgent, mailSubject, workerSubject } from '../../runtime/subjects.ts';
import { appOf } from '../support/http.ts';
import { type PlatformOptions, type TestPlatform, withPlatforms } from '../support/platform.ts';
import { suite } from '../support/suite.ts';

const test = suite('a batch with more targets than its window', { timeoutMs: 60_000 });
const platforms = withPlatforms(test);
const PACK = resolve(import.meta.dirname, '../packs/library');
const BOOKS = Array.from({ length: 12 }, (_, i) => `book-${i}`);
const WINDOW = 5;
/** What a message of NATS holds unless its server says otherwise. */
const MESSAGE_BYTES = 1024 * 1024;
const trace = { correlation_id: 'test' };
const signal = new AbortController().signal;

const shelf = mkdtempSync(join(tmpdir(), 'long-list-'));
cpSync(join(PACK, 'shelf'), shelf, { recursive: true });
writeFileSync(join(shelf, 'books.csv'), `book,state\n${BOOKS.map((book) => `${book},on the shelf`).join('\n')}\n`);
test.after(() => rmSync(shelf, { recursive: true }));

async function open(options: PlatformOptions = {}): Promise<TestPlatform> {
  const opened = await platforms({ packs: [PACK], data: shelf, ...options });
  opened.platform.runtime.batchWindow = WINDOW;
  return opened;
}

async function journalOf({ platform }: TestPlatform, address: Address) {
  return (await readBatch(platform.runtime.journal, address)) ?? assert.fail(`there is no batch ${address.run}`);
}

/** A model that never answers, and a promise that a window of runs asks it. */
function heldModel() {
  let asked = 0;
  let all = () => {};
  const windowIsFull = new Promise<void>((done) => {
    all = done;
  });
  const held = (inner: ModelProvider): ModelProvider => ({
    ...inner,
    reply: async (_request, stop) => {
      asked += 1;
      if (asked === WINDOW) all();
      return new Promise((_, reject) => stop.addEventListener('abort', () => reject(stop.reason), { once: true }));
    },
  });
  return { held, windowIsFull };
}

/** Each event in short: how many are begun, or `-` for a report. */
function course(events: readonly BatchEvent[]): string {
  return events
    .flatMap((event) => (event.type === 'targets.started' ? event.count : event.type === 'child.reported' ? '-' : []))
    .join(' ');
}

test('has no more runs open at once, and begins the next one with each report', async () => {
  const opened = await open();
  const { address, trees } = await opened.batch({ schedule: 'weekly_stocktaking', batch: 'long' });
  assert.deepEqual(
    [...trees.values()].map(({ state }) => state),
    BOOKS.map(() => 'completed'),
  );
  const { state, entries } = await journalOf(opened, address);
  assert.equal(state, 'completed');
  let open_ = 0;
  for (const each of course(entries.flatMap(({ events }) => events as BatchEvent[])).split(' ')) {
    open_ += each === '-' ? -1 : 1;
    assert.ok(open_ <= WINDOW, 'more are begun than the window holds');
  }
  assert.equal(open_, 0);
});

test('goes on where it was when its worker dies while it begins runs', async () => {
  const opened = await open({ ackWaitMs: 300 });
  const { nc, runtime } = opened.platform;
  const { address } = await startBatch(opened.platform, { schedule: 'weekly_stocktaking', batch: 'killed' });
  // What is asked for amid a block that begins: whoever is killed there has begun nothing of it, or a part.
  const { catalog } = runtime;
  const release = catalog.release.bind(catalog);
  let kills = 0;
  catalog.release = async (digest) => {
    if (kills < 3) {
      const request = JSON.stringify({ type: 'kill', key: addressKey(address) });
      const reply = await nc.request(workerSubject(runtime.worker), request, { timeout: 10_000 });
      if (reply.json() === 'stopped') kills += 1;
    }
    return release(digest);
  };
  const ended = new AbortController();
  await watchJournals(nc, runtime.journal, {
    tenant: address.tenant,
    runs: [address.run],
    signal: ended.signal,
    onEntry: async (_, { state }) => {
      if (state === 'completed' || state === 'failed') ended.abort();
    },
  });
  const { state, entries } = await journalOf(opened, address);
  const events = entries.flatMap((entry) => entry.events as BatchEvent[]);
  assert.deepEqual([state, events.filter(({ type }) => type === 'child.reported').length], ['completed', BOOKS.length]);
  assert.equal(kills, 3);
});

test('cancelled, ends what it has begun; the rest never begins', async () => {
  const { held, windowIsFull } = heldModel();
  const opened = await open({ model: held });
  const { platform } = opened;
  const request = { all: true, batch: 'cancelled' } as const;
  const answer = await startTargets(platform, null, 'weekly_stocktaking', request, trace);
  assert.equal(answer.accepted.length, BOOKS.length);
  await windowIsFull;
  const address = { tenant: 'default', run: 'cancelled', path: '0' };
  const going = await getBatch(platform, address.tenant, address.run);
  assert.deepEqual([going.state, going.runs.length], ['running', BOOKS.length]);
  assert.equal(going.outcomes['accepted'], BOOKS.length - WINDOW, 'those that wait for room are accepted');
  const again = await startTargets(platform, null, 'weekly_stocktaking', { all: true }, trace);
  assert.equal(again.running.length, BOOKS.length, 'they are in hand, too');

  const done = await cancelRun(platform, address, { by: 'ada', reason: 'not needed' });
  assert.deepEqual([done.state, done.ending], ['cancelled', []]);
  const runs = runsOf(await journalOf(opened, address));
  assert.ok(
    await settleBatch(
      platform,
      address,
      runs.map(({ run }) => run),
      { signal },
    ),
  );
  const batch = await journalOf(opened, address);
  const stands = await Promise.all(
    runs.map(async (each) =>
      standingOf(batch, each, await readRun(platform.runtime.journal, { ...address, run: each.run })),
    ),
  );
  const words = stands.map((each) => each.words);
  assert.deepEqual(
    words,
    BOOKS.map((_, i) => (i < WINDOW ? 'cancelled' : 'never begun')),
  );
  assert.ok(stands.every((each) => each.state === 'cancelled'));
  const ended = await getBatch(platform, address.tenant, address.run);
  assert.deepEqual(ended.outcomes, { cancelled: BOOKS.length }, 'no run is accepted that never begins');
});

test('is told in parts that a message of NATS holds; the parts are the whole, and the counts are of all', async () => {
  const many = mkdtempSync(join(tmpdir(), 'many-books-'));
  try {
    const books = Array.from({ length: 1_200 }, (_, i) => `${i}-${'x'.repeat(150)}`);
    writeFileSync(join(many, 'books.csv'), `book,state\n${books.map((book) => `${book},on the shelf`).join('\n')}\n`);
    const { held, windowIsFull } = heldModel();
    const opened = await open({ data: many, model: held });
    const request = { all: true, batch: 'many' } as const;
    const started = await startTargets(opened.platform, null, 'weekly_stocktaking', request, trace);
    assert.ok(Buffer.byteLength(JSON.stringify(started)) < MESSAGE_BYTES);
    assert.equal(started.accepted.length + (started.more?.accepted ?? 0), books.length);
    assert.deepEqual(StartAnswer.parse(started), started);
    await windowIsFull;
    const app = appOf(opened);
    const told: string[] = [];
    for (let from: number | undefined = 0, parts = 0; from !== undefined; parts++) {
      const answer = await app.request(`/batches/many${from === 0 ? '' : `?from=${from}`}`);
      const text = await answer.text();
      assert.equal(answer.status, 200, text);
      assert.ok(Buffer.byteLength(text) < MESSAGE_BYTES && parts < 10);
      const view = BatchView.parse(JSON.parse(text));
      const counted = Object.values(view.outcomes).reduce((sum, count) => sum + count, 0);
      assert.equal(counted, books.length);
      told.push(...view.runs.map(({ target }) => target));
      from = view.next;
    }
    assert.deepEqual(told, books);
    assert.equal((await app.request('/batches/many?from=-1')).status, 400);
    const again = await startTargets(opened.platform, null, 'weekly_stocktaking', { all: true }, trace);
    assert.deepEqual([again.batch, again.running.length + (again.more?.running ?? 0)], [null, books.length]);
    const address = { tenant: 'default', run: 'many', path: '0' };
    assert.equal((await cancelRun(opened.platform, address, { by: 'ada', reason: 'not needed' })).state, 'cancelled');
  } finally {
    rmSync(many, { recursive: true });
  }
});

test('of reports that come again while it begins runs, only the last takes it up: its worker may have died', async () => {
  const opened = await open({ works: false });
  const { runtime } = opened.platform;
  const address = { tenant: 'default', run: 'again', path: '0' };
  const batch = { schedule: 'weekly_stocktaking', as_of: '2026-01-31', data: shelf, only: null };
  let { snapshot } = emptyFold(batchMachine);
  const targets = BOOKS.map((id) => ({ id, payload: { book: id } }));
  const events: BatchEvent[] = [
    { type: 'invoked', address, batch, trace },
    { type: 'admitted', worker: 'w', verdicts: [] },
    { type: 'targets.listed', targets, window: WINDOW },
    ...[1, 2, 3, 4].map((count): BatchEvent => ({ type: 'targets.started', count })),
    ...['book-0', 'book-2'].map(
      (id): BatchEvent => ({ type: 'child.reported', run: `again-${id}`, outcome: 'completed' }),
    ),
  ];
  for (const event of events) snapshot = step(batchMachine, snapshot, event);
  assert.equal(snapshot.value, 'starting');
  const behaviour = batchBehaviour(runtime, batchMachine);
  const found = async (id: string) => {
    const report = { outcome: 'completed', children: [], data: null } as unknown as AgentReport;
    const mail = { type: 'child.reported' as const, from: { run: `again-${id}`, path: '0' }, report };
    return (await behaviour.receive(snapshot, mail)).found;
  };
  assert.deepEqual([await found('book-0'), await found('book-2'), await found('book-1')], ['known', 'held', 'open']);
});

test('the last report stays with the worker that holds it while runs are begun: else nothing would bring the batch back', async () => {
  const { held } = heldModel();
  const { platform } = await open({ model: held });
  const { nc, runtime } = platform;
  let arrived = (): void => {};
  const beginning = new Promise<void>((resolve) => (arrived = resolve));
  let go = (): void => {};
  const gate = new Promise<void>((resolve) => (go = resolve));
  const start = runtime.mailer.start.bind(runtime.mailer);
  runtime.mailer.start = async (to, carried) => {
    if (to.run.endsWith('-book-4')) {
      arrived();
      await gate;
    }
    return start(to, carried);
  };
  const { address } = await startBatch(platform, { schedule: 'weekly_stocktaking', batch: 'forwarded' });
  await beginning;
  const report = { outcome: 'completed', text: '', data: null, turns: 1, usage: noUsage(), children: [] };
  let seq = 1_000_000;
  const forwarded = async (id: string): Promise<Forwarded> => {
    const mail = { type: 'child.reported', from: { run: `forwarded-${id}`, path: '0' }, report };
    const subject = mailSubject({ ...address, agent: batchAgent('weekly_stocktaking') });
    const request = { type: 'forward', subject, seq: seq++, body: JSON.stringify(mail) };
    return (await nc.request(workerSubject(runtime.worker), JSON.stringify(request), { timeout: 20_000 })).json();
  };
  assert.equal(await forwarded('book-0'), 'mine');
  assert.equal(await forwarded('book-1'), 'mine');
  assert.deepEqual([await forwarded('book-0'), await forwarded('book-1')], ['journaled', 'mine']);
  go();
  await cancelRun(platform, address, { by: 'ada', reason: 'not needed' });
});

test.run();
