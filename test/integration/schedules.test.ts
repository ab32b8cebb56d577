import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { reconcile } from '../../actors/reconcile.ts';
import { armSchedules, schedulesOf, takeTick } from '../../bridge/schedules.ts';
import { settleBatch } from '../../bridge/settle.ts';
import { readBatch } from '../../bridge/batch-journal.ts';
import { PlatformError } from '../../config/errors.ts';
import type { ModelProvider } from '../../runtime/model/provider.ts';
import { lastTick, tickName } from '../../runtime/schedules/cron.ts';
import { cronSubject, tickSubject } from '../../runtime/subjects.ts';
import { type TestPlatform, withPlatforms } from '../support/platform.ts';
import { suite } from '../support/suite.ts';

const test = suite('schedules');
const platforms = withPlatforms(test);
const library = { packs: [resolve(import.meta.dirname, '../packs/library')] };
const NAME = 'weekly_stocktaking';

async function stored({ platform }: TestPlatform): Promise<{ seq: number; cron: string } | null> {
  const message = await platform.jsm.streams
    .getMessage('MAIL', { last_by_subj: cronSubject('town', NAME) })
    .catch(() => null);
  return message && { seq: message.seq, cron: message.header.get('Nats-Schedule') };
}

test('are armed once: arming again rewrites nothing, a changed line does', async () => {
  const open = await platforms({ ...library, works: false });
  const [armed] = await armSchedules(open.platform);
  assert.equal(armed?.state.paused, false);
  const first = await stored(open);
  assert.equal(first?.cron, '0 30 5 * * 6');
  await armSchedules(open.platform);
  assert.deepEqual(await stored(open), first);
  const [schedule] = schedulesOf(open.platform);
  assert.ok(schedule);
  await open.platform.runtime.clockwork.arm(schedule.tick, '0 0 7 * * 6');
  assert.equal((await stored(open))?.cron, '0 0 7 * * 6');
});

test('a paused schedule holds no message and stays paused when it is armed; resuming brings it back', async () => {
  const open = await platforms({ ...library, works: false });
  const [schedule] = schedulesOf(open.platform);
  assert.ok(schedule);
  const { clockwork } = open.platform.runtime;
  await clockwork.pause('town', NAME);
  assert.equal(await stored(open), null);
  const [armed] = await armSchedules(open.platform);
  assert.equal(armed?.state.paused, true);
  assert.equal(await stored(open), null);
  await clockwork.resume(schedule.tick, schedule.cron);
  assert.equal((await stored(open))?.cron, schedule.cron);
});

test('a tick missed while nothing ran is made up when the schedule is armed; none from before it was ever armed is', async () => {
  const open = await platforms({ ...library, works: false });
  const { runtime } = open.platform;
  const [schedule] = schedulesOf(open.platform);
  assert.ok(schedule);
  const lastBefore = lastTick(schedule.cron, new Date());
  assert.ok(lastBefore);
  const address = { tenant: 'town', run: `${NAME}-${tickName(lastBefore)}`, path: '0' };
  const real = runtime.now;
  const tickAfter = new Date(lastBefore.getTime() + 7 * 86_400_000);
  const later = { ...address, run: `${NAME}-${tickName(tickAfter)}` };

  await runtime.clockwork.resume(schedule.tick, schedule.cron);
  await armSchedules(open.platform);
  assert.equal(await readBatch(runtime.journal, address), null, 'the tick before it was armed');
  runtime.now = () => new Date(tickAfter.getTime() + 3_600_000);
  await armSchedules(open.platform);
  runtime.now = real;
  assert.equal((await readBatch(runtime.journal, later))?.start.schedule, NAME);
});

test('a tick that the server sends begins one batch, named by the schedule’s own time', async () => {
  let ticked: (next: Date | null) => void;
  const first = new Promise<Date | null>((resolve) => {
    ticked = resolve;
  });
  const open: TestPlatform = await platforms({
    ...library,
    onTick: async (tick, next) => {
      await takeTick(open.platform, tick, next);
      ticked(next);
    },
  });
  const [schedule] = schedulesOf(open.platform);
  assert.ok(schedule);
  // The line says every second; the batch is named by the pack's own line, whose last tick it is taken for.
  await open.platform.runtime.clockwork.resume(schedule.tick, '* * * * * *');
  const next = await first;
  await open.platform.runtime.clockwork.pause('town', NAME);
  assert.ok(next, 'the server says when the next one is due');
  const at = lastTick(schedule.cron, next);
  assert.ok(at);
  const address = { tenant: 'town', run: `${NAME}-${tickName(at)}`, path: '0' };
  const batch = await readBatch(open.platform.runtime.journal, address);
  assert.equal(batch?.start.schedule, NAME);
});

test('a tick delivered twice begins one batch', async () => {
  const open = await platforms(library);
  const [schedule] = schedulesOf(open.platform);
  assert.ok(schedule);
  const next = new Date('2026-11-07T05:30:00.000Z');
  await takeTick(open.platform, schedule.tick, next);
  await takeTick(open.platform, schedule.tick, next);
  const address = { tenant: 'town', run: `${NAME}-20261031T053000Z`, path: '0' };
  const runs = ['emma', 'middlemarch', 'persuasion', 'first-folio'].map((book) => `${address.run}-${book}`);
  await settleBatch(open.platform, address, runs, { signal: new AbortController().signal });
  const batch = await readBatch(open.platform.runtime.journal, address);
  assert.equal(batch?.entries.filter(({ events }) => events.some(({ type }) => type === 'invoked')).length, 1);
  assert.equal(batch.context.pending, 1, 'the rare book waits for a person');
});

