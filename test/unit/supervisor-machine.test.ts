import assert from 'node:assert/strict';
import { createActor, createMachine } from 'xstate';
import { type Disposition, type Found, supervisorMachine } from '../../actors/supervisor/machine.ts';
import { type Limits, restartDelay } from '../../actors/supervisor/restart.ts';
import type { Verdict } from '../../runtime/journal/entry.ts';
import { suite } from '../support/suite.ts';

const test = suite('the supervisor machine');

const holds: Verdict = { rule: 'depth.left', ok: true, reason: '' };
const fails: Verdict = { rule: 'depth.left', ok: false, reason: 'none left' };

function serving() {
  const actor = createActor(supervisorMachine).start();
  actor.send({ type: 'started' });
  return actor;
}

function decide(
  actor: ReturnType<typeof serving>,
  mail: { found: Found; verdicts?: Verdict[]; live?: boolean; rests?: boolean; poison?: boolean },
): Disposition | null {
  let decided: Disposition | null = null;
  actor.on('disposition', ({ disposition }) => {
    decided = disposition;
  });
  actor.send({ type: 'mail', key: 'k', verdicts: [], live: false, rests: false, poison: false, ...mail });
  return decided;
}

test('decides each mail by what the journal says and by the verdicts in the event', () => {
  const table: [Parameters<typeof decide>[1], Disposition][] = [
    [{ found: 'new', verdicts: [holds] }, 'admit'],
    [{ found: 'new', verdicts: [holds, fails] }, 'refuse'],
    [{ found: 'open' }, 'deliver'],
    [{ found: 'open', live: true }, 'deliver'],
    [{ found: 'held' }, 'resume'],
    [{ found: 'held', rests: true }, 'resend'],
    [{ found: 'held', live: true }, 'duplicate'],
    [{ found: 'final' }, 'duplicate'],
    [{ found: 'known' }, 'duplicate'],
    [{ found: 'unknown' }, 'drop'],
    [{ found: 'held', rests: true, poison: true }, 'resend'],
    [{ found: 'held', poison: true }, 'quarantine'],
    [{ found: 'held', live: true, poison: true }, 'duplicate'],
  ];
  for (const [mail, expected] of table) assert.equal(decide(serving(), mail), expected, JSON.stringify(mail));
});

test('decides nothing before it serves, and leaves all mail while it drains', () => {
  const actor = createActor(supervisorMachine).start();
  assert.equal(decide(actor, { found: 'new' }), null);
  actor.send({ type: 'started' });
  actor.send({ type: 'drain' });
  assert.equal(decide(actor, { found: 'new' }), 'leave');
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

test('spawns a claimed child and forgets it when it has ended', () => {
  const actor = serving();
  const child = { agent: 'librarian', run: 'r', path: '0' };
  actor.send({ type: 'child.claimed', key: 'k', child, logic: createMachine({}) });
  assert.deepEqual(actor.getSnapshot().context.children, { k: child });
  assert.deepEqual(Object.keys(actor.getSnapshot().children), ['k']);
  actor.send({ type: 'child.ended', key: 'k', how: 'parked' });
  assert.deepEqual(actor.getSnapshot().context.children, {});
  assert.deepEqual(Object.keys(actor.getSnapshot().children), []);
});

test('a child that throws takes down neither the supervisor nor its siblings', () => {
  const actor = serving();
  const errors: unknown[] = [];
  actor.subscribe({ error: (error) => errors.push(error) });
  const child = { agent: 'librarian', run: 'r', path: '0' };
  const throwing = createMachine({
    on: {
      boom: {
        actions: () => {
          throw new Error('boom');
        },
      },
    },
  });
  actor.send({ type: 'child.claimed', key: 'bad', child, logic: throwing });
  actor.send({ type: 'child.claimed', key: 'good', child, logic: createMachine({}) });
  const children = actor.getSnapshot().children as Record<string, { send(event: { type: string }): void }>;
  children.bad?.send({ type: 'boom' });
  assert.deepEqual(errors, []);
  assert.equal(actor.getSnapshot().status, 'active');
  assert.equal(
    (
      actor.getSnapshot().children as unknown as Record<string, { getSnapshot(): { status: string } }>
    ).good?.getSnapshot().status,
    'active',
  );
});

test.run();
