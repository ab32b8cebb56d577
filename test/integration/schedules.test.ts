import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { reconcile } from '../../actors/reconcile.ts';
import { examineSchedules } from '../../bridge/doctor/schedules.ts';
import { armSchedules, schedulesOf, takeTick, tenantOfSchedule } from '../../bridge/commands/schedules.ts';
import { settleBatch } from '../../bridge/follow/settle.ts';
import { readBatch } from '../../bridge/journals/batch-journal.ts';
import { scheduleText } from '../../bridge/serve/up.ts';
import { PlatformError } from '../../config/errors.ts';
import { Publisher } from '../../runtime/bus/publish.ts';
import type { ModelProvider } from '../../runtime/model/provider.ts';
import { Clockwork } from '../../runtime/schedules/clockwork.ts';
import { nextTick, tickName } from '../../runtime/schedules/cron.ts';
import { cronSubject, tickSubject } from '../../runtime/subjects.ts';
import { type TestPlatform, withPlatforms } from '../support/platform.ts';
import { suite } from '../support/suite.ts';

const test = suite('schedules');
const platforms = withPlatforms(test);
const library = { packs: [resolve(import.meta.dirname, '../packs/library')] };
const NAME = 'weekly_stocktaking';

/**
 * A tick of a year of the test's own, and the one after it. The tests share one state, and the next worker takes what an
 * earlier test left: two tests whose ticks are the same, such as one of a fixed date and one of this week, would share a batch.
 */
function ticksIn(year: number): [tick: Date, next: Date] {
  const tick = nextTick(LINE, new Date(Date.UTC(year, 5, 1)));
  const next = tick && nextTick(LINE, tick);
  if (!tick || !next) throw new Error(`${LINE} has no ticks in ${year}`);
  return [tick, next];
}

const LINE = '0 30 5 * * 6';
const runOf = (tick: Date) => `${NAME}-${tickName(tick)}`;

async function stored({ platform }: TestPlatform): Promise<{ seq: number; cron: string } | null> {
  const message = await platform.jsm.streams
    .getMessage('MAIL', { last_by_subj: cronSubject('town', NAME) })
    .catch(() => null);
  return message && { seq: message.seq, cron: message.header.get('Nats-Schedule') };
}

test('are armed once: arming again rewrites nothing, a changed line does', async () => {
  const open = await platforms({ ...library, works: false });
  const [armed] = await armSchedules(open.platform);
  assert.equal(armed?.state?.paused, false);
  assert.equal(armed?.problem, null);
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
  assert.equal(armed?.state?.paused, true);
  assert.equal(await stored(open), null);
  await clockwork.resume(schedule.tick, schedule.cron);
  assert.equal((await stored(open))?.cron, schedule.cron);
});

test('a tick missed while nothing ran is made up when the schedule is armed; none from before it was ever armed is', async () => {
  const open = await platforms({ ...library, works: false });
  const { runtime } = open.platform;
  const [schedule] = schedulesOf(open.platform);
  assert.ok(schedule);
  const real = runtime.now;
  const [before, missed] = ticksIn(2101);
  const batchOf = (tick: Date) => readBatch(runtime.journal, { tenant: 'town', run: runOf(tick), path: '0' });
  const kv = await open.platform.nc.jetstream().views.kv('SCHEDULES');
  const state = {
    paused: false,
    since: new Date(before.getTime() + 60_000).toISOString(),
    armed: { cron: LINE, data: schedule.tick.data },
  };
  await kv.put(`town.${NAME}`, JSON.stringify(state));
  runtime.now = () => new Date(before.getTime() + 3_600_000);
  await armSchedules(open.platform);
  assert.equal(await batchOf(before), null, 'the tick before it was armed');
  runtime.now = () => new Date(missed.getTime() + 3_600_000);
  await armSchedules(open.platform);
  runtime.now = real;
  assert.equal((await batchOf(missed))?.start.schedule, NAME);
});

