import assert from 'node:assert/strict';
import { asManyAsFit } from '../../bridge/contract/long-lists.ts';
import { suite } from '../support/suite.ts';

const test = suite('lists in answers');

test('are told as far as there is room, by the bytes that they are sent as, and at least one', () => {
  const four = ['aa', 'bb', 'cc', 'dd'];
  assert.deepEqual(asManyAsFit(four), four);
  assert.deepEqual(asManyAsFit(four, 10), ['aa', 'bb']);
  assert.deepEqual(asManyAsFit(['ää', 'b'], 9), ['ää'], 'bytes, not characters');
  assert.deepEqual(asManyAsFit(['\u0085', 'b'], 10), ['\u0085'], 'as escaped for a terminal');
  assert.deepEqual(asManyAsFit(four, 1), ['aa']);
  assert.deepEqual(asManyAsFit([], 1), []);
});

test.run();
