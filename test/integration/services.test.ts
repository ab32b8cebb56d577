import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Events } from 'nats';
import { openServices } from '../../config/services/open.ts';
import { connectNats } from '../../runtime/bus/connect.ts';
import { connectRedis } from '../../runtime/memory/connect.ts';
import { HeldFolder } from '../support/holders.ts';
import { suite } from '../support/suite.ts';
import { testSettings } from '../support/servers.ts';

const test = suite('embedded services', { timeoutMs: 60_000 });

/** Lines of `ps`: the servers themselves, the keeper, and who would stop a server (shells and keeper). */
const NATS = /^\s*\d+ (?!\/bin\/sh ).*nats-server\.conf$/;
const REDIS = /^\s*\d+ (?!\/bin\/sh ).*redis-server\.conf$/;
const KEEPER = /--keeper-of=/;
const OWNERS = /--keeper-of=|^\s*\d+ \/bin\/sh /;

let folder: HeldFolder;
let cwd = '';
let services = '';

test.before.each(() => {
  folder = new HeldFolder();
  ({ cwd, services } = folder);
});
test.after.each(() => folder.remove());

const running = () => folder.running();

function pidOf(pattern: RegExp): number {
  const line = running().find((entry) => pattern.test(entry));
  return line === undefined ? assert.fail(`nothing matches ${pattern}`) : Number.parseInt(line, 10);
}

function pidsOf(pattern: RegExp): number[] {
  return running().flatMap((line) => (pattern.test(line) ? [Number.parseInt(line, 10)] : []));
}

async function reject(work: Promise<unknown>): Promise<{ code: string; message: string }> {
  return work.then(
    () => assert.fail('it was accepted'),
    (error) => error as { code: string; message: string },
  );
}

test('servers start, keep their state between commands, and are down when close resolves', async () => {
  for (const round of [1, 2]) {
    const opened = await openServices(testSettings(cwd));
    const nats = await connectNats(opened.nats, { name: 'test' });
    const redis = await connectRedis(opened.redis);
    const manager = await nats.jetstreamManager();
    if (round === 1) await manager.streams.add({ name: 'KEPT', subjects: ['kept'] });
    await nats.jetstream().publish('kept', `round ${round}`);
    assert.equal((await manager.streams.info('KEPT')).state.messages, round);
    assert.equal(await redis.incr('kept'), round);
    assert.equal(opened.embedded, true);
    assert.equal(opened.versions.nats, nats.info?.version);
    await nats.close();
    redis.disconnect();
    await Promise.all([opened.close(), opened.close()]);
    assert.deepEqual(running(), []);
  }
});

test('credentials are on no command line and in no readable file, and both servers demand them', async () => {
  const opened = await openServices(testSettings(cwd));
  const { pass } = opened.nats;
  const { password } = opened.redis;
  assert.ok(pass && password);
  assert.ok(running().every((line) => !line.includes(pass) && !line.includes(password)));
  assert.equal(statSync(services).mode & 0o777, 0o700);
  for (const name of ['nats-server', 'redis-server']) {
    assert.equal(statSync(join(services, `${name}.conf`)).mode & 0o777, 0o600);
    assert.doesNotMatch(readFileSync(join(services, `${name}.log`), 'utf8'), new RegExp(`${pass}|${password}`));
  }
  assert.equal((await reject(connectNats({ url: opened.nats.url }, { name: 'x' }))).code, 'nats.denied');
  const { host, port, url } = opened.redis;
  assert.equal((await reject(connectRedis({ host, port, url }))).code, 'redis.denied');
  await opened.close();
});

test('durability power syncs every write, process does not', async () => {
  for (const durability of ['power', 'process']) {
    const opened = await openServices(testSettings(cwd, { durability }));
    const config = JSON.parse(readFileSync(join(services, 'nats-server.conf'), 'utf8'));
    assert.equal(config.jetstream.sync_interval, durability === 'power' ? 'always' : undefined);
    await opened.close();
  }
});

test('a command that is killed leaves nothing running, and the next one begins at once', async () => {
  const holder = await folder.holdOpen();
  holder.process.kill('SIGKILL');
  await once(holder.process, 'exit');
  const next = await openServices(testSettings(cwd)); // While the old keeper is still stopping.
  await next.close();
  await folder.nothingRuns();
});

test('a command that is killed while the servers start leaves nothing running', async () => {
  const holder = folder.hold();
  while (running().length === 0) await delay(1);
  holder.process.kill('SIGKILL');
  await once(holder.process, 'exit');
  await folder.nothingRuns();
});

test('Ctrl-C ends the command and then the servers, in order', async () => {
  const holder = await folder.holdOpen();
  process.kill(-(holder.process.pid ?? 0), 'SIGINT');
  await once(holder.process, 'exit');
  await folder.nothingRuns();
  assert.match(readFileSync(join(services, 'keeper.log'), 'utf8'), /closing: the last client left/);
  assert.match(readFileSync(join(services, 'redis-server.log'), 'utf8'), /ready to exit/);
});

