import assert from 'node:assert/strict';
import pino from 'pino';
import { warnSeldom } from '../../bridge/platform/warn-seldom.ts';
import { suite } from '../support/suite.ts';

const test = suite('warnings of what strikes many at once');

test('the same words are a warning once a minute, and other words are not held back by them', () => {
  const lines: string[] = [];
  const write = (line: string): void => {
    const { level, msg, run } = JSON.parse(line);
    lines.push(`${level} ${msg} ${run}`);
  };
  const log = pino({ level: 'debug' }, { write });
  for (const [run, at] of [
    ['a', 0],
    ['b', 59_999],
    ['c', 60_000],
  ] as const) {
    warnSeldom(log, { run }, 'no answer', at);
  }
  warnSeldom(log, { run: 'c' }, 'no room', 60_001);
  assert.deepEqual(lines, ['40 no answer a', '20 no answer b', '40 no answer c', '40 no room c']);
});

test.run();
