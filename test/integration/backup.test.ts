import assert from 'node:assert/strict';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NatsConnection } from 'nats';
import { reconcile } from '../../actors/reconcile.ts';
import { restoreBackup } from '../../bridge/backup/restore.ts';
import { writeBackup } from '../../bridge/backup/write.ts';
import { startBatch } from '../../bridge/commands/start-batch.ts';
import { startRun } from '../../bridge/commands/start-run.ts';
import type { Platform } from '../../bridge/platform/platform.ts';
import { settleBatch, settleRun } from '../../bridge/follow/settle.ts';
import { openTestProcess, type ProcessOptions, type TestProcess } from '../../bridge/testing/process.ts';
import { connectNats } from '../../runtime/bus/connect.ts';
import { isHalfRestored, markRestoring } from '../../runtime/bus/streams.ts';
import { command } from '../support/command.ts';
import { messagesOf } from '../support/http.ts';
import { CUSTOMER_SUCCESS } from '../support/platform.ts';
import { startServers, testSettings, type TestServers } from '../support/servers.ts';
import { suite } from '../support/suite.ts';

const test = suite('backup and restore', { timeoutMs: 120_000 });
const never = new AbortController().signal;
const folder = mkdtempSync(join(tmpdir(), 'backup-'));
/** Runs that have ended, one that is refused and one that nobody has taken up; backed up once, restored often. */
const original = join(folder, 'original');
const RUNS = ['b', 'b-acme-corp', 'b-lumen-retail', 'waiting', 'refused'];
let source: TestServers;
const open: TestProcess[] = [];
const servers: TestServers[] = [];

async function processOn({ dir }: TestServers, options: ProcessOptions = {}): Promise<TestProcess> {
  const opened = await openTestProcess(testSettings(dir, { packs: [CUSTOMER_SUCCESS] }), options);
  open.push(opened);
  return opened;
}

async function fresh(): Promise<TestServers & { nc: NatsConnection }> {
  const started = await startServers();
  servers.push(started);
  const nc = await connectNats(started.services.nats, { name: 'backup test' });
  return { ...started, nc };
}

function cli({ dir }: TestServers, ...args: string[]) {
  return command([...args, '--state-dir', join(dir, '.agent-platform')], {
    cwd: dir,
    env: { AGENT_PLATFORM_PACKS: CUSTOMER_SUCCESS },
  });
}

async function json(on: TestServers, ...args: string[]): Promise<unknown> {
  const { code, stdout, stderr } = await cli(on, ...args, '--json');
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

/** Messages of every stream that has some. */
async function held(nc: NatsConnection): Promise<Record<string, number>> {
  const counts = await messagesOf({ jsm: await nc.jetstreamManager() } as Platform);
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}

function copyOf(name: string): string {
  const copy = join(folder, name);
  cpSync(original, copy, { recursive: true });
  return copy;
}

function restoreInto(nc: NatsConnection, from: string, signal = never, shards = 4) {
  return restoreBackup({ nc, folder: from, shards, signal });
}

test.before(async () => {
  source = await startServers();
  const first = await processOn(source);
  await first.batch({ schedule: 'weekly_health_check', batch: 'b', only: ['acme-corp', 'lumen-retail'] });
  const look = { agent: 'risk_analysis', instructions: 'Look.', payload: { account_id: 'acme-corp' } };
  await first.run({ ...look, run: 'refused' });
  await first.worker.stop();
  await startRun(first.platform, { ...look, agent: 'account_health_main', run: 'waiting' });
  const { code, stderr, stdout } = await cli(source, 'backup', original);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /holds \d+ journal entries, \d+ memories, 4 definitions and 0 schedules\n$/);
});
test.after.each(async () => {
  for (const each of open.splice(0)) await each.stop();
});
test.after(async () => {
  for (const each of [source, ...servers]) await each.stop();
  rmSync(folder, { recursive: true });
});

