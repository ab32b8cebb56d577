import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { cancelRun } from '../../bridge/commands/cancel.ts';
import { startRun } from '../../bridge/commands/start-run.ts';
import { readRun, type RunTree } from '../../bridge/journals/runs.ts';
import { settleRun } from '../../bridge/follow/settle.ts';
import { watchJournals } from '../../bridge/follow/watch.ts';
import { type Address, addressKey } from '../../runtime/address.ts';
import type { ModelProvider } from '../../runtime/model/provider.ts';
import { mailSubject, workerSubject } from '../../runtime/subjects.ts';
import { chain, type TestPlatform, withPlatforms } from '../support/platform.ts';
import { suite } from '../support/suite.ts';
import { throwingTurns } from '../support/throwing.ts';

const test = suite('who owns an invocation');
const platforms = withPlatforms(test);
const library = { packs: [resolve(import.meta.dirname, '../packs/library')] };
const emma = { agent: 'librarian', instructions: 'Take stock.', payload: { book: 'emma' } };

/** A model whose answers wait until the gate opens; `asked` resolves when it is asked for the first time. */
function gated() {
  let open = () => {};
  let ask = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const asked = new Promise<void>((resolve) => {
    ask = resolve;
  });
  const model = (rehearsal: ModelProvider): ModelProvider => ({
    ...rehearsal,
    reply: async (request, signal) => {
      ask();
      await opened;
      return rehearsal.reply(request, signal);
    },
  });
  return { model, open: () => open(), asked };
}

/** Resolves when a journal reaches a state; says nothing of how. */
async function reaches({ platform }: TestPlatform, address: Address, state: string): Promise<void> {
  const done = new AbortController();
  await watchJournals(platform.nc, platform.runtime.journal, {
    tenant: address.tenant,
    runs: [address.run],
    signal: done.signal,
    onEntry: ({ path }, entry) => {
      if (path === address.path && entry.state === state) done.abort();
    },
  });
}

async function treeOf({ platform }: TestPlatform, address: Address): Promise<RunTree> {
  const tree = await readRun(platform.runtime.journal, address);
  assert.ok(tree);
  return tree;
}

/**
 * Counts what a worker forwards to that owner, and has it wait for each answer for as long as it takes: both share this
 * process, and its stall is no silence of the owner's.
 */
function patientForwards({ platform: { nc } }: TestPlatform, owner: string): () => number {
  const request = nc.request.bind(nc);
  let count = 0;
  nc.request = (subject, payload, options) => {
    if (subject !== workerSubject(owner)) return request(subject, payload, options);
    count += 1;
    return request(subject, payload, { ...options, timeout: 20_000 });
  };
  return () => count;
}

test('mail for what computes on another worker is forwarded: nothing is started a second time', async () => {
  const gate = gated();
  const owner = await platforms({ ...library, model: gate.model, ackWaitMs: 1000 });
  const { address } = await startRun(owner.platform, emma);
  await gate.asked;
  const other = await platforms({ ...library, ackWaitMs: 1000 });
  const forwards = patientForwards(other, owner.platform.runtime.worker);
  const js = other.platform.nc.jetstream();
  const waiting = async () => {
    const { num_pending, num_ack_pending } = await other.platform.jsm.consumers.info('MAIL', 'mail-librarian');
    return num_pending + num_ack_pending;
  };
  // Each goes to one of the two workers; of so many, the other one gets some.
  for (let i = 0; i < 30; i++) {
    await js.publish(mailSubject({ ...address, agent: 'librarian' }), JSON.stringify({ type: 'resume' }));
  }
  while ((await waiting()) > 0);
  assert.ok(forwards() > 0, 'some went to the worker that does not own it');
  gate.open();
  await settleRun(owner.platform, address, { signal: new AbortController().signal });
  const tree = await treeOf(owner, address);
  assert.equal(tree.state, 'completed');
  assert.ok(!chain(tree).some((line) => line.includes('resumed')), chain(tree).join('\n'));
  const writers = new Set(tree.entries.map(({ writer }) => writer));
  assert.deepEqual(writers, new Set([owner.platform.runtime.worker]));
});

test('a worker that drains hands its work back at once, long before the ack wait', async () => {
  const gate = gated();
  const ackWaitMs = 20_000;
  const first = await platforms({ ...library, model: gate.model, ackWaitMs, graceMs: 300 });
  const { address } = await startRun(first.platform, emma);
  await gate.asked;
  const next = await platforms({ ...library, ackWaitMs });
  const begin = performance.now();
  await first.worker.stop();
  await settleRun(next.platform, address, { signal: new AbortController().signal });
  assert.ok(performance.now() - begin < ackWaitMs / 2, `it took ${performance.now() - begin} ms`);
  assert.equal((await treeOf(next, address)).state, 'completed');
});