test('one that was armed and lost its message is armed again by reconcile, as it was, and its ticks reach a worker', async () => {
  let ticked: (data: string) => void;
  const first = new Promise<string>((resolve) => {
    ticked = resolve;
  });
  const armedAt = '/where/it/was/armed';
  const open = await platforms({
    ...library,
    // A tick that an earlier worker did not finish may come first.
    onTick: async ({ data }) => {
      if (data === armedAt) ticked(data);
    },
  });
  const { jsm, nc, runtime } = open.platform;
  const [schedule] = schedulesOf(open.platform);
  assert.ok(schedule);
  const tick = { ...schedule.tick, data: armedAt };
  await runtime.clockwork.resume(tick, '* * * * * *');
  await jsm.streams.delete('MAIL');
  assert.equal(await runtime.clockwork.isSet('town', NAME), false);
  assert.equal((await reconcile(nc, runtime)).schedules_armed, 1);
  assert.equal((await stored(open))?.cron, '* * * * * *');
  assert.equal(await first, armedAt);
  assert.equal((await reconcile(nc, runtime)).schedules_armed, 0);
  await runtime.clockwork.pause('town', NAME);
});

test('reconcile arms neither what is paused nor what was never armed', async () => {
  const open = await platforms({ ...library, works: false });
  const { jsm, nc, runtime } = open.platform;
  const state = await runtime.clockwork.state('town', NAME);
  assert.ok(state === null || state.paused);
  await jsm.streams.delete('MAIL');
  assert.equal((await reconcile(nc, runtime)).schedules_armed, 0);
  assert.equal(await stored(open), null);
});

test('what was armed before its line and folder were kept has them kept when it is armed again', async () => {
  const open = await platforms({ ...library, works: false });
  const { jsm, nc, runtime } = open.platform;
  const kv = await nc.jetstream().views.kv('SCHEDULES');
  const since = new Date().toISOString();
  await kv.put(`town.${NAME}`, JSON.stringify({ paused: false, since }));
  const [armed] = await armSchedules(open.platform);
  assert.equal(armed?.state.since, since);
  await jsm.streams.delete('MAIL');
  assert.equal((await reconcile(nc, runtime)).schedules_armed, 1);
  assert.equal((await stored(open))?.cron, armed.schedule.cron);
});

test('ticks land with the mail of the schedule’s batches', () => {
  assert.equal(tickSubject('town', NAME), 'mail.town._schedule-weekly_stocktaking.tick.0');
});

const denies = (rehearsal: ModelProvider): ModelProvider => ({
  ...rehearsal,
  reply: async () => {
    throw new PlatformError('model.denied', '401: no such key');
  },
});

test('a tick whose batch has failed is done: neither delivered again nor made up at the next start does it throw', async () => {
  const open = await platforms({ ...library, model: denies });
  const { runtime } = open.platform;
  const [schedule] = schedulesOf(open.platform);
  assert.ok(schedule);
  const tick = new Date('2026-12-05T05:30:00.000Z');
  const next = new Date('2026-12-12T05:30:00.000Z');
  const address = { tenant: 'town', run: `${NAME}-${tickName(tick)}`, path: '0' };
  await runtime.clockwork.resume(schedule.tick, schedule.cron);
  await takeTick(open.platform, schedule.tick, next);
  const runs = ['emma', 'middlemarch', 'persuasion', 'first-folio'].map((book) => `${address.run}-${book}`);
  await settleBatch(open.platform, address, runs, { signal: new AbortController().signal });
  await open.worker.stop();
  const failed = await readBatch(runtime.journal, address);
  assert.deepEqual([failed?.state, failed?.context.error?.code], ['failed', 'model.denied']);

  await takeTick(open.platform, schedule.tick, next);
  runtime.now = () => new Date(next.getTime() - 60_000);
  assert.deepEqual(
    (await armSchedules(open.platform)).map((armed) => armed.schedule.name),
    [NAME],
  );
  assert.equal((await readBatch(runtime.journal, address))?.entries.length, failed?.entries.length);
});

test('a tick whose batch read another folder, with which the schedule was armed then, is done as well', async () => {
  const open = await platforms({ ...library, works: false });
  const { runtime, settings } = open.platform;
  const folders = ['autumn', 'winter'].map((name) => join(settings.stateDir, name));
  for (const folder of folders) cpSync(join(library.packs[0] ?? '', 'shelf'), folder, { recursive: true });
  const [autumn, winter] = folders.map((data) => ({ ...open.platform, settings: { ...settings, data } }));
  assert.ok(autumn && winter);
  const [schedule] = schedulesOf(autumn);
  assert.ok(schedule);
  await runtime.clockwork.resume(schedule.tick, schedule.cron);
  runtime.now = () => new Date(Date.now() + 8 * 86_400_000);
  const tick = lastTick(schedule.cron, runtime.now());
  assert.ok(tick);
  await armSchedules(autumn);
  const [armed] = await armSchedules(winter);
  assert.equal(armed?.state.armed?.data, folders[1]);
  const batch = await readBatch(runtime.journal, { tenant: 'default', run: `${NAME}-${tickName(tick)}`, path: '0' });
  assert.equal(batch?.start.data, folders[0]);
});

test.run();
