import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import { batchMachine } from '../../actors/batch/machine.ts';
import { accepts, contextDigest, emptyFold, stateOf, step } from '../../actors/fold.ts';
import { invocationMachine } from '../../actors/invocation/machine.ts';
import type { TurnState } from '../../runtime/context/invocation.ts';
import { parseEntry } from '../../runtime/journal/journal.ts';
import type { Recording } from '../fixtures/recording.ts';
import { sampleTurn } from '../support/samples.ts';
import { suite } from '../support/suite.ts';

/** These are the journals of runs in flight at users': a machine that cannot fold them breaks those. */
const FOLDER = join(import.meta.dirname, '../fixtures/journals');
const MACHINES: Record<Recording['machine'], AnyStateMachine> = { invocation: invocationMachine, batch: batchMachine };
const WHY = 'a change of the machine that breaks runs in flight needs a new ENTRY_VERSION; see test/fixtures/record.ts';

const test = suite('recorded journals');
const files = readdirSync(FOLDER);

for (const file of files) {
  test(`${file} folds to the states and contexts that its entries name`, () => {
    const { machine, journals } = JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as Recording;
    for (const { address, entries } of journals) {
      let snapshot: AnyMachineSnapshot = emptyFold(MACHINES[machine]).snapshot;
      for (const [i, recorded] of entries.entries()) {
        const entry = parseEntry(JSON.stringify(recorded), i + 1);
        const where = `entry ${i + 1} of ${address.run} ${address.path}: ${WHY}`;
        for (const event of entry.events) {
          assert.ok(accepts(snapshot, event), `${event.type} changes nothing, ${where}`);
          snapshot = step(MACHINES[machine], snapshot, event);
        }
        assert.equal(stateOf(snapshot), entry.state, where);
        assert.equal(contextDigest(snapshot), entry.digest, where);
      }
    }
  });
}

test('which model a turn asked changes no digest: journals are older than that it is kept', () => {
  const { snapshot } = emptyFold(invocationMachine);
  const withTurn = (turn: TurnState) =>
    contextDigest({ machine: invocationMachine, context: { ...snapshot.context, turns: [turn] } });
  const turn = sampleTurn(1, { ok: true, result: { n: 1 } });
  assert.equal(withTurn({ ...turn, asked: 'claude-opus-5-5' }), withTurn(turn));
  assert.notEqual(withTurn({ ...turn, remark: 'x' }), withTurn(turn));
});

test('there is one of each kind', () => {
  assert.deepEqual(files.toSorted(), [
    'approved.json',
    'batch.json',
    'cancelled.json',
    'refused.json',
    'rejected.json',
    'stable.json',
    'urgent.json',
    'waiting.json',
    'watch.json',
  ]);
});

test.run();
