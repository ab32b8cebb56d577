import assert from 'node:assert/strict';
import { join } from 'node:path';
import { startRun } from '../../bridge/commands/start-run.ts';
import { NatsDoor } from '../../bridge/nats/door.ts';
import { readRun } from '../../bridge/journals/runs.ts';
import { settleRun } from '../../bridge/follow/settle.ts';
import { openTestProcess, type TestProcess } from '../../bridge/testing/process.ts';
import { PlatformError } from '../../config/errors.ts';
import { command } from '../support/command.ts';
import { appOf, gatedModel, LIBRARY, messagesOf, post, STOCK } from '../support/http.ts';
import { testSettings, withServers } from '../support/servers.ts';
import { type SmallDisk, startSmallDisk } from '../support/small-disk.ts';
import { suite } from '../support/suite.ts';

const test = suite('a disk that is full', { timeoutMs: 60_000 });
const servers = withServers(test);
const gate = gatedModel();
let disk: SmallDisk;
let open: TestProcess;

test.before(async () => {
  const { dir, settings, services } = servers();
  disk = await startSmallDisk(dir, settings);
  const { password, host, port } = services.redis;
  const redisUrl = `redis://:${password}@${host}:${port}`;
  open = await openTestProcess(testSettings(dir, { ...LIBRARY, natsUrl: disk.url, redisUrl }), { model: gate.model });
});
test.after(async () => {
  await open.stop();
  await disk.stop();
});

test('stops what comes in at every door with a code; readiness says why; what is under way waits and goes on', async () => {
  const { platform } = open;
  const { runtime, settings, nc } = platform;
  const app = appOf(open);
  const door = new NatsDoor(platform);
  await door.start();
  const { address } = await startRun(platform, { ...STOCK, run: 'under-way' });
  await gate.asked;
  const acknowledged = await runtime.journal.read(address);
  await disk.fill();
  const before = await messagesOf(platform);

  const refused = await post(app, '/run', { ...STOCK, run_id: 'refused' });
  assert.deepEqual([refused.status, refused.headers.get('retry-after')], [507, '5']);
  const { error } = (await refused.json()) as { error: { code: string; message: string } };
  assert.deepEqual(error, {
    code: 'storage.full',
    message: 'the platform has no room for more; its operator has the details',
  });
  const asked = await nc.request('api.town.run.librarian', JSON.stringify({ ...STOCK, agent: undefined }));
  assert.equal(asked.headers?.get('Nats-Service-Error-Code'), 'storage.full', asked.string());
  const ready = await app.request('/readyz');
  assert.equal(ready.status, 503);
  assert.match(await ready.text(), /the journal could not be written: no room is left/);
  const told = await command(
    ['run', 'librarian', '--payload', JSON.stringify(STOCK.payload), '--state-dir', join(settings.stateDir, 'cli')],
    {
      env: {
        NATS_URL: disk.url,
        REDIS_URL: settings.redisUrl ?? '',
        AGENT_PLATFORM_PACKS: LIBRARY.packs.join(),
      },
    },
  );
  assert.deepEqual([told.code, told.stdout], [1, '']);
  assert.match(
    told.stderr,
    /^error\[storage\.full\]: the NATS server has no room for more \(insufficient resources\)/m,
  );
  await assert.rejects(
    runtime.memory.seed('town', [
      { scope: 'librarian', subject: 'emma', date: '2026-01-01', kind: 'quirk', text: 'x' },
    ]),
    (thrown) => thrown instanceof PlatformError && thrown.code === 'storage.full',
  );

  // The reply is there and finds no room for its entry; the actor keeps it and waits.
  gate.open();
  await nc.flush();
  assert.deepEqual(await runtime.journal.read(address), acknowledged);
  assert.deepEqual(await messagesOf(platform), before);

  await disk.makeRoom();
  await settleRun(platform, address, { signal: new AbortController().signal });
  const tree = await readRun(runtime.journal, address);
  assert.equal(tree?.state, 'completed');
  assert.deepEqual(tree?.entries.slice(0, acknowledged.length), acknowledged);
  const events = tree?.entries.flatMap((entry) => entry.events.map(({ type }) => type));
  assert.ok(!events?.includes('resumed'), `nobody had to take it over: ${events?.join()}`);
  assert.equal((await post(app, '/run', { ...STOCK, run_id: 'refused' })).status, 200);
  assert.equal((await app.request('/readyz')).status, 200);
  await door.stop();
});

test.run();
