import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { pino } from 'pino';
import { startRun } from '../../bridge/commands/start-run.ts';
import { openPlatform, type Platform } from '../../bridge/platform/platform.ts';
import { connectClient } from '../support/nats-door.ts';
import { HeldFolder } from '../support/holders.ts';
import { commandIn, LIBRARY, serveIn } from '../support/serving.ts';
import { testSettings } from '../support/servers.ts';
import { suite } from '../support/suite.ts';

const test = suite('commands that serve', { timeoutMs: 90_000 });
let folder: HeldFolder;
const platforms: Platform[] = [];

test.before.each(() => {
  folder = new HeldFolder();
});
test.after.each(async () => {
  for (const platform of platforms.splice(0)) await platform.close();
  await folder.remove();
});

/** A process that asks and does no work: this one. */
async function asker(): Promise<Platform> {
  const settings = testSettings(folder.cwd, { packs: [LIBRARY.AGENT_PLATFORM_PACKS] });
  const platform = await openPlatform(settings, pino({ level: 'silent' }));
  platforms.push(platform);
  return platform;
}

function ask(platform: Platform, run: string) {
  return startRun(platform, { agent: 'librarian', instructions: 'Look.', payload: { book: 'dune' }, run });
}

test('up says what it serves and one line for each ended run, and Ctrl-C ends it well', async () => {
  const up = serveIn(folder, ['up']);
  await up.line(/^serving/);
  const run = await commandIn(folder, ['run', 'librarian', '--payload', '{"book": "dune"}', '--run-id', 'joined']);
  assert.equal(run.code, 0, run.stderr);
  assert.match(await up.line(/joined/), /^\d\d:\d\d:\d\d {2}joined {2}librarian {2}dune {2}completed$/);
  up.signal('SIGINT');
  const { code, stdout, stderr } = await up.ended();
  assert.equal(code, 0, stderr);
  assert.match(
    stdout,
    /^agent-platform \d+\.\d+\.\d+\S*: nats-server 2\.\d+\.\d+, redis-server \d+\S*, model rehearsal$/m,
  );
  assert.match(stdout, /^packs: library 0\.1\.0$/m);
  assert.match(stdout, /^schedules: weekly_stocktaking \(next \d{4}-\d\d-\d\d 05:30 UTC\)$/m);
  assert.match(stdout, /^stopped$/m);
  const log = readFileSync(join(folder.cwd, '.agent-platform/agent-platform.log'), 'utf8').trim().split('\n');
  const lines = log.map((line) => JSON.parse(line) as { msg: string; run?: string });
  assert.ok(lines.some(({ msg, run: id }) => msg === 'run seen to end' && id === 'joined'));
  assert.deepEqual(folder.running(), []);
});

test('a second up on the folder leaves the login of the first one, also when it fails; the last one takes it along', async () => {
  const login = join(folder.cwd, '.agent-platform/nats.json');
  const first = serveIn(folder, ['up', '--no-worker']);
  await first.line(/^serving/);
  const second = serveIn(folder, ['up', '--no-worker']);
  await second.line(/^serving/);
  second.signal('SIGINT');
  assert.equal((await second.ended()).code, 0);
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as { port: number };
  const third = await commandIn(folder, ['up'], { ...LIBRARY, AGENT_PLATFORM_HTTP_PORT: String(port) });
  taken.close();
  assert.equal(third.code, 2, third.stderr);
  assert.match(third.stderr, /EADDRINUSE/);
  const { url } = JSON.parse(readFileSync(login, 'utf8')) as { url: string };
  const client = await connectClient(url);
  const answer = await client.request('$SRV.PING.agent-platform');
  assert.equal(answer.json<{ name: string }>().name, 'agent-platform');
  await client.close();
  first.signal('SIGINT');
  assert.equal((await first.ended()).code, 0);
  assert.equal(existsSync(login), false);
});

test('a login that a killed keeper left behind is gone before the next servers run', async () => {
  const login = join(folder.cwd, '.agent-platform/nats.json');
  const up = serveIn(folder, ['up', '--no-worker']);
  await up.line(/^serving/);
  process.kill(folder.keepers()[0] ?? 0, 'SIGKILL');
  assert.equal((await up.ended()).code, 1);
  assert.equal(existsSync(login), true);
  const worker = serveIn(folder, ['worker']);
  await worker.line(/serves/);
  assert.equal(existsSync(login), false);
});

