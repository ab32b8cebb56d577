import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findServers, locateServer } from '../../config/services/binaries.ts';
import { openServices } from '../../config/services/open.ts';
import { isNewEnough, versionOf } from '../../config/services/version.ts';
import { suite } from '../support/suite.ts';
import { testSettings } from '../support/servers.ts';

const test = suite('server programs', { timeoutMs: 180_000 });
let dir = '';

test.before.each(() => {
  dir = mkdtempSync(join(tmpdir(), 'programs-'));
});
test.after.each(() => rmSync(dir, { recursive: true, force: true }));

/** A folder for PATH with programs that only say their version. */
function pathWith(versions: Record<string, string>): string {
  const bin = join(dir, 'bin');
  mkdirSync(bin, { recursive: true });
  for (const [name, says] of Object.entries(versions)) {
    writeFileSync(join(bin, name), `#!/bin/sh\necho '${says}'\n`);
    chmodSync(join(bin, name), 0o755);
  }
  return bin;
}

const NEW = { 'nats-server': 'nats-server: v2.14.0', 'redis-server': 'Redis server v=8.0.2 sha=0 malloc=libc bits=64' };

test('programs on PATH are taken when they are new enough, without fetching', async () => {
  const path = pathWith(NEW);
  const lines: string[] = [];
  const found = await findServers({ nats: true, redis: true }, { path, cacheDir: join(dir, 'cache') }, (line) =>
    lines.push(line),
  );
  assert.deepEqual(found.nats, { file: join(path, 'nats-server'), args: [], version: '2.14.0' });
  assert.deepEqual(found.redis, { file: join(path, 'redis-server'), args: [], version: '8.0.2' });
  assert.deepEqual(lines, []);
  assert.ok(!existsSync(join(dir, 'cache')));
});

test('versions are compared as numbers', () => {
  assert.ok(isNewEnough('nats-server', '2.14.0') && isNewEnough('nats-server', '3.0.0'));
  assert.ok(
    !isNewEnough('nats-server', '2.9.25') &&
      !isNewEnough('nats-server', '2.12.15') &&
      !isNewEnough('nats-server', '1.99.0'),
  );
  assert.ok(isNewEnough('redis-server', '10.0.0') && !isNewEnough('redis-server', '7.4.1'));
});

test('where nothing can be had, the error says what was found and what to install, and no state is left', async () => {
  const path = pathWith({ 'nats-server': 'nats-server: v2.10.29' });
  writeFileSync(join(dir, 'cache'), 'a file where the cache should be');
  const settings = testSettings(dir);
  const host = { ...settings.host, path, cacheDir: join(dir, 'cache') };
  const error = await openServices({ ...settings, host }).then(
    () => assert.fail('it opened'),
    (reason) => reason as { code: string; message: string },
  );
  assert.equal(error.code, 'services.unavailable');
  assert.match(error.message, /nats-server 2\.14 or newer is needed, found 2\.10\.29 at .*bin\/nats-server/);
  assert.match(error.message, /redis-server 8\.0 or newer is needed, none on PATH/);
  assert.match(error.message, /docker run .*\n.*docker run .*\n.*NATS_URL=.* REDIS_URL=/);
  assert.ok(!existsSync(settings.stateDir));
});

test('a server that an earlier release fetched is not taken when it is too old by now', async () => {
  const place = join(dir, `cache/servers/nats-server-sid-${process.arch}`);
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, 'nats-server'), '');
  const located = async (version: string): Promise<string> => {
    writeFileSync(join(place, 'program.json'), JSON.stringify({ file: 'nats-server', args: [], version }));
    return (await locateServer('nats-server', { path: '', cacheDir: join(dir, 'cache') })).kind;
  };
  assert.equal(await located('2.14.0'), 'cache');
  assert.notEqual(await located('2.12.15'), 'cache');
});

if (process.platform === 'linux' && existsSync('/etc/debian_version')) {
  test('on Debian two commands that fetch at once both get a server that runs, and the next fetches nothing', async () => {
    const host = { path: '', cacheDir: join(dir, 'cache') };
    const wanted = { nats: true, redis: true };
    // What a fetch leaves that was killed, and a place that lost its files.
    mkdirSync(join(dir, 'cache/servers/building-killed'), { recursive: true });
    mkdirSync(join(dir, `cache/servers/nats-server-sid-${process.arch}/root`), { recursive: true });
    const found = await Promise.all([findServers(wanted, host), findServers(wanted, host)]);
    for (const { nats, redis } of found) {
      assert.ok(nats && redis);
      assert.equal(await versionOf(nats), nats.version);
      assert.equal(await versionOf(redis), redis.version);
    }
    assert.equal(readdirSync(join(dir, 'cache/servers')).length, 3);
    const lines: string[] = [];
    assert.deepEqual(await findServers(wanted, host, (line) => lines.push(line)), found[0]);
    assert.deepEqual(lines, []);
  });
}

test.run();