test('a keeper that is killed takes the servers with it, and the command learns of it', async () => {
  const holder = await folder.holdOpen();
  process.kill(pidOf(KEEPER), 'SIGKILL');
  assert.match((await holder.next())?.lost ?? '', /are gone: its keeper ended/);
  await folder.nothingRuns();
});

test('a server that ends by itself is started again at its address, and clients come back to it', async () => {
  const opened = await openServices(testSettings(cwd), { onLost: (error) => assert.fail(error) });
  const connection = await connectNats(opened.nats, { name: 'test' });
  const redis = await connectRedis(opened.redis);
  const [nats, keeper] = [pidOf(NATS), pidOf(KEEPER)];
  const back = (async () => {
    for await (const { type } of connection.status()) if (type === Events.Reconnect) return;
  })();
  process.kill(nats, 'SIGKILL');
  process.kill(pidOf(REDIS), 'SIGKILL');
  await back;
  await connection.flush();
  assert.equal(await redis.ping(), 'PONG');
  assert.notEqual(pidOf(NATS), nats);
  assert.equal(pidOf(KEEPER), keeper);
  const { nats: again, close } = await openServices(testSettings(cwd));
  assert.deepEqual(again, opened.nats);
  await close();
  await connection.close();
  redis.disconnect();
  await opened.close();
  await folder.nothingRuns();
});

test('a server that ends again and again is given up with the other one, and the command learns which it was', async () => {
  const holder = await folder.holdOpen();
  const lost = holder.next();
  let ended = false;
  void lost.then(() => {
    ended = true;
  });
  for (let last = 0; !ended; await delay(5)) {
    const [pid] = pidsOf(REDIS);
    if (pid === undefined || pid === last) continue;
    last = pid;
    process.kill(pid, 'SIGKILL');
  }
  assert.match((await lost)?.lost ?? '', /redis-server ended with code 137/);
  await folder.nothingRuns();
});

test('servers whose keeper and shells were all killed are stopped before the data is touched again', async () => {
  const holder = await folder.holdOpen();
  const nats = pidOf(NATS);
  const owners = [
    holder.process.pid ?? 0,
    ...running()
      .filter((line) => OWNERS.test(line))
      .map((line) => Number.parseInt(line, 10)),
  ];
  // First all stand still: else a shell would still see its keeper go.
  for (const signal of ['SIGSTOP', 'SIGKILL'] as const) for (const pid of owners) process.kill(pid, signal);
  while (running().some((line) => OWNERS.test(line))) await delay(5);
  assert.equal(pidOf(NATS), nats, 'the server has lost everyone and runs on');
  const next = await openServices(testSettings(cwd));
  assert.notEqual(pidOf(NATS), nats);
  await next.close();
});

test('a state folder that cannot be made is refused, and nothing is left behind', async () => {
  writeFileSync(join(cwd, 'file'), '');
  for (const stateDir of ['file', 'file/below', '/proc/agent-platform']) {
    const { code, message } = await reject(openServices(testSettings(cwd, { stateDir })));
    assert.equal(code, 'state.denied', message);
    assert.match(message, /--state-dir/);
  }
  mkdirSync(services, { recursive: true });
  writeFileSync(join(services, 'nats'), 'in the way');
  assert.equal((await reject(openServices(testSettings(cwd)))).code, 'state.denied');
  assert.deepEqual(running(), []);
});

test('a server that does not come up is quoted', async () => {
  mkdirSync(join(services, 'redis/appendonlydir'), { recursive: true });
  writeFileSync(join(services, 'redis/appendonlydir/appendonly.aof.manifest'), 'spoilt');
  const { code, message } = await reject(openServices(testSettings(cwd)));
  assert.equal(code, 'services.start_failed');
  assert.match(message, /redis-server ended with code 1; its last lines were:\n.*AOF/s);
  assert.deepEqual(running(), []);
});

test('servers from the settings are taken as they are, and only the missing one is embedded', async () => {
  const natsUrl = 'nats://jo:pw@127.0.0.1:1';
  const both = await openServices(testSettings(cwd, { natsUrl, redisUrl: 'redis://127.0.0.1:2' }));
  assert.equal(both.embedded, false);
  assert.deepEqual(both.nats, { url: 'nats://127.0.0.1:1', user: 'jo', pass: 'pw' });
  await both.close();
  assert.throws(() => statSync(services), /ENOENT/);

  const one = await openServices(testSettings(cwd, { natsUrl }));
  assert.equal(one.versions.nats, null);
  assert.ok(!running().some((line) => line.includes('nats-server.conf')));
  const redis = await connectRedis(one.redis);
  assert.equal(await redis.ping(), 'PONG');
  redis.disconnect();
  await one.close();
});

test.run();