test('a tick that the server sends begins one batch, named by the line that it comes from', async () => {
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
  // Not the pack's line any more: a tick was due by the one that it comes from.
  await open.platform.runtime.clockwork.resume(schedule.tick, '* * * * * *');
  const next = await first;
  await open.platform.runtime.clockwork.pause('town', NAME);
  assert.ok(next, 'the server says when the next one is due');
  const at = new Date(next.getTime() - 1_000);
  const address = { tenant: 'town', run: `${NAME}-${tickName(at)}`, path: '0' };
  const batch = await readBatch(open.platform.runtime.journal, address);
  assert.equal(batch?.start.schedule, NAME);
});

test('a tick delivered twice begins one batch', async () => {
  const open = await platforms(library);
  const [schedule] = schedulesOf(open.platform);
  assert.ok(schedule);
  const [tick, next] = ticksIn(2102);
  await takeTick(open.platform, schedule.tick, next);
  await takeTick(open.platform, schedule.tick, next);
  const address = { tenant: 'town', run: runOf(tick), path: '0' };
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
  assert.equal(armed?.state?.since, since);
  await jsm.streams.delete('MAIL');
  assert.equal((await reconcile(nc, runtime)).schedules_armed, 1);
  assert.equal((await stored(open))?.cron, armed.schedule.cron);
});

test('a changed line counts from the change: nothing is made up for a time before it, and another folder loses nothing', async () => {
  const open = await platforms({ ...library, works: false });
  const { nc, jsm } = open.platform;
  let at = new Date('2105-03-01T12:00:00.000Z');
  const now = () => at;
  const clockwork = await Clockwork.open(nc, jsm, new Publisher(nc), now);
  const runtime = { ...open.platform.runtime, clockwork, now };
  const platform = { ...open.platform, runtime };
  const [schedule] = schedulesOf(platform);
  assert.ok(schedule);
  const begun = async (tick: string) =>
    (await readBatch(runtime.journal, { tenant: 'town', run: `${NAME}-${tick}`, path: '0' })) !== null;

  await clockwork.resume(schedule.tick, '0 0 7 * * 6');
  at = new Date('2105-03-10T12:00:00.000Z');
  const [changed] = await armSchedules(platform);
  assert.equal(changed?.state?.since, at.toISOString());
  assert.equal(await begun('21050307T053000Z'), false, 'by the new line, before it was armed');
  assert.equal(await begun('21050307T070000Z'), false, 'by the line that is no more');

  await clockwork.arm({ ...schedule.tick, data: '/another/folder' }, schedule.cron);
  at = new Date('2105-03-15T12:00:00.000Z');
  await armSchedules(platform);
  assert.equal(await begun('21050314T053000Z'), true, 'missed by the line that is armed');
});

test('what the server refuses leaves the line before it going, and the record as it was', async () => {
  const open = await platforms({ ...library, works: false });
  const { clockwork } = open.platform.runtime;
  const [schedule] = schedulesOf(open.platform);
  assert.ok(schedule);
  await clockwork.resume(schedule.tick, schedule.cron);
  const before = [await stored(open), await clockwork.state('town', NAME)];
  for (const act of ['arm', 'resume'] as const) {
    const refused = await clockwork[act](schedule.tick, '0 0 6 * * 7').catch((error: unknown) => error);
    assert.ok(refused instanceof PlatformError && refused.code === 'schedule.refused', act);
    assert.match(refused.message, /weekly_stocktaking .*"0 0 6 \* \* 7": .*pattern is invalid; correct the line/);
    assert.deepEqual([await stored(open), await clockwork.state('town', NAME)], before);
  }
});

