import assert from 'node:assert/strict';
import { join } from 'node:path';
import { startTargets } from '../../bridge/commands/start-targets.ts';
import { startRun } from '../../bridge/commands/start-run.ts';
import { NatsDoor } from '../../bridge/nats/door.ts';
import { openTestProcess, type TestProcess } from '../../bridge/testing/process.ts';
import { diskSpaceOf } from '../../config/services/disk.ts';
import { PlatformError } from '../../config/errors.ts';
import { command } from '../support/command.ts';
import { appOf, LIBRARY, messagesOf, post, STOCK, withSettings } from '../support/http.ts';
import { testSettings, withServers } from '../support/servers.ts';
import { suite } from '../support/suite.ts';

const test = suite('the room that is kept on the disk of embedded servers');
const servers = withServers(test);
let open: TestProcess;
/** More than the disk has free. */
let tooMuch: number;

test.before(async () => {
  const { dir } = servers();
  open = await openTestProcess(testSettings(dir, LIBRARY));
  tooMuch = Math.ceil(diskSpaceOf(dir, undefined).free / 2 ** 20) + 1_000_000;
});
test.after(() => open.stop());

test('with less than the reserve every door refuses with a code, readiness says why, and nothing is written', async () => {
  const { dir } = servers();
  const platform = withSettings(open.platform, { diskReserveMb: tooMuch });
  const app = appOf(open, { diskReserveMb: tooMuch });
  const door = new NatsDoor(platform);
  await door.start();
  const before = await messagesOf(platform);

  await assert.rejects(startRun(platform, { ...STOCK, run: 'refused' }), (thrown) => {
    assert.ok(thrown instanceof PlatformError && thrown.code === 'storage.full');
    assert.match(thrown.message, /has \d+ MB left, and \d+ MB are kept for work in hand; make room, or lower/);
    return true;
  });
  const refused = await post(app, '/run', { ...STOCK, run_id: 'refused' });
  assert.equal(refused.status, 507);
  const all = startTargets(platform, null, 'weekly_stocktaking', { all: true }, { correlation_id: 'all' });
  await assert.rejects(all, { code: 'storage.full' });
  assert.equal((await platform.runtime.clockwork.turn('town', 'weekly_stocktaking')).announced, null);
  assert.match(await refused.text(), /"storage\.full".*its operator has the details/);
  const asked = await platform.nc.request('api.town.run.librarian', JSON.stringify({ ...STOCK, agent: undefined }));
  assert.equal(asked.headers?.get('Nats-Service-Error-Code'), 'storage.full');
  const ready = await app.request('/readyz');
  assert.equal(ready.status, 503);
  const told = await ready.text();
  assert.match(told, /the journal could not be written: too little room is left, \d+ MB where \d+ MB are kept/);
  assert.ok(!told.includes(dir), 'paths are for the log');
  const { code, stderr } = await command(['run', 'librarian', '--payload', '{"book":"emma"}'], {
    cwd: dir,
    env: { AGENT_PLATFORM_PACKS: LIBRARY.packs.join(), AGENT_PLATFORM_DISK_RESERVE_MB: String(tooMuch) },
  });
  assert.equal(code, 1);
  assert.match(stderr, /^error\[storage\.full\]: the disk of .* has \d+ MB left/m);
  assert.deepEqual(await messagesOf(platform), before);
  await door.stop();
});

test('with room again the same requests are taken', async () => {
  assert.equal((await post(appOf(open), '/run', { ...STOCK, run_id: 'refused' })).status, 200);
  assert.equal((await appOf(open).request('/readyz')).status, 200);
});

test('the reserve is the setting, or else 256 MB, and at most a tenth of the disk', () => {
  const { dir } = servers();
  const { free, reserve } = diskSpaceOf(join(dir, '.agent-platform', 'services'), undefined);
  assert.ok(free > 0 && reserve > 0 && reserve <= 256 * 2 ** 20);
  assert.equal(diskSpaceOf(dir, 3).reserve, 3 * 2 ** 20);
  assert.equal(diskSpaceOf(dir, 0).reserve, 0);
});

test.run();
