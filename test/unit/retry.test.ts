import assert from 'node:assert/strict';
import {
  attemptOf,
  elsewhereName,
  MODEL_ATTEMPTS,
  retryName,
  retryWait,
  waitElsewhere,
} from '../../runtime/policy/retry.ts';
import { suite } from '../support/suite.ts';

const test = suite('when a model is asked again');

test('the wait doubles up to a minute, and ends with the last attempt', () => {
  assert.deepEqual(
    [1, 2, 3, 4, 5].map((attempts) => retryWait(attempts, null)),
    [2_000, 4_000, 8_000, 16_000, 32_000],
  );
  assert.equal(retryWait(MODEL_ATTEMPTS, null), null);
});

test('what the model asks for goes first, and is an hour at most, however long it asks for', () => {
  assert.equal(retryWait(1, 30_000), 30_000);
  assert.equal(retryWait(1, 10), 2_000);
  assert.equal(retryWait(1, 1e17), 3_600_000);
});

test('a run that waits for a worker with its model waits without end, an hour at a time at most', () => {
  assert.deepEqual([0, 1, 2].map(waitElsewhere), [60_000, 120_000, 240_000]);
  assert.equal(waitElsewhere(500), 3_600_000);
});

test('the name of a timer says which attempt it begins; a wait for another worker begins none', () => {
  assert.deepEqual([attemptOf(retryName(7, 1)), attemptOf(retryName(7, 5))], [2, MODEL_ATTEMPTS]);
  assert.equal(attemptOf(elsewhereName(7, 1)), null);
  assert.equal(attemptOf('due-1'), null);
});

test.run();
