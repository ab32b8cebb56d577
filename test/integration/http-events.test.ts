import assert from 'node:assert/strict';
import type { Subscription } from 'nats';
import { RunEvent } from '../../bridge/contract/schemas.ts';
import type { Platform } from '../../bridge/platform/platform.ts';
import { newsOf } from '../../bridge/follow/journal-news.ts';
import { flattenTree } from '../../bridge/journals/runs.ts';
import type { Entry } from '../../runtime/journal/entry.ts';
import { journalStream, shardOf } from '../../runtime/subjects.ts';
import { readEvents, type ServerSentEvent } from '../support/event-stream.ts';
import { appOf, gatedModel, LIBRARY, listening, post, STOCK } from '../support/http.ts';
import { type TestPlatform, withPlatforms } from '../support/platform.ts';
import { suite } from '../support/suite.ts';

const test = suite('a run’s events by HTTP');
// Doors close before the platforms they belong to.
const closing: (() => Promise<void>)[] = [];
test.after.each(async () => {
  for (const close of closing.splice(0)) await close();
});
const platforms = withPlatforms(test);
const MISSING = { ...STOCK, payload: { book: 'persuasion' } };

const UNTIL_MS = 20_000;
/** How many entries of a journal are read at once. */
const AHEAD = 32;

async function open(opened: TestPlatform, options: Parameters<typeof listening>[1] = {}): Promise<string> {
  const { door, url } = await listening(opened, options);
  closing.push(() => door.stop());
  return url;
}

function short({ data }: ServerSentEvent): string {
  const { path, state, events } = RunEvent.parse(data);
  return `${path} ${state}: ${events.map(({ type }) => type).join('+')}`;
}

/** Of how many runs somebody hears by this connection. */
async function heard({ nc, runtime }: Platform): Promise<number> {
  await nc.flush();
  const shards = Array.from({ length: runtime.journal.shards }, (_, shard) => shard);
  return shards.reduce((sum, shard) => sum + newsOf(nc, shard).heard, 0);
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + UNTIL_MS; !(await holds()); ) assert.ok(performance.now() < end, what);
}

test('an ended run is told from its first entry to its last, all invocations in order, and the stream ends', async () => {
  const opened = await platforms(LIBRARY);
  const tree = await opened.run(MISSING);
  const url = await open(opened);
  const reader = await readEvents(`${url}/runs/${tree.address.run}/events`);
  assert.equal(reader.status, 200);
  assert.match(reader.headers['content-type'] ?? '', /^text\/event-stream/);
  const events = await reader.rest();
  const entries = flattenTree(tree).flatMap((each) => each.entries);
  assert.deepEqual(
    events.map(({ id }) => Number(id)),
    entries.map(({ seq }) => seq).sort((a, b) => a - b),
  );
  assert.ok(events.every(({ event }) => event === 'entry'));
  assert.equal(events.map(short)[0], '0 admitting: invoked');
  assert.match(events.map(short).at(-1) ?? '', /^0 completed: .*completed$/);
  assert.ok(events.some((event) => short(event).startsWith('0-1 ')));
  assert.equal(await heard(opened.platform), 0);
});

test('what a stream tells holds no path of this machine and no prompt', async () => {
  const opened = await platforms(LIBRARY);
  const tree = await opened.run(MISSING);
  const text = await (await appOf(opened).request(`/runs/${tree.address.run}/events`)).text();
  for (const secret of ['/shelf', import.meta.dirname, '"facts"', '"definition"', '"input"']) {
    assert.ok(!text.includes(secret), secret);
  }
});

test('a client that comes back after any event misses none and gets none twice', async () => {
  const opened = await platforms(LIBRARY);
  const tree = await opened.run(MISSING);
  const path = `/runs/${tree.address.run}/events`;
  const url = await open(opened);
  const all = await (await readEvents(url + path)).rest();
  for (const [at, { id }] of all.slice(0, -1).entries()) {
    const rest = await (await readEvents(url + path, { 'last-event-id': id })).rest();
    assert.deepEqual(rest, all.slice(at + 1));
  }
  const last = all.at(-1)?.id ?? '';
  const over = await readEvents(url + path, { 'last-event-id': last });
  assert.equal(over.status, 204);
});

test('a live run is told as it happens; a client that leaves in between goes on from its last id', async () => {
  const gate = gatedModel();
  const opened = await platforms({ ...LIBRARY, model: gate.model });
  const url = await open(opened, { heartbeatMs: 20 });
  await post(appOf(opened), '/run', { ...MISSING, run_id: 'live' }, { prefer: 'respond-async' });
  const first = await readEvents(`${url}/runs/live/events`);
  const seen = [await first.next(), await first.next()].filter((event) => event !== null);
  assert.deepEqual(seen.map(short), ['0 admitting: invoked', '0 thinking: admitted']);
  first.close();

  const second = await readEvents(`${url}/runs/live/events`, { 'last-event-id': seen.at(-1)?.id ?? '' });
  gate.open();
  const rest = await second.rest();
  const whole = await (await readEvents(`${url}/runs/live/events`)).rest();
  assert.deepEqual([...seen, ...rest], whole);
  assert.match(short(whole.at(-1) as ServerSentEvent), /^0 completed/);
});