test('a record of a line that the server refuses stops nothing, is told by doctor, and is mended by the pack’s line', async () => {
  const open = await platforms({ ...library, works: false });
  const { jsm, nc, runtime, settings } = open.platform;
  const kv = await nc.jetstream().views.kv('SCHEDULES');
  const bad = { paused: false, since: new Date().toISOString(), armed: { cron: '0 0 6 * * 7', data: '/a' } };
  const examine = async () => examineSchedules(nc, settings, runtime.catalog.packs);
  for (const name of [NAME, 'renamed_since']) await kv.put(`town.${name}`, JSON.stringify(bad));
  await jsm.streams.purge('MAIL', { filter: 'cron.>' });
  const done = await reconcile(nc, runtime);
  assert.deepEqual([done.schedules_armed, done.schedules_refused], [0, 2]);
  const told = (await examine()).filter(({ level }) => level === 'fail');
  assert.match(told.map(({ text }) => text).join(), /renamed_since .*7 is not from 0 to 6/);
  assert.match(told.map(({ remedy }) => remedy).join(), /its pack says "0 30 5 \* \* 6" by now: `agent-platform up`/);

  await armSchedules(open.platform);
  await runtime.clockwork.pause(await tenantOfSchedule(open.platform, 'renamed_since'), 'renamed_since');
  assert.deepEqual(
    (await examine()).map(({ level, text }) => `${level} ${text}`),
    ['ok 1 schedule armed, 1 paused'],
  );
  assert.equal((await reconcile(nc, runtime)).schedules_refused, 0);
});

test('a schedule that cannot be armed, and one whose missed tick cannot begin, are told and stop no other', async () => {
  const open = await platforms({ ...library, works: false });
  const { runtime } = open.platform;
  const [pack] = runtime.catalog.packs;
  const [schedule] = schedulesOf(open.platform);
  const good = pack?.manifest.schedules[NAME];
  assert.ok(pack && schedule && good);
  const schedules = {
    refused: { ...good, cron: '0 0 6 * * 7' },
    aimless: { ...good, agent: 'nobody' },
    [NAME]: good,
  };
  const packs = [{ ...pack, manifest: { ...pack.manifest, schedules } }];
  const catalog = Object.assign(Object.create(runtime.catalog), { packs });
  const platform = { ...open.platform, runtime: { ...runtime, catalog } };
  await runtime.clockwork.arm({ ...schedule.tick, schedule: 'aimless' }, good.cron);
  platform.runtime.now = () => new Date(ticksIn(2106)[0].getTime() + 60_000);
  const armed = await armSchedules(platform);
  assert.deepEqual(
    armed.map(({ problem }) => problem?.code ?? null),
    ['schedule.refused', 'model.no_player', null],
  );
  const text = scheduleText(armed, new Date());
  assert.match(text, /refused \(not armed; see the warning\), aimless \(next .* UTC; see the warning\), weekly_stock/);
  assert.match(text, /\nwarning: the schedule refused: .*\[schedule\.refused\]\nwarning: the schedule aimless: /);
});

test('a message that outlived the pause of its schedule is removed by reconcile', async () => {
  const open = await platforms({ ...library, works: false });
  const { nc, runtime } = open.platform;
  const [schedule] = schedulesOf(open.platform);
  assert.ok(schedule);
  await runtime.clockwork.resume(schedule.tick, schedule.cron);
  const kv = await nc.jetstream().views.kv('SCHEDULES');
  await kv.put(`town.${NAME}`, JSON.stringify({ paused: true, since: new Date().toISOString() }));
  await reconcile(nc, runtime);
  assert.equal(await stored(open), null);
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
  const [tick, next] = ticksIn(2103);
  const address = { tenant: 'town', run: runOf(tick), path: '0' };
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
  const [tick] = ticksIn(2104);
  runtime.now = () => new Date(tick.getTime() + 60_000);
  await armSchedules(autumn);
  const [armed] = await armSchedules(winter);
  assert.equal(armed?.state?.armed?.data, folders[1]);
  const batch = await readBatch(runtime.journal, { tenant: 'default', run: runOf(tick), path: '0' });
  assert.equal(batch?.start.data, folders[0]);
});

test.run();
