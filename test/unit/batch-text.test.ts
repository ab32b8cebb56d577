import assert from 'node:assert/strict';
import { staleText } from '../../bridge/batch-text.ts';
import { PLAIN } from '../../bridge/terminal.ts';
import { suite } from '../support/suite.ts';

const test = suite('the warning about old data');

const told = (asOf: string, dataEnds: string, today: string) => staleText({ asOf, dataEnds, today }, PLAIN);

test('data is old when it ends more than seven days before today, whatever day is looked from', () => {
  assert.equal(told('2026-11-16', '2026-11-16', '2026-11-23'), null);
  assert.match(told('2026-11-16', '2026-11-16', '2026-11-24') ?? '', /8 days old, it ends on 2026-11-16/);
  assert.equal(told('2026-08-01', '2026-11-16', '2026-11-20'), null, 'a look back at fresh data');
});

test('a day after the end of the data is told as such', () => {
  assert.match(told('2026-11-20', '2026-11-16', '2026-11-20') ?? '', /ends on 2026-11-16, before 2026-11-20/);
});

test.run();