test('a fresh state shows the same runs, journals and memories, and takes up what had not ended', async () => {
  const target = await fresh();
  await target.nc.close();
  const restored = await json(target, 'restore', original);
  assert.deepEqual(Object.keys(restored as object), [
    'folder',
    'made',
    'shards',
    'entries',
    'memories',
    'definitions',
    'schedules',
    'object_parts',
  ]);
  for (const args of [
    ['runs', 'list'],
    ...RUNS.map((run) => ['runs', 'show', run]),
    ['memory', 'search', 'usage dip', '--limit', '100'],
  ]) {
    const [then, now] = [await json(source, ...args), await json(target, ...args)];
    assert.deepEqual(now, then, args.join(' '));
  }
  const { memories } = restored as { memories: number };
  assert.ok(memories > 0);
  assert.deepEqual(await json(target, 'memory', 'rebuild'), { memories });
  const next = await processOn(target);
  const woken = await reconcile(next.platform.nc, next.platform.runtime);
  assert.equal(woken.woken, 1);
  const address = { tenant: 'sample', run: 'waiting', path: '0' };
  await settleRun(next.platform, address, { signal: never });
});

test('what is damaged, cut off or incomplete is refused by name, and nothing is written', async () => {
  const { nc } = await fresh();
  const damages: [string, (copy: string) => void, RegExp][] = [
    [
      'changed',
      (copy) => edit(join(copy, 'MEMORY.ndjson'), (text) => text.replace('dip', 'dap')),
      /MEMORY\.ndjson was changed/,
    ],
    ['cut', (copy) => truncateSync(join(copy, 'MEMORY.ndjson'), 100), /MEMORY\.ndjson is cut off: it has 100 bytes/],
    ['longer', (copy) => appendFileSync(join(copy, 'JOURNAL_0.ndjson'), '{}\n'), /JOURNAL_0\.ndjson is longer/],
    ['missing', (copy) => rmSync(join(copy, 'JOURNAL_1.ndjson')), /JOURNAL_1\.ndjson cannot be read/],
    ['unfinished', (copy) => rmSync(join(copy, 'manifest.json')), /no complete backup/],
    [
      'newer',
      (copy) => edit(join(copy, 'manifest.json'), (text) => text.replace('"version": 1', '"version": 2')),
      /version 2/,
    ],
    [
      'fewer',
      (copy) => edit(join(copy, 'manifest.json'), (text) => text.replace('"shards": 4', '"shards": 3')),
      /names the streams/,
    ],
  ];
  for (const [name, damage, message] of damages) {
    const copy = copyOf(name);
    damage(copy);
    await assert.rejects(restoreInto(nc, copy), { code: 'backup.invalid', message }, name);
  }
  await assert.rejects(restoreInto(nc, join(folder, 'nowhere')), { code: 'backup.invalid' });
  const jsm = await nc.jetstreamManager();
  assert.deepEqual(await jsm.streams.names().next(), []);
  await nc.close();
});

test('a state that has runs is left as it is', async () => {
  const { platform } = await processOn(source, { works: false });
  const before = await messagesOf(platform);
  const { code, stdout, stderr } = await cli(source, 'restore', original);
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /^error\[state\.not_empty\]: .*JOURNAL_\d \(\d+\)/);
  assert.deepEqual(await messagesOf(platform), before);
});

test('a restore that is interrupted is undone, and one that was killed is begun anew', async () => {
  const target = await fresh();
  const { nc } = target;
  const interrupted = new AbortController();
  let stored = 0;
  const onMessage = () => {
    if (++stored === 20) interrupted.abort(new Error('interrupted'));
  };
  const request = { nc, folder: original, shards: 4, signal: interrupted.signal, onMessage };
  await assert.rejects(restoreBackup(request), /interrupted/);
  const jsm = await nc.jetstreamManager();
  for await (const { config, state } of jsm.streams.list()) {
    if (config.name !== 'KV_DEFINITIONS') assert.equal(state.messages, 0, config.name);
  }
  // As a killed one leaves it: marked, with a part of it stored.
  await nc.jetstream().publish('memory.sample.risk_analysis.half', '{}');
  await markRestoring(jsm, true);
  await assert.rejects(processOn(target), { code: 'state.half_restored' });
  await restoreInto(nc, original);
  assert.equal(await isHalfRestored(jsm), false);
  assert.deepEqual(await json(target, 'runs', 'list'), await json(source, 'runs', 'list'));
  await nc.close();
});