test('silence is filled with comments', async () => {
  const gate = gatedModel();
  const opened = await platforms({ ...LIBRARY, model: gate.model });
  const url = await open(opened, { heartbeatMs: 10 });
  await post(appOf(opened), '/run', { ...STOCK, run_id: 'quiet' }, { prefer: 'respond-async' });
  const reader = await readEvents(`${url}/runs/quiet/events`);
  await reader.next();
  await reader.next();
  const third = reader.next();
  await until('no comment came', async () => {
    await opened.platform.nc.flush();
    return reader.comments() >= 3;
  });
  gate.open();
  assert.ok(await third);
  await reader.rest();
});

test('nobody hears of a run whose client went away; the run goes on', async () => {
  const gate = gatedModel();
  const opened = await platforms({ ...LIBRARY, model: gate.model });
  const url = await open(opened);
  await post(appOf(opened), '/run', { ...STOCK, run_id: 'left' }, { prefer: 'respond-async' });
  const reader = await readEvents(`${url}/runs/left/events`);
  await reader.next();
  assert.equal(await heard(opened.platform), 1);
  reader.close();
  await until('it is heard on', async () => (await heard(opened.platform)) === 0);
  gate.open();
  const rest = await (await readEvents(`${url}/runs/left/events`)).rest();
  assert.match(short(rest.at(-1) as ServerSentEvent), /completed$/);
});

test('a closing door ends its streams', async () => {
  const gate = gatedModel();
  const opened = await platforms({ ...LIBRARY, model: gate.model });
  const { door, url } = await listening(opened);
  await post(appOf(opened), '/run', { ...STOCK, run_id: 'closed' }, { prefer: 'respond-async' });
  const reader = await readEvents(`${url}/runs/closed/events`);
  await reader.next();
  const [, rest] = await Promise.all([door.stop(), reader.rest()]);
  assert.ok(rest.length <= 1);
  assert.equal(await heard(opened.platform), 0);
  gate.open();
});

/** Requests for messages of the stream that a run's journal is in. */
function reads({ platform }: TestPlatform, run: string): Subscription {
  const shard = shardOf(run, platform.runtime.journal.shards);
  return platform.nc.subscribe(`$JS.API.DIRECT.GET.${journalStream(shard)}`);
}

/** A long journal: a run of this many entries that never ends, each with as much text. */
async function longRun({ platform }: TestPlatform, run: string, count: number, bytes: number): Promise<void> {
  const { journal } = platform.runtime;
  const reason = 'x'.repeat(bytes);
  let after = 0;
  for (let i = 0; i < count; i++) {
    const escalation = { rule: 'long', target: 'human' as const, reason };
    const entry: Entry = {
      v: 1,
      at: '2026-11-14T00:00:00.000Z',
      writer: 'w-test',
      key: `${run}-${i}`,
      agent: 'librarian',
      subject: null,
      events: [{ type: 'escalated', escalation }],
      state: 'thinking',
      digest: '',
    };
    const appended = await journal.append({ tenant: 'town', run, path: '0' }, entry, after);
    assert.equal(appended.status, 'appended');
    after = appended.status === 'appended' ? appended.seq : 0;
  }
}

test('a reader that takes nothing holds the journal back, not memory, and then reads all of it', async () => {
  const opened = await platforms({ ...LIBRARY, works: false });
  await longRun(opened, 'long', 400, 50_000);
  const batches = reads(opened, 'long');
  const url = await open(opened);
  const reader = await readEvents(`${url}/runs/long/events`);
  reader.pause();
  const delivered = async (): Promise<number> => {
    await opened.platform.nc.flush();
    return batches.getReceived() * AHEAD;
  };
  // Sockets of both sides hold some megabytes; what counts is that it stops far before the end.
  let last = -1;
  let same = 0;
  await until('the journal was read without a reader', async () => {
    const now = await delivered();
    same = now === last && now > 0 ? same + 1 : 0;
    last = now;
    return same >= 20;
  });
  assert.ok(last < 300, `${last} of 400 entries were read ahead`);
  reader.resume();
  const ids: string[] = [];
  for (let i = 0; i < 400; i++) ids.push((await reader.next())?.id ?? 'end');
  assert.equal(new Set(ids).size, 400);
  assert.ok(!ids.includes('end'));
  reader.close();
  await until('it is heard on', async () => (await heard(opened.platform)) === 0);
});

test('a reader that takes nothing for too long is cut off, and nobody hears any more', async () => {
  const opened = await platforms({ ...LIBRARY, works: false });
  await longRun(opened, 'stalled', 400, 50_000);
  const url = await open(opened, { stallMs: 100 });
  // A look at the run's tails, then the stream itself: it may be gone before anybody could ask for it.
  const began = reads(opened, 'stalled');
  const reader = await readEvents(`${url}/runs/stalled/events`);
  reader.pause();
  await until('nothing is read', async () => {
    await opened.platform.nc.flush();
    return began.getReceived() >= 2;
  });
  await until('it is heard on', async () => (await heard(opened.platform)) === 0);
  reader.resume();
  await reader.closed;
});

test.run();
