import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { joinServices, openServices } from '../../config/services/open.ts';
import { connectNats } from '../../runtime/bus/connect.ts';
import { connectRedis } from '../../runtime/memory/connect.ts';
import { HeldFolder, type Opened } from '../support/holders.ts';
import { testSettings } from '../support/servers.ts';
import { suite } from '../support/suite.ts';

/** Commands that share the embedded servers of one state folder; every command is a process of its own. */
const test = suite('joining embedded services', { timeoutMs: 90_000 });
let folder: HeldFolder;

test.before.each(() => {
  folder = new HeldFolder();
});
test.after.each(() => folder.remove());

/** Both servers answer at these addresses. */
async function serves({ nats, redis }: Pick<Opened, 'nats' | 'redis'>): Promise<void> {
  const connection = await connectNats(nats, { name: 'test' });
  await connection.flush();
  await connection.close();
  const client = await connectRedis(redis);
  assert.equal(await client.ping(), 'PONG');
  client.disconnect();
}

async function rejection(work: Promise<unknown>): Promise<{ code: string; message: string }> {
  return work.then(
    () => assert.fail('it was accepted'),
    (error) => error as { code: string; message: string },
  );
}

test('a second command joins the servers of the first and does not disturb it', async () => {
  const first = await folder.holdOpen();
  const second = await folder.holdOpen();
  assert.deepEqual(second.open, first.open);
  await second.end();
  await serves(first.open);
  assert.deepEqual(folder.keepers(), [first.open.keeper]);
  await first.end();
  assert.deepEqual(folder.running(), []);
});

test('a copy of a folder in use starts servers of its own, and leaves those of the original alone', async () => {
  const first = await folder.holdOpen();
  execFileSync('cp', ['-a', join(folder.cwd, '.agent-platform'), join(folder.cwd, 'copy')]);
  const copied = await folder.holdOpen({ stateDir: 'copy' });
  assert.notEqual(copied.open.keeper, first.open.keeper);
  await serves(copied.open);
  await serves(first.open);
  const second = await folder.holdOpen();
  assert.deepEqual(second.open, first.open, 'the original is joined by its socket');
  for (const holder of [copied, second, first]) await holder.end();
});

test('the first command may leave at once while others hold on, and the last one stops the servers', async () => {
  const first = await folder.holdOpen();
  const second = await folder.holdOpen();
  await first.end();
  await serves(second.open);
  const third = await folder.holdOpen();
  assert.equal(third.open.keeper, first.open.keeper);
  await second.end();
  await serves(third.open);
  await third.end();
  assert.deepEqual(folder.running(), [], 'close resolves after the servers have ended, also for one that joined');
});

test('the last holder may be killed or interrupted: the servers stop, and not before', async () => {
  for (const signal of ['SIGKILL', 'SIGINT'] as const) {
    const first = await folder.holdOpen();
    const second = await folder.holdOpen();
    await first.kill();
    await serves(second.open);
    process.kill(-(second.process.pid ?? 0), signal);
    await folder.nothingRuns();
  }
});

test('commands that begin at the same moment all get the servers of one keeper', async () => {
  for (let round = 0; round < 3; round++) {
    const holders = await Promise.all([folder.holdOpen(), folder.holdOpen(), folder.holdOpen(), folder.holdOpen()]);
    assert.equal(new Set(holders.map(({ open }) => open.keeper)).size, 1);
    assert.equal(folder.keepers().length, 1);
    await Promise.all(holders.map((holder) => holder.end()));
    assert.deepEqual(folder.running(), []);
  }
});

test('a command that joins while the servers start keeps them when the one that started them is killed', async () => {
  const first = folder.hold();
  const second = folder.hold();
  while (folder.keepers().length === 0);
  await first.kill();
  const { open } = (await second.next()) ?? {};
  assert.ok(open);
  await serves(open);
  // The killed command's own keeper may have lost the claim, and be on its way out.
  while (folder.keepers().length !== 1) await new Promise(setImmediate);
  await serves(open);
});

test('a join at the moment at which the last holder leaves ends with working servers and without an orphan', async () => {
  // Within this process a join takes a millisecond, so that it meets every phase of the keeper's end.
  const settings = testSettings(folder.cwd);
  for (let delayMs = 0; delayMs < 60; delayMs += 5) {
    const first = await openServices(settings);
    const leaving = first.close();
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    const next = await openServices(settings);
    await serves(next);
    await leaving;
    await serves(next);
    await next.close();
  }
  assert.deepEqual(folder.running(), []);
});

