import assert from 'node:assert/strict';
import type { RunSummary } from '../../runtime/pack.ts';
import { declaredRow } from '../../runtime/schedules/declared-row.ts';
import { agentReport } from '../support/accounts.ts';
import { suite } from '../support/suite.ts';

const test = suite('a row that pack.yaml declares');

const run: RunSummary = {
  target: 'beans',
  run: 'r',
  outcome: 'completed',
  report: agentReport('gardener', {
    text: 'Watered.',
    children: [agentReport('botanist', { data: { species: 'vine' } })],
  }),
  facts: { get_bed: { name: null, moisture: 0 } },
  waiting: null,
  error: null,
};
const fields = (from: string | string[] | undefined, over: Partial<RunSummary> = {}) =>
  declaredRow([{ field: 'value', from }], { ...run, ...over }).fields;

test('a column takes its value from the run, its facts, its report and those of other agents that completed', () => {
  assert.deepEqual(fields('target'), { value: 'beans' });
  assert.deepEqual(fields('facts.get_bed.moisture'), { value: 0 });
  assert.deepEqual(fields('report.text'), { value: 'Watered.' });
  assert.deepEqual(fields('reports.botanist.data.species'), { value: 'vine' });
  const error = { code: 'tool.failed', message: 'it broke' };
  assert.deepEqual(fields('error.message', { outcome: 'failed', report: null, error }), { value: 'it broke' });
});

test('of several places the first that has a value counts; where none has one, it is null', () => {
  assert.deepEqual(fields(['facts.get_bed.name', 'facts.get_tree.name', 'target']), { value: 'beans' });
  assert.deepEqual(fields(['facts.get_bed.name', 'reports.nobody.text', 'facts.get_bed.constructor']), { value: null });
});

test('a column without a place is the module’s', () => {
  assert.deepEqual(fields(undefined), {});
});

test('runs that wait come first, then those that failed, then those that run, then those that completed', () => {
  const rank = (outcome: RunSummary['outcome']) => declaredRow([], { ...run, outcome }).rank;
  assert.equal(rank('waiting'), rank('escalated'));
  assert.ok(
    rank('waiting') < rank('failed') && rank('failed') < rank('running') && rank('running') < rank('completed'),
  );
});

test.run();