test('a backup goes into another number of journal streams', async () => {
  const target = await fresh();
  await restoreInto(target.nc, original, never, 2);
  assert.deepEqual(
    Object.keys(await held(target.nc)).filter((name) => name.startsWith('JOURNAL')),
    ['JOURNAL_0', 'JOURNAL_1'],
  );
  assert.deepEqual(await json(target, 'runs', 'show', 'b'), await json(source, 'runs', 'show', 'b'));
  await target.nc.close();
});

test('a backup made while a batch runs has of each run a beginning; after a restore all of it comes to its end', async () => {
  const busy = await fresh();
  const { platform, worker } = await processOn(busy);
  const batch = await startBatch(platform, { schedule: 'weekly_health_check', batch: 'load' });
  const runs = batch.targets.map((target) => `load-${target}`);
  // One backup at once, and one each time some entries more are there.
  const made: string[] = [];
  for (const at of [20, 90]) {
    while (worker.vitals.live > 0 && (await entries(busy.nc)) < at) await platform.nc.flush();
    const to = join(folder, `load-${at}`);
    await writeBackup({ nc: busy.nc, folder: to, shards: 4, signal: never, now: new Date() });
    made.push(to);
  }
  await settleBatch(platform, batch.address, runs, { signal: never });
  await worker.stop();
  await busy.nc.close();
  let unfinished = 0;
  for (const from of made) {
    const target = await fresh();
    await restoreInto(target.nc, from);
    const next = await processOn(target);
    unfinished += (await reconcile(next.platform.nc, next.platform.runtime)).woken;
    await settleBatch(next.platform, batch.address, runs, { signal: never });
    await next.worker.settled();
    await target.nc.close();
  }
  assert.ok(unfinished > 0, 'no backup was made in the middle of it');
});

test('a backup never overwrites, and an interrupted one leaves nothing', async () => {
  const nc = await connectNats(source.services.nats, { name: 'backup test' });
  const request = { nc, shards: 4, now: new Date() };
  await assert.rejects(writeBackup({ ...request, folder: original, signal: never }), { code: 'backup.exists' });
  const file = join(original, 'manifest.json');
  await assert.rejects(writeBackup({ ...request, folder: file, signal: never }), { code: 'backup.exists' });
  const before = readdirSync(folder);
  const interrupted = new AbortController();
  const onMessage = () => interrupted.abort(new Error('interrupted'));
  const aborted = writeBackup({ ...request, folder: join(folder, 'aborted'), signal: interrupted.signal, onMessage });
  await assert.rejects(aborted, /interrupted/);
  assert.deepEqual(readdirSync(folder), before);
  await nc.close();
});

test('a state folder that does not exist, or holds no records, is refused and not made', async () => {
  const env = { AGENT_PLATFORM_PACKS: CUSTOMER_SUCCESS };
  const bare = join(folder, 'bare');
  mkdirSync(bare);
  for (const state of [join(folder, 'mistyped'), bare]) {
    const before = readdirSync(folder);
    const args = ['backup', join(folder, 'of-nothing'), '--state-dir', state];
    const { code, stdout, stderr } = await command(args, { cwd: folder, env });
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /^error\[state\.denied\]: the state folder .* nothing to back up/);
    assert.deepEqual(readdirSync(folder), before);
    assert.ok(!existsSync(join(state, 'services')));
  }
});

function edit(file: string, change: (text: string) => string): void {
  writeFileSync(file, change(readFileSync(file, 'utf8')));
}

async function entries(nc: NatsConnection): Promise<number> {
  const counts = Object.entries(await held(nc)).filter(([name]) => name.startsWith('JOURNAL'));
  return counts.reduce((sum, [, count]) => sum + count, 0);
}

test.run();
