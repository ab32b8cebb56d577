import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import pino from 'pino';
import { reconcile } from '../../actors/reconcile.ts';
import { startBatch } from '../../bridge/commands/start-batch.ts';
import { listTasks } from '../../bridge/views/human.ts';
import { keepReconciled } from '../../bridge/serve/keep-reconciled.ts';
import { flattenTree, type RunTree, readRun, waitingOf } from '../../bridge/journals/runs.ts';
import { settleBatch } from '../../bridge/follow/settle.ts';
import { type StoredEvent, tailTopic } from '../../bridge/follow/topic-events.ts';
import { PlatformError } from '../../config/errors.ts';
import { chain, type TestPlatform, withPlatforms } from '../support/platform.ts';
import { suite } from '../support/suite.ts';

const test = suite('reconcile: what is no record is made again', { timeoutMs: 120_000 });
const platforms = withPlatforms(test);
const signal = new AbortController().signal;
const TOPICS = ['csm_alerts', 'csm_briefings'];

async function eventsOn({ platform }: TestPlatform): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  for (const topic of TOPICS) {
    const onEvent = (event: StoredEvent) => void events.push(event);
    await tailTopic(platform, topic, { limit: 1000, follow: false, signal, onEvent });
  }
  return events;
}

const ids = (events: StoredEvent[]) => events.map(({ topic, id }) => `${topic} ${id}`).toSorted();

/** What the journals say was emitted by calls, and the reports of briefings, each with the time of its entry. */
function journaledEvents(trees: RunTree[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const { entries, agent, address, state } of trees.flatMap(flattenTree)) {
    for (const { at, events } of entries) {
      for (const event of events) {
        const created = event.type === 'tool.settled' ? event.created?.event : undefined;
        if (created) found.set(`${created.topic} ${created.id}`, at);
      }
    }
    if (agent === 'csm_briefing' && state === 'completed') {
      found.set(`csm_briefings ${address.run}-${address.path}-report`, entries.at(-1)?.at ?? '');
    }
  }
  return found;
}

test('MAIL, timers, topics and Redis are deleted while runs are in flight: they go on, nothing appears twice', async () => {
  const [asker, first, second] = [await platforms({ works: false }), await platforms(), await platforms()];
  const { platform } = asker;
  const { jsm, nc, runtime, redis } = platform;
  const { address, targets } = await startBatch(platform, { schedule: 'weekly_health_check', batch: 'all-lost' });
  const runs = targets.map((target) => `${address.run}-${target}`);
  let settled = 0;
  let losses = 0;
  let someSettled = (): void => {};
  const losing = new Promise<void>((resolve) => {
    someSettled = resolve;
  });
  await Promise.all([
    settleBatch(platform, address, runs, {
      signal,
      onSettled: () => {
        settled += 1;
        if (settled === 4) someSettled();
      },
    }),
    losing.then(async () => {
      for (; losses < 3; losses++) {
        for (const stream of ['MAIL', ...TOPICS.map((topic) => `TOPIC_${topic}`)]) await jsm.streams.delete(stream);
        await redis.flushall();
        await reconcile(nc, runtime, { allEvents: true });
      }
    }),
  ]);
  assert.equal(losses, 3);
  await Promise.all([first.worker.settled(), second.worker.settled()]);

  const trees: RunTree[] = [];
  for (const run of runs) {
    const tree = await readRun(runtime.journal, { ...address, run });
    assert.ok(tree);
    assert.ok(tree.state === 'completed' || waitingOf(tree), `${run} is ${tree.state}`);
    assert.ok(chain(tree).filter((line) => line.startsWith('0 completed')).length <= 1, run);
    trees.push(tree);
  }
  // What was emitted between the last look and the loss may be missing until the next one.
  const { events_left_out } = await reconcile(nc, runtime, { allEvents: true });
  assert.equal(events_left_out, 0);
  const events = await eventsOn(asker);
  const journaled = journaledEvents(trees);
  assert.ok(journaled.size > 4, `${journaled.size} events`);
  assert.deepEqual(ids(events), [...journaled.keys()].toSorted());
  const { state } = await jsm.streams.info('MEMORY', { subjects_filter: '>' });
  assert.ok(Object.values(state.subjects ?? {}).every((count) => count === 1));
  const stored = trees
    .flatMap(flattenTree)
    .flatMap(({ context }) =>
      context.turns.flatMap(({ calls }) => calls.flatMap((call) => call.created?.memory ?? [])),
    );
  assert.equal(new Set(stored).size, stored.length);

  // They carry what they carried, at the time that the journal has.
  await jsm.streams.purge('TOPIC_csm_alerts');
  await jsm.streams.delete('TOPIC_csm_briefings');
  const { events_created } = await reconcile(nc, runtime);
  assert.equal(events_created, events.length);
  const again = await eventsOn(asker);
  const bare = ({ seq: _seq, time: _time, ...event }: StoredEvent) => event;
  const sorted = (all: StoredEvent[]) => all.map(bare).toSorted((a, b) => a.id.localeCompare(b.id));
  assert.deepEqual(sorted(again), sorted(events));
  for (const { topic, id, time } of again) assert.equal(time, journaled.get(`${topic} ${id}`));
});

