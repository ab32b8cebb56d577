import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contextDigest, emptyFold, stateOf, step } from '../../actors/fold.ts';
import { invocationMachine } from '../../actors/invocation/machine.ts';
import type { RunTree } from '../../bridge/journals/runs.ts';
import { MAIL_STREAM, memorySubject, timerSubject } from '../../runtime/subjects.ts';
import { leftProcesses } from '../chaos/left-processes.ts';
import { found, planter } from '../chaos/planting.ts';
import { readRecords } from '../chaos/records.ts';
import { withServers } from '../support/servers.ts';
import { suite } from '../support/suite.ts';

const test = suite('the oracle, on what was cancelled, waits, or should be gone', { timeoutMs: 60_000 });
const servers = withServers(test);
// Its analysis waits for a person before it takes effect.
const target = 'evergreen-health';
const waiting = planter(test, servers, { target, runs: 2 });
const cancelled = planter(test, servers, { target, cancel: true, runs: 7 });

/** The id of what a call of the held turn would make. */
function heldEffect({ address, context }: RunTree, kind: 'emit' | 'store'): string {
  const call = context.turns.at(-1)?.calls.find((each) => each.kind === kind);
  assert.equal(call?.status, 'pending');
  return `${address.run}-${address.path}-${call.ordinal}`;
}

test('finds an event that was emitted after the cancel', async () => {
  const violations = await cancelled(async ({ root, analysis, publish }) => {
    const id = heldEffect(analysis, 'emit');
    const { run } = root.address;
    await publish(`emit.csm_alerts.sample.urgent.${target}.${id}`, { run }, { 'ce-id': id });
  });
  const { journal } = found(
    violations,
    'wrong',
    /^csm_alerts cancelled-\d+-evergreen-health-0-1-\d+ came after the cancel/,
  );
  assert.match(journal.at(-1) ?? '', /cancelled: cancelled$/);
});

test('finds a memory that was stored after the cancel', async () => {
  const violations = await cancelled(async ({ open, analysis, publish }) => {
    const id = heldEffect(analysis, 'store');
    const { tenant, run, path } = analysis.address;
    const [some] = (await readRecords(open.platform.nc)).memories;
    assert.ok(some);
    const memory = { ...some, tenant, scope: analysis.agent, id, source: `${run}/${path}` };
    await publish(memorySubject(tenant, analysis.agent, id), memory);
  });
  found(violations, 'wrong', /^memory cancelled-\d+-evergreen-health-0-1-\d+ came after the cancel/);
});

test('finds a child that goes on below a cancelled root', async () => {
  const violations = await cancelled(async ({ analysis, removeLast }) => void (await removeLast(analysis)));
  found(violations, 'stuck', /^it is cancelled, and 0-1 is waiting_for_human/);
});

test('finds a child that was never told of the cancel', async () => {
  const violations = await cancelled(async ({ analysis, removeLast }) => {
    while (analysis.entries.length > 0) await removeLast(analysis);
  });
  found(violations, 'lost', /^it is cancelled, and 0-1 was never told/);
});

test('takes a child that was cancelled before it began for ended', async () => {
  const violations = await cancelled(async ({ analysis, removeLast, append }) => {
    const removed = [];
    while (analysis.entries.length > 0) removed.unshift(await removeLast(analysis));
    const alone = removed.at(-1);
    assert.ok(alone);
    let { snapshot } = emptyFold(invocationMachine);
    for (const event of alone.events) snapshot = step(invocationMachine, snapshot, event);
    await append(analysis, { ...alone, state: stateOf(snapshot), digest: contextDigest(snapshot) });
  });
  assert.deepEqual(violations, []);
});

test('finds an entry behind the cancel', async () => {
  const violations = await cancelled(async ({ analysis, append }) => append(analysis, analysis.entries.at(-1) ?? {}));
  found(violations, 'twice', /^it had ended, and cancelled was appended/);
});

test('finds a cancel that was posted and never counted', async () => {
  const violations = await waiting(async ({ root, ask }) => ask(root.address));
  found(violations, 'lost', /^its cancel was posted, and it is acting/);
});

test('finds a timer of what has ended', async () => {
  const violations = await cancelled(async ({ analysis, publish }) => {
    const { tenant, run } = analysis.address;
    await publish(
      timerSubject(analysis.address, 'due-1'),
      { type: 'timer.fired', name: 'due-1' },
      {
        'Nats-Schedule': '@at 2099-01-01T00:00:00Z',
        'Nats-Schedule-Target': `mail.${tenant}.${analysis.agent}.${run}.0-1`,
      },
    );
  });
  found(violations, 'stuck', /^the timer timer\.sample\.cancelled-\d+-evergreen-health\.0-1\.due-1 was left behind/);
});

test('finds a timer that is waited for and not there', async () => {
  const violations = await waiting(async ({ open, analysis }) => {
    const filter = timerSubject(analysis.address, 'due-1');
    const { purged } = await open.platform.jsm.streams.purge(MAIL_STREAM, { filter });
    assert.equal(purged, 1);
  });
  found(violations, 'lost', /^the timer due-1 of .*planted-\d+-evergreen-health.* is gone/);
});

test('finds a process that was left behind', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'left-'));
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', folder], { stdio: 'ignore' });
  await once(child, 'spawn');
  assert.match(leftProcesses(folder).join(), new RegExp(`^the process ${child.pid} was left behind`));
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
  assert.deepEqual(leftProcesses(folder), []);
  rmSync(folder, { recursive: true });
});

test.run();
