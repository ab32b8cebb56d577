import assert from 'node:assert/strict';
import { payload } from '../../bridge/cli/session/arguments.ts';
import { readJson } from '../../config/json-text.ts';
import { suite } from '../support/suite.ts';

const test = suite('JSON from outside');

function wrong(text: string): string {
  const read = readJson(text, 'it');
  assert.ok(!read.ok, text);
  return read.wrong;
}

test('a whole number that a double cannot hold is refused with its place, however it is written', () => {
  assert.equal(
    wrong('{"a":\n  [1, {"account_id": 9007199254740993}]}'),
    'a.1.account_id (line 2, column 22): got the number 9007199254740993, which would be changed: ' +
      'whole numbers lie within ±9007199254740991; write a longer id as text',
  );
  for (const number of [
    '9007199254740992',
    '-9007199254740992',
    '100000000000000000000',
    '9007199254740993.0',
    '9007199254740993.5',
    '9.007199254740993e15',
    '123456789012345678901234567890',
  ]) {
    assert.match(wrong(`[${number}]`), /^0 \(line 1, column 2\): got the number .*would be changed/, number);
  }
});

test('a number that overflows, or is nothing but 0 to a double, is refused', () => {
  assert.match(wrong('1e400'), /^\(line 1, column 1\): got the number 1e400, which is too large to be held$/);
  assert.match(
    wrong(`{"n": ${'9'.repeat(400)}}`),
    /^n \(line 1, column 7\): got the number 9{60}…, which is too large/,
  );
  assert.match(wrong('[-1e-400]'), /got the number -1e-400, which is too small to be held/);
});

test('decimals, safe whole numbers and what comes out as it went in pass', () => {
  const numbers =
    '[0, -0, 0.1, 3.14159265358979323846, 9007199254740991, -9007199254740991, 1e3, 1E+20, 1e23, 1e308, 0e999]';
  const read = readJson(numbers, 'it');
  assert.ok(read.ok);
  assert.deepEqual(read.value, JSON.parse(numbers));
  assert.ok(readJson('{"id": "9007199254740993", "t": "1e400", "u": "\\"a\\": 1, \\"a\\": 1e400"}', 'it').ok);
});

test('a key given twice is refused where it comes the second time, also when one is spelled with an escape', () => {
  assert.equal(
    wrong('{"id": 1,\n "ID": 1, "id": 1}'),
    'id (line 2, column 11): this key is given twice, expected it once',
  );
  assert.match(wrong('{"list": [{"a b": {}, "a\\u0020b": {}}]}'), /^list\.0\."a b" \(line 1, column 23\): this key/);
  assert.ok(readJson('[{"a": {"a": 1}, "b": 1}, {"a": 1}]', 'it').ok);
});

test('what no object could keep and what is no Unicode is told with its place', () => {
  assert.match(wrong('{"a": {"__proto__": 1}}'), /^a\.__proto__ \(line 1, column 8\): no object could keep/);
  assert.match(wrong('{"a": ["\\ud800"]}'), /^a\.0 \(line 1, column 8\): .*half of a surrogate pair/);
  assert.match(wrong('{"\\ud800": 1}'), /^"\\ud800" \(line 1, column 2\): .*half of a surrogate pair/);
  assert.ok(readJson('["\\ud83d\\ude00", "\\\\ud800"]', 'it').ok);
});

test('what is no JSON stays what it is: comments, trailing commas, depth, emptiness', () => {
  for (const text of ['{"a": 1,}', '// a\n1', '01', '{a: 1}', '[1]]', 'NaN', "{'a': 1}"]) {
    assert.match(wrong(text), /^it is not JSON: /, text);
  }
  assert.equal(wrong(' \n'), 'it is empty, expected JSON');
  assert.equal(wrong('['.repeat(100_000)), 'it nests deeper than 32 levels');
  assert.equal(wrong(`{"b": ${'{"a": ['.repeat(40)}`), 'it nests deeper than 32 levels');
});

test('a payload that would change is no payload on the command line either', () => {
  assert.throws(() => payload('{"account_id": 9007199254740993}'), {
    code: 'usage.invalid',
    message: /got \{"account_id": 9007199254740993\}: account_id \(line 1, column 16\): got the number/,
  });
  assert.throws(() => payload('{"id": 1, "id": 1}'), { code: 'usage.invalid', message: /id .*given twice/ });
  assert.throws(() => payload(`${'{"a":'.repeat(40)}1${'}'.repeat(40)}`), { message: /nests deeper than 32 levels/ });
  assert.deepEqual(payload('{"id": "9007199254740993"}'), { id: '9007199254740993' });
});

test('many problems are counted, the first are told', () => {
  const lines = wrong(`[${Array(30).fill('1e999').join()}]`).split('\n');
  assert.equal(lines.length, 21);
  assert.equal(lines.at(-1), 'and 10 more');
});

test.run();
