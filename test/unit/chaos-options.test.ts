import assert from 'node:assert/strict';
import { join, resolve } from 'node:path';
import { spawnSync } from 'node:child_process';
import { NODE_ARGUMENTS } from '../../config/root.ts';
import { readArguments } from '../chaos/options.ts';
import { suite } from '../support/suite.ts';

const test = suite('the command line of the chaos tests', { timeoutMs: 60_000 });
const ROOT = resolve(import.meta.dirname, '../..');

function chaos(...args: string[]) {
  const run = join(ROOT, 'test/chaos/run.ts');
  return spawnSync(process.execPath, [...NODE_ARGUMENTS, run, ...args], { cwd: ROOT, encoding: 'utf8' });
}

test('takes what it is given, and its defaults for the rest', () => {
  const defaults = { seed: 5, ms: 60_000, only: [], every: 8, quiet: false, cluster: false };
  assert.deepEqual(readArguments([], 5), defaults);
  assert.deepEqual(readArguments(['--no-faults'], 5), { ...defaults, ms: 0 });
  const all = '--seed 7 --minutes 0.5 --crash-points all --quiet --cluster --only'.split(' ');
  const expected = { seed: 7, ms: 30_000, only: ['kill worker'], every: 1, quiet: true, cluster: true };
  assert.deepEqual(readArguments([...all, 'kill worker'], 5), expected);
});

test('what is wrong is refused in one line', () => {
  const wrong = [
    ['--nonsense'],
    ['nonsense'],
    ['--seed', 'x'],
    ['--seed', ''],
    ['--seed=-1'],
    ['--seed'],
    ...['abc', '-1', '0', '', 'Infinity', '1e9'].map((minutes) => [`--minutes=${minutes}`]),
    ['--minutes', '-1'],
    ['--only', 'nonsense'],
    ['--only', 'toString'],
    ['--crash-points', 'nonsense'],
    ['--crash-points', 'constructor'],
    ['--no-faults', '--crash-points', 'none'],
    ['--no-faults', '--minutes', '2'],
    ['--no-faults', '--cluster'],
  ];
  for (const args of wrong) assert.throws(() => readArguments(args, 5), Error, args.join(' '));
});

test('the command tells it without a stack and exits 2; help shows examples', () => {
  for (const args of [['--seed', 'x'], ['--nonsense'], ['--minutes', '-1']]) {
    const { status, stdout, stderr } = chaos(...args);
    assert.equal(status, 2, args.join(' '));
    assert.equal(stdout, '');
    assert.match(stderr, /^[^\n]+; --help shows what there is\n$/);
  }
  const { status, stdout, stderr } = chaos('--help');
  assert.deepEqual([status, stderr], [0, '']);
  assert.match(stdout, /Examples:\n {2}npm run chaos -- --seed/);
});

test.run();
