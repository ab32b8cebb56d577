import assert from 'node:assert/strict';
import { createActor, createMachine, fromCallback, SimulatedClock } from 'xstate';
import { type ChildEmitted, childrenLogic } from '../../actors/supervisor/children.ts';
import { type Limits, restartDelay } from '../../actors/supervisor/restart.ts';
import { suite } from '../support/suite.ts';

const test = suite("the supervisor's children");

const idle = createMachine({});
const throwing = createMachine({
  on: {
    boom: {
      actions: () => {
        throw new Error('boom');
      },
    },
  },
});

function started() {
  const clock = new SimulatedClock();
  const actor = createActor(childrenLogic, { clock }).start();
  const told: ChildEmitted[] = [];
  actor.on('*', (event) => void told.push(event));
  const keys = () => [...actor.getSnapshot().context.keys()];
  const child = (key: string) => actor.getSnapshot().context.get(key);
  return { actor, clock, told, keys, child };
}

test('a claimed child lives until it has ended, and stops what it runs', () => {
  const { actor, keys, child } = started();
  let runs = 0;
  const effect = fromCallback(() => {
    runs += 1;
    return () => void (runs -= 1);
  });
  actor.send({ type: 'child.claimed', key: 'k', logic: createMachine({ invoke: { src: effect } }) });
  assert.equal(child('k')?.getSnapshot().status, 'active');
  assert.deepEqual([keys(), runs], [['k'], 1]);
  actor.send({ type: 'child.ended', key: 'k' });
  assert.deepEqual([keys(), runs], [[], 0]);
  actor.send({ type: 'child.claimed', key: 'k', logic: createMachine({ invoke: { src: effect } }) });
  actor.stop();
  assert.deepEqual([keys(), runs], [[], 0], 'a stopped supervisor leaves nothing running');
});

test('a child that throws is told, and takes down no sibling', () => {
  const { actor, told, child } = started();
  actor.send({ type: 'child.claimed', key: 'bad', logic: throwing });
  actor.send({ type: 'child.claimed', key: 'good', logic: idle });
  child('bad')?.send({ type: 'boom' });
  assert.deepEqual(told, [{ type: 'child.crashed', key: 'bad', error: new Error('boom') }]);
  assert.equal(actor.getSnapshot().status, 'active');
  assert.equal(child('good')?.getSnapshot().status, 'active');
});

test('a child that waits for its restart is not live, and is due once when its delay is over', () => {
  const { actor, clock, told, child } = started();
  actor.send({ type: 'child.claimed', key: 'k', logic: idle });
  actor.send({ type: 'child.restarting', key: 'k', delayMs: 400 });
  assert.equal(child('k'), null);
  clock.increment(399);
  assert.deepEqual(told, []);
  clock.increment(1);
  assert.deepEqual(told, [{ type: 'child.due', key: 'k' }]);
  actor.send({ type: 'child.claimed', key: 'k', logic: idle });
  clock.increment(10_000);
  assert.equal(told.length, 1);
  assert.equal(child('k')?.getSnapshot().status, 'active');
});

test('what ends a child, or claims it again, ends its wait', () => {
  for (const end of [{ type: 'child.ended' as const }, { type: 'child.claimed' as const, logic: idle }]) {
    const { actor, clock, told } = started();
    actor.send({ type: 'child.restarting', key: 'k', delayMs: 400 });
    actor.send({ ...end, key: 'k' });
    clock.increment(10_000);
    assert.deepEqual(told, [], end.type);
  }
});

test('a claim and an end cost the same with 10,000 children alive as with 500', () => {
  const few = started().actor;
  const many = started().actor;
  const claim = (actor: typeof few, at: number) =>
    actor.send({ type: 'child.claimed', key: `tenant/run-${at}/0`, logic: idle });
  for (let i = 0; i < 500; i++) claim(few, i);
  for (let i = 0; i < 10_000; i++) claim(many, i);
  const round = (actor: typeof few): number => {
    const begin = performance.now();
    for (let i = 0; i < 50; i++) {
      actor.send({ type: 'child.ended', key: `tenant/run-${i}/0` });
      claim(actor, i);
    }
    return performance.now() - begin;
  };
  // The best of several rounds in turn: what else the machine does hits both alike.
  const best = { few: Infinity, many: Infinity };
  for (let i = 0; i < 10; i++) {
    best.few = Math.min(best.few, round(few));
    best.many = Math.min(best.many, round(many));
  }
  assert.ok(best.many < best.few * 4, `50 ends and claims: ${best.few} ms with 500 alive, ${best.many} with 10,000`);
});

test('a child is restarted ever later, as often within the period as is set', () => {
  const limits: Limits = { restartIntensity: 2, restartPeriodMs: 1000, maxStalls: 10 };
  const first = restartDelay([], 0, limits);
  const second = restartDelay(first.crashes, 400, limits);
  assert.deepEqual([first.delayMs, second.delayMs], [100, 400]);
  assert.equal(restartDelay(second.crashes, 999, limits).delayMs, null);
  assert.deepEqual(restartDelay(second.crashes, 1000, limits), { delayMs: 400, crashes: [400, 1000] });
  assert.equal(restartDelay([], 0, { ...limits, restartIntensity: 0 }).delayMs, null);
  const many = Array.from({ length: 40 }, () => 0);
  assert.equal(restartDelay(many, 0, { ...limits, restartIntensity: 100 }).delayMs, 10_000);
});

test.run();