test('a schedule that lost its message is listed as not armed until reconcile arms it again', async () => {
  const up = serveIn(folder, ['up']);
  await up.line(/^serving/);
  const { jsm } = await asker();
  const listed = async () => {
    const { stdout } = await commandIn(folder, ['schedules', 'list', '--json']);
    const { schedules } = JSON.parse(stdout) as { schedules: { state: string; next: string | null }[] };
    return schedules.map(({ state, next }) => [state, next !== null]);
  };
  assert.deepEqual(await listed(), [['armed', true]]);
  await jsm.streams.delete('MAIL');
  assert.deepEqual(await listed(), [['not_armed', false]]);
  const list = await commandIn(folder, ['schedules', 'list']);
  assert.match(list.stdout, /not armed/);
  assert.match(list.stderr, /reconcile. arms it again, and where it cannot, .agent-platform doctor. says why/);
  assert.match((await commandIn(folder, ['reconcile'])).stdout, /^1 schedule armed again$/m);
  assert.deepEqual(await listed(), [['armed', true]]);
  up.signal('SIGINT');
  await up.ended();
});

test('up without a worker leaves the work to a worker that joins', async () => {
  const up = serveIn(folder, ['up', '--no-worker', '--json']);
  const served = JSON.parse(await up.line(/serving/)).serving;
  assert.equal(served.worker, null);
  assert.deepEqual(served.packs, ['library']);
  const platform = await asker();
  await ask(platform, 'early');
  const worker = serveIn(folder, ['worker']);
  assert.match(await worker.line(/^worker /), /^worker w-\w+ serves 3 agents of library 0\.1\.0 on 127\.0\.0\.1:\d+$/);
  const { ended } = JSON.parse(await up.line(/"early"/));
  assert.deepEqual([ended.agent, ended.subject, ended.outcome], ['librarian', 'dune', 'completed']);
  worker.signal('SIGTERM');
  const stopped = await worker.ended();
  assert.equal(stopped.code, 0, stopped.stderr);
  assert.equal(stopped.stdout.trim().split('\n').length, 1);
  up.signal('SIGTERM');
  assert.equal((await up.ended()).code, 0);
});

test('workers share the work, and one that is killed is replaced by the others', async () => {
  const [first, second] = [serveIn(folder, ['worker']), serveIn(folder, ['worker', '--json'])];
  await first.line(/serves/);
  const { pid } = JSON.parse(await second.line(/"worker"/));
  assert.equal(pid, second.process.pid);
  const up = serveIn(folder, ['up', '--no-worker']);
  await up.line(/^serving/);
  const platform = await asker();
  await Promise.all(['a', 'b', 'c', 'd'].map((run) => ask(platform, run)));
  first.signal('SIGKILL');
  for (const run of ['a', 'b', 'c', 'd']) assert.match(await up.line(new RegExp(`  ${run}  `)), /completed$/);
  second.signal('SIGINT');
  assert.equal((await second.ended()).code, 0);
});

test('commands that begin at the same moment on a fresh folder all do their work', async () => {
  const runs = ['one', 'two', 'three'].map((id) =>
    commandIn(folder, ['run', 'librarian', '--payload', '{"book": "emma"}', '--run-id', id, '--json']),
  );
  for (const { code, stdout, stderr } of await Promise.all(runs)) {
    assert.equal(code, 0, stderr);
    assert.equal(JSON.parse(stdout).outcome, 'completed');
  }
  assert.deepEqual(folder.running(), []);
});

test('a second Ctrl-C ends it at once', async () => {
  const up = serveIn(folder, ['up']);
  await up.line(/^serving/);
  const [keeper = 0] = folder.keepers();
  process.kill(keeper, 'SIGSTOP'); // So that the end takes long.
  try {
    up.signal('SIGINT');
    await up.line(/^stopped/).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 600)); // A later press, not the same one again.
    up.signal('SIGINT');
    assert.equal((await up.ended()).code, 130);
  } finally {
    process.kill(keeper, 'SIGCONT');
  }
});

test('a worker whose servers are gone ends with the reason', async () => {
  const worker = serveIn(folder, ['worker']);
  await worker.line(/serves/);
  process.kill(folder.keepers()[0] ?? 0, 'SIGKILL');
  const { code, stderr } = await worker.ended();
  assert.equal(code, 1);
  assert.match(stderr, /^error\[services\.lost\]: .*its keeper ended/);
});

test.run();