test('what waits for a restart is cancelled at once, and handed back at once by a worker that drains', async () => {
  const ackWaitMs = 60_000;
  const opened = await platforms({ ...library, ackWaitMs, graceMs: 60_000, limits: { restartIntensity: 8 } });
  let throws = 0;
  let eightfold = () => {};
  const thrown = new Promise<void>((resolve) => (eightfold = resolve));
  const { worker, platform } = throwingTurns(opened, () => {
    throws += 1;
    if (throws === 8) eightfold();
    return true;
  });
  const cancelled = await startRun(platform, emma);
  const kept = await startRun(platform, emma);
  // After four crashes each the next restart is 6.4 s away.
  await thrown;
  while (worker.vitals.restarting < 2) await platform.nc.flush();
  assert.equal(worker.vitals.live, 0, 'neither computes');
  const begin = performance.now();
  await cancelRun(platform, cancelled.address, { by: 'alma', reason: 'it loops' });
  assert.equal((await treeOf(opened, cancelled.address)).state, 'cancelled');
  assert.deepEqual([worker.vitals.live, worker.vitals.restarting], [0, 1]);
  const stopped = worker.stop();
  assert.equal(worker.vitals.restarting, 0, 'it is handed back before anything else is waited for');
  await stopped;
  const next = await platforms({ ...library, ackWaitMs });
  await settleRun(next.platform, kept.address, { signal: new AbortController().signal });
  const tookMs = performance.now() - begin;
  assert.ok(tookMs < ackWaitMs / 2, `it took ${tookMs} ms`);
  const tree = await treeOf(next, kept.address);
  assert.equal(tree.state, 'completed');
  assert.equal(throws, 8, 'no restart came early');
});

test('a worker that drains lets the step in hand finish, and begins no other', async () => {
  const gate = gated();
  const first = await platforms({ ...library, model: gate.model, ackWaitMs: 20_000, graceMs: 10_000 });
  const { address } = await startRun(first.platform, emma);
  await gate.asked;
  const stopped = first.worker.stop();
  gate.open();
  await stopped;
  const before = await treeOf(first, address);
  assert.equal(before.state, 'acting', 'the turn that was asked for is journaled, its call is not run');
  const next = await platforms({ ...library, ackWaitMs: 20_000 });
  await settleRun(next.platform, address, { signal: new AbortController().signal });
  const after = await treeOf(next, address);
  assert.equal(after.state, 'completed');
  assert.equal(after.context.usage.turns, 2, 'no turn was asked for twice');
});

test('an actor that throws is started again from the journal; the run goes on where it was', async () => {
  let throws = 2;
  const { run } = throwingTurns(await platforms(library), () => throws-- > 0);
  const tree = await run(emma);
  assert.equal(tree.state, 'completed');
  assert.equal(chain(tree).filter((line) => line.includes('resumed')).length, 2);
});

test('what is taken up again and again without getting further is quarantined: failed, with the reason', async () => {
  const gate = gated();
  const open = await platforms({ ...library, model: gate.model, ackWaitMs: 100, limits: { maxStalls: 4 } });
  const { address } = await startRun(open.platform, emma);
  const { nc, runtime } = open.platform;
  const done = new AbortController();
  const key = addressKey(address);
  await watchJournals(nc, runtime.journal, {
    tenant: address.tenant,
    runs: [address.run],
    signal: done.signal,
    onEntry: async (_, entry) => {
      if (entry.state === 'failed') done.abort();
      if (entry.state === 'thinking') {
        await nc.request(workerSubject(runtime.worker), JSON.stringify({ type: 'kill', key }), { timeout: 2000 });
      }
    },
  });
  const tree = await treeOf(open, address);
  assert.equal(tree.context.error?.code, 'activation.quarantined');
  assert.equal(chain(tree).filter((line) => line.includes('resumed')).length, 4);
  gate.open();
  // A person has it go on: from where it was, to its end.
  const mail = { type: 'retry' as const, by: 'test' };
  await runtime.mailer.post({ ...address, agent: 'librarian' }, mail, { correlation_id: 'test' });
  await reaches(open, address, 'completed');
  const retried = await treeOf(open, address);
  assert.equal(chain(retried).filter((line) => line.includes('human.decided')).length, 1);
  assert.equal(retried.context.report?.text, 'emma: on the shelf');
});

test('a killed actor goes on after the ack wait, and its effect is done once', async () => {
  const gate = gated();
  const open = await platforms({ ...library, model: gate.model, ackWaitMs: 300 });
  const { address } = await startRun(open.platform, { ...emma, payload: { book: 'middlemarch' } });
  await gate.asked;
  const request = JSON.stringify({ type: 'kill', key: addressKey(address) });
  await open.platform.nc.request(workerSubject(open.platform.runtime.worker), request, { timeout: 2000 });
  gate.open();
  await reaches(open, address, 'completed');
  const { state } = await open.platform.jsm.streams.info('TOPIC_overdue', { subjects_filter: '>' });
  const own = Object.keys(state.subjects ?? {}).filter((subject) => subject.includes(address.run));
  assert.equal(own.length, 1);
});

test.run();
