import assert from 'node:assert/strict';
import { batchBehaviour } from '../../actors/batch/behaviour.ts';
import {
  batchMachine,
  isReached,
  openTargets,
  outcomeOf,
  pendingTargets,
  targetRun,
} from '../../actors/batch/machine.ts';
import { nextBlock } from '../../actors/batch/targets.ts';
import type { Runtime } from '../../actors/runtime.ts';
import { accepts, contextDigest, emptyFold, step } from '../../actors/fold.ts';
import type { BatchEvent } from '../../runtime/journal/entry.ts';
import { suite } from '../support/suite.ts';

const test = suite('the batch machine');

const address = { tenant: 'default', run: 'b', path: '0' };
const batch = { schedule: 's', as_of: '2026-01-31', data: '/data', only: null };
const begun: BatchEvent[] = [
  { type: 'invoked', address, batch, trace: { correlation_id: 'c' } },
  { type: 'admitted', worker: 'w', verdicts: [] },
];

const listed = (count: number, window?: number): BatchEvent => ({
  type: 'targets.listed',
  targets: Array.from({ length: count }, (_, at) => ({ id: `t-${at}`, payload: { at } })),
  ...(window !== undefined && { window }),
});
const report = (at: number, outcome = 'completed'): BatchEvent => ({
  type: 'child.reported',
  run: targetRun('b', `t-${at}`),
  outcome,
});
const started = (count: number): BatchEvent => ({ type: 'targets.started', count });

function after(...events: BatchEvent[]) {
  let { snapshot } = emptyFold(batchMachine);
  for (const event of [...begun, ...events]) {
    assert.ok(accepts(snapshot, event), `${String(snapshot.value)} takes no ${event.type}`);
    snapshot = step(batchMachine, snapshot, event);
  }
  return snapshot;
}

const ids = (targets: readonly { id: string }[]) => targets.map(({ id }) => id);

test('begins all runs of a short list at once', () => {
  const { value, context } = after(listed(3));
  assert.equal(value, 'running');
  assert.deepEqual([nextBlock(context), context.started], [null, 3]);
  assert.deepEqual(ids(openTargets(context)), ['t-0', 't-1', 't-2']);
});

test('begins a long list in blocks, and never has more runs open than its window', () => {
  let snapshot = after(listed(23, 10));
  const open = new Set<number>();
  let most = 0;
  let reports = 0;
  while (snapshot.value !== 'running' || snapshot.context.pending > 0) {
    const block = snapshot.value === 'starting' ? nextBlock(snapshot.context) : null;
    if (block) {
      for (let at = block.from; at < block.to; at += 1) open.add(at);
      snapshot = step(batchMachine, snapshot, started(block.to));
    } else {
      const [first] = open;
      assert.ok(first !== undefined, `nothing is open, and ${snapshot.context.pending} are pending`);
      open.delete(first);
      snapshot = step(batchMachine, snapshot, report(first));
      reports += 1;
    }
    most = Math.max(most, open.size);
  }
  assert.deepEqual([reports, most, snapshot.context.started], [23, 10, 23]);
  assert.equal(step(batchMachine, snapshot, { type: 'completed' }).status, 'done');
});

test('a window of one begins one run after the other', () => {
  const one = after(listed(3, 1), started(1));
  assert.equal(one.value, 'running');
  assert.equal(after(listed(3, 1), started(1), report(0)).value, 'starting');
});

test('takes reports while a block is being begun, of runs of that block as well', () => {
  const { value, context } = after(listed(20, 10), started(2), report(0), report(3));
  assert.equal(value, 'starting');
  assert.deepEqual(
    [outcomeOf(context, 'b-t-3'), outcomeOf(context, 'b-t-1'), context.pending],
    ['completed', null, 18],
  );
  assert.equal(outcomeOf(context, 'b-t-20'), undefined, 'a run of another batch is none of its own');
  assert.equal(outcomeOf(context, 't-1'), undefined);
});

test('cancelled, it has something to cancel only where a run may have begun', () => {
  const cancel: BatchEvent = { type: 'cancelled', worker: 'w', by: 'ada', reason: '' };
  const idle = after(listed(20, 4), started(1), started(2), started(3), started(4), cancel);
  assert.deepEqual(ids(openTargets(idle.context)), ['t-0', 't-1', 't-2', 't-3']);
  const beginning = after(listed(20, 4), started(1), started(2), report(0, 'failed'), cancel);
  assert.deepEqual(ids(openTargets(beginning.context)), ['t-1', 't-2'], 'the block in hand among them');
  assert.equal(pendingTargets(beginning.context).length, 19);
  assert.deepEqual([isReached(idle.context, 'b-t-3'), isReached(idle.context, 'b-t-4')], [true, false]);
});

test('counts blocks once, and writes into its digest how far it is', () => {
  const snapshot = after(listed(20, 10), started(2));
  assert.ok(!accepts(snapshot, started(2)), 'a block that was begun before is none');
  assert.notEqual(contextDigest(snapshot), contextDigest(after(listed(20, 10))));
});

test('holds each of a hundred thousand outcomes in its place', () => {
  let snapshot = after(listed(100_000, 100_000), started(20_000));
  for (const at of [0, 511, 512, 99_999]) snapshot = step(batchMachine, snapshot, report(at, `o-${at}`));
  const { context } = snapshot;
  const outcome = (at: number) => outcomeOf(context, targetRun('b', `t-${at}`));
  assert.deepEqual([0, 511, 512, 99_999].map(outcome), ['o-0', 'o-511', 'o-512', 'o-99999']);
  assert.deepEqual([1, 510, 513, 99_998].map(outcome), [null, null, null, null]);
  assert.equal(context.pending, 99_996);
});

test('a worker that does not know the schedule begins no block, and does not say that it did', async () => {
  const behaviour = batchBehaviour({ catalog: { schedule: () => undefined } } as unknown as Runtime, batchMachine);
  const beginning = behaviour.perform('begin', 1, after(listed(23, 10)), new AbortController().signal);
  await assert.rejects(beginning, { code: 'schedule.unknown' });
});

test.run();
