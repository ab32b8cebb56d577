import assert from 'node:assert/strict';
import { type Door, openDoors } from '../../bridge/serve/up.ts';
import { suite } from '../support/suite.ts';

const test = suite('doors');

function recorded(log: string[], broken: { start?: string; stop?: string } = {}): (name: string) => Door {
  return (name) => ({
    name,
    start: async () => {
      if (broken.start === name) throw new Error(`${name} is taken`);
      log.push(`+${name}`);
      return `${name} is open`;
    },
    stop: async () => {
      log.push(`-${name}`);
      if (broken.stop === name) throw new Error(`${name} is stuck`);
    },
  });
}

test('doors open in order, say what people need to know, and close in reverse', async () => {
  const log: string[] = [];
  const doors = await openDoors(['a', 'b', 'c'].map(recorded(log)));
  assert.deepEqual(doors.said[1], { name: 'b', says: 'b is open' });
  await doors.close();
  await doors.close();
  assert.deepEqual(log, ['+a', '+b', '+c', '-c', '-b', '-a']);
});

test('when a door does not open, those before it are closed again', async () => {
  const log: string[] = [];
  await assert.rejects(openDoors(['a', 'b', 'c'].map(recorded(log, { start: 'c' }))), /c is taken/);
  assert.deepEqual(log, ['+a', '+b', '-b', '-a']);
});

test('a door that does not close keeps no other open', async () => {
  const log: string[] = [];
  const doors = await openDoors(['a', 'b'].map(recorded(log, { stop: 'b' })));
  await assert.rejects(doors.close(), /b is stuck/);
  assert.deepEqual(log, ['+a', '+b', '-b', '-a']);
});

test.run();