test('a question to a person gets its due time back when the timers are lost', async () => {
  const { platform } = await platforms();
  const { jsm, nc, runtime } = platform;
  const timers = async () => {
    const { state } = await jsm.streams.info('MAIL', { subjects_filter: 'timer.>' });
    return Object.keys(state.subjects ?? {}).toSorted();
  };
  // A question stands in the journal a moment before its timer is set.
  const asked = (await listTasks(platform, { limit: 1000 })).length;
  assert.ok(asked > 0, 'the runs that wait since the test before');
  while ((await timers()).length < asked);
  const before = await timers();
  await jsm.streams.delete('MAIL');
  await reconcile(nc, runtime);
  while ((await timers()).length < before.length);
  assert.deepEqual(await timers(), before);
});

test('a connection that came back is followed by reconciling, and by what else its process keeps there', async () => {
  const { platform } = await platforms({ works: false });
  const { jsm, nc } = platform;
  const done = new AbortController();
  const returned = new Promise<void>((resolve) => {
    void keepReconciled(platform, done.signal, async () => resolve()).then(async () => {
      await jsm.streams.delete('MAIL');
      await jsm.streams.purge('TOPIC_csm_alerts');
      await nc.reconnect();
    });
  });
  await returned;
  done.abort();
  assert.ok((await jsm.streams.info('MAIL')).state.messages > 0, 'wake-ups');
  assert.ok((await jsm.streams.info('TOPIC_csm_alerts')).state.messages > 0);
});

test('only a topic that holds nothing is gone through unasked, and once', async () => {
  const asker = await platforms({ works: false });
  const { jsm, nc, runtime } = asker.platform;
  const before = ids(await eventsOn(asker));
  assert.ok(before.length > 1, 'the runs of the test before');
  const { state } = await jsm.streams.info('TOPIC_csm_alerts');
  await jsm.streams.deleteMessage('TOPIC_csm_alerts', state.first_seq);
  assert.equal((await reconcile(nc, runtime)).events_created, 0);
  assert.equal((await reconcile(nc, runtime, { allEvents: true })).events_created, 1);
  assert.deepEqual(ids(await eventsOn(asker)), before);
});

test('what is older than its topic keeps events is not made again', async () => {
  const asker = await platforms({ works: false });
  const { jsm, nc, runtime } = asker.platform;
  const days = (count: number) => count * 86_400_000;
  const [kept] = await eventsOn(asker);
  assert.ok(kept);
  await jsm.streams.purge('TOPIC_csm_alerts');
  await jsm.streams.update('TOPIC_csm_alerts', { max_age: days(3) * 1e6 });
  const after = (ms: number) => ({ ...runtime, now: () => new Date(Date.now() + ms) });
  assert.equal((await reconcile(nc, after(days(2) + 60_000))).events_created, 0);
  assert.equal((await reconcile(nc, after(days(2) - 600_000))).events_created, 0, 'it was gone through already');
  const { events_created } = await reconcile(nc, after(days(2) - 600_000), { allEvents: true });
  assert.ok(events_created > 0);
});

test('a start whose reconciling failed reconciles all the same, as soon as it can, and says once that it failed', async () => {
  const { platform } = await platforms({ works: false });
  const { jsm, runtime } = platform;
  const { clockwork } = runtime;
  const rearm = clockwork.rearm.bind(clockwork);
  let failures = 0;
  clockwork.rearm = async () => {
    if (failures === 3) return rearm();
    failures += 1;
    throw new PlatformError('journal.cut_off', 'the server fell silent');
  };
  const said: { level: number; msg: string }[] = [];
  const done = new AbortController();
  const succeeded = new Promise<void>((resolve) => {
    const write = (line: string): void => {
      said.push(JSON.parse(line));
      if (said.at(-1)?.msg === 'reconciling succeeded') resolve();
    };
    runtime.log = pino({ level: 'info' }, { write });
  });
  await jsm.streams.delete('MAIL');
  await keepReconciled(platform, done.signal, undefined, { leastMs: 1 });
  await succeeded;
  done.abort();
  assert.ok((await jsm.streams.info('MAIL')).state.messages > 0, 'wake-ups');
  assert.equal(failures, 3);
  assert.deepEqual(
    said.filter(({ level }) => level >= 40).map(({ msg }) => msg),
    ['reconciling failed; it is tried again until it succeeds'],
  );
});

test('who looks now and then for what lies still waits its time anew when another begins to', async () => {
  const { platform } = await platforms({ works: false });
  const { nc, runtime } = platform;
  const { clockwork } = runtime;
  const everyMs = 600;
  const done = new AbortController();
  const rearm = clockwork.rearm.bind(clockwork);
  let looked = (): void => {};
  clockwork.rearm = () => {
    looked();
    return rearm();
  };
  const others: string[] = [];
  const listening = nc.subscribe('reconciling.>', { callback: (_, { subject }) => void others.push(subject) });
  await keepReconciled(platform, done.signal, undefined, { everyMs, stillMs: 0 });
  while (others.length === 0) await nc.flush();
  const [subject = ''] = others;
  let last = 0;
  for (let told = 0; told < 30; told++) {
    await pause(30);
    nc.publish(subject);
    last = performance.now();
    await nc.flush();
  }
  const told = others.length;
  await new Promise<void>((resolve) => {
    looked = resolve;
  });
  assert.ok(performance.now() - last > 0.75 * everyMs, `it waited ${performance.now() - last} ms`);
  assert.equal(others.length, told + 1, 'it says that it begins');
  done.abort();
  listening.unsubscribe();
});

test.run();
