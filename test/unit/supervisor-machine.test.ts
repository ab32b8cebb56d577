import assert from 'node:assert/strict';
import { createActor } from 'xstate';
import { type Disposition, type Found, supervisorMachine } from '../../actors/supervisor/machine.ts';
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

test.run();