test('a process that joins as the last holder is killed ends with working servers', async () => {
  for (let round = 0; round < 4; round++) {
    const first = await folder.holdOpen();
    const next = folder.hold();
    // The round decides where in its start the newcomer is.
    await new Promise((resolve) => setTimeout(resolve, round * 70));
    await first.kill();
    const { open, failed } = (await next.next()) ?? {};
    assert.ok(open, JSON.stringify(failed));
    await serves(open);
    await next.end();
  }
  assert.deepEqual(folder.running(), []);
});

test('when the keeper is killed every holder learns of it, and the next command has servers again', async () => {
  const holders = [await folder.holdOpen(), await folder.holdOpen()];
  process.kill(folder.keepers()[0] ?? 0, 'SIGKILL');
  const next = folder.hold(); // While the old servers are going down.
  for (const holder of holders) assert.match((await holder.next())?.lost ?? '', /are gone: its keeper ended/);
  const { open } = (await next.next()) ?? {};
  assert.ok(open);
  await serves(open);
  assert.deepEqual(folder.keepers(), [open.keeper]);
});

test('a keeper that is killed while a command waits for its servers is replaced', async () => {
  const holder = folder.hold();
  while (folder.keepers().length === 0);
  process.kill(folder.keepers()[0] ?? 0, 'SIGKILL');
  const said = await holder.next();
  // Before its greeting the keeper was nobody's: that is told. Afterwards the command starts another one.
  if (said?.failed) assert.equal(said.failed.code, 'services.start_failed');
  else await serves(said?.open ?? assert.fail('it ended without a word'));
});

test('another durability is refused by name, nothing is changed, and the same one is taken', async () => {
  const holder = await folder.holdOpen({ durability: 'process' });
  const { code, message } = await rejection(openServices(testSettings(folder.cwd)));
  assert.equal(code, 'state.in_use');
  assert.match(message, new RegExp(`in use by process ${holder.process.pid} since 20\\d\\d-`));
  assert.match(
    message,
    /they run with durability process, and this command asks for power; ask for durability process/,
  );
  const config = JSON.parse(readFileSync(join(folder.services, 'nats-server.conf'), 'utf8'));
  assert.equal(config.jetstream.sync_interval, undefined);
  const joined = await openServices(testSettings(folder.cwd, { durability: 'process' }));
  assert.equal(joined.keeper?.durability, 'process');
  await joined.close();
  await serves(holder.open);
});

test('servers of which one is missing are refused, a spare one is not used', async () => {
  const natsUrl = 'nats://127.0.0.1:1';
  const one = await folder.holdOpen({ natsUrl });
  const { code, message } = await rejection(openServices(testSettings(folder.cwd)));
  assert.equal(code, 'state.in_use');
  assert.match(message, /only redis is embedded there, and this command needs both; use the same NATS_URL/);
  await one.end();
  const both = await folder.holdOpen();
  const spare = await openServices(testSettings(folder.cwd, { natsUrl }));
  assert.equal(spare.nats.url, natsUrl);
  assert.deepEqual(spare.redis, both.open.redis);
  await spare.close();
});

test('a keeper of another version is refused with its process', async () => {
  const holder = await folder.holdOpen();
  const name = readdirSync(folder.services).find((file) => /^keeper\.\d+\.json$/.test(file)) ?? '';
  const claim = JSON.parse(readFileSync(join(folder.services, name), 'utf8'));
  delete claim.protocol; // As the first version wrote it.
  writeFileSync(join(folder.services, name), JSON.stringify(claim));
  const { code, message } = await rejection(openServices(testSettings(folder.cwd)));
  assert.equal(code, 'state.in_use');
  assert.match(message, new RegExp(`kept by process ${holder.open.keeper} of another version`));
  await serves(holder.open);
});

test('looking on joins what runs with any durability, and starts and makes nothing', async () => {
  assert.equal(await joinServices(testSettings(folder.cwd)), null);
  assert.deepEqual(readdirSync(folder.cwd), []);
  const holder = await folder.holdOpen({ durability: 'process' });
  const joined = await joinServices(testSettings(folder.cwd));
  assert.ok(joined?.keeper);
  assert.equal(joined.keeper.durability, 'process');
  assert.deepEqual(joined.keeper.holders, [holder.process.pid, process.pid]);
  assert.match(joined.versions.nats ?? '', /^2\./);
  await joined.close();
  await holder.end();
  assert.equal(await joinServices(testSettings(folder.cwd)), null);
});

test.run();
