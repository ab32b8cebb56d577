import assert from 'node:assert/strict';
import { retryText, staleText } from '../../bridge/cli/render/batch-text.ts';
import { PLAIN } from '../../bridge/terminal/terminal.ts';
import type { RunSummary } from '../../runtime/pack.ts';
import { suite } from '../support/suite.ts';

const test = suite('what is said of a batch besides its table');

const told = (asOf: string, dataEnds: string, today: string) => staleText({ asOf, dataEnds, today }, PLAIN);

test('data is old when it ends more than seven days before today, whatever day is looked from', () => {
  assert.equal(told('2026-11-16', '2026-11-16', '2026-11-23'), null);
  assert.match(told('2026-11-16', '2026-11-16', '2026-11-24') ?? '', /8 days old, it ends on 2026-11-16/);
  assert.equal(told('2026-08-01', '2026-11-16', '2026-11-20'), null, 'a look back at fresh data');
});

test('a day after the end of the data is told as such', () => {
  assert.match(told('2026-11-20', '2026-11-16', '2026-11-20') ?? '', /ends on 2026-11-16, before 2026-11-20/);
});

test('a run that failed because its model did not answer is told how it goes on, and no other', () => {
  const ended = (outcome: RunSummary['outcome'], code: string): RunSummary => ({
    target: 't',
    run: 'b-t',
    outcome,
    report: null,
    facts: {},
    waiting: null,
    error: { code, message: 'm' },
  });
  const hint = (summary: RunSummary) => retryText(summary, { retryRun: (run) => `retry ${run}` });
  assert.equal(
    hint(ended('failed', 'model.unavailable')),
    'once the model answers, it goes on with: retry b-t, as soon as an `up` or `worker` of that model serves',
  );
  assert.equal(hint(ended('running', 'model.unavailable')), null, 'it waits, and is asked again by itself');
  assert.equal(hint(ended('failed', 'turns.exhausted')), null);
});

test.run();
