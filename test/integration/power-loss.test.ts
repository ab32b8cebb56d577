/**
 * A copy of the state folder, taken while everything runs, is what a disk may hold after the power went: files of
 * different moments, each cut off anywhere. With `durability: power` it must hold what was acknowledged before.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { reconcile } from '../../actors/reconcile.ts';
import { startBatch } from '../../bridge/commands/start-batch.ts';
import { settleBatch } from '../../bridge/follow/settle.ts';
import { openTestProcess } from '../../bridge/testing/process.ts';
import type { Address } from '../../runtime/address.ts';
import { CUSTOMER_SUCCESS } from '../support/platform.ts';
import { startServers, testSettings, type TestServers } from '../support/servers.ts';
import { suite } from '../support/suite.ts';

const test = suite('loss of power', { timeoutMs: 120_000 });
const never = new AbortController().signal;
/** Appends after which a copy is begun. */
const COPIED_AT = [1, 15, 40, 75, 110];

interface Copy {
  stateDir: string;
  /** Appends that were acknowledged when it began. */
  acknowledged: number;
  done: Promise<unknown>;
}

let servers: TestServers;
test.before(async () => {
  servers = await startServers();
});
test.after(() => servers.stop());

test('loses no entry that was acknowledged, and the runs go on from what there is', async () => {
  assert.equal(servers.settings.durability, 'power');
  const { dir } = servers;
  const options = { packs: [CUSTOMER_SUCCESS] };
  const writer = await openTestProcess(testSettings(dir, options));
  const { journal } = writer.platform.runtime;
  const acknowledged: { address: Address; key: string }[] = [];
  const copies: Copy[] = [];
  journal.observe((address, { key }, { status }) => {
    if (status !== 'appended') return;
    acknowledged.push({ address, key });
    if (!COPIED_AT.includes(acknowledged.length)) return;
    const stateDir = join(dir, `copy-${acknowledged.length}`);
    const done = promisify(execFile)('cp', ['-a', join(dir, '.agent-platform'), stateDir]).catch((error: Error) => {
      // A file that went away meanwhile is one that the power took, too.
      assert.match(error.message, /No such file/);
    });
    copies.push({ stateDir, acknowledged: acknowledged.length, done });
  });
  const batch = await startBatch(writer.platform, { schedule: 'weekly_health_check', batch: 'b' });
  const runs = batch.targets.map((target) => `b-${target}`);
  await settleBatch(writer.platform, batch.address, runs, { signal: never });
  await writer.worker.settled();
  await Promise.all(copies.map(({ done }) => done));
  assert.equal(copies.length, COPIED_AT.length);
  await writer.stop();

  let interrupted = 0;
  for (const copy of copies) {
    const next = await openTestProcess(testSettings(dir, { ...options, stateDir: copy.stateDir }), { works: false });
    for (const { address, key } of acknowledged.slice(0, copy.acknowledged)) {
      const keys = (await next.platform.runtime.journal.read(address)).map((entry) => entry.key);
      assert.ok(keys.includes(key), `copy ${copy.acknowledged} lost an entry of ${address.run} ${address.path}`);
    }
    await next.stop();
    const worker = await openTestProcess(testSettings(dir, { ...options, stateDir: copy.stateDir }));
    interrupted += (await reconcile(worker.platform.nc, worker.platform.runtime)).woken;
    await settleBatch(worker.platform, batch.address, runs, { signal: never });
    await worker.stop();
  }
  assert.ok(interrupted > 0, 'no copy was taken in the middle of it');
});

test.run();
