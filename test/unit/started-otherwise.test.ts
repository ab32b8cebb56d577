import assert from 'node:assert/strict';
import { payload } from '../../bridge/cli/session/arguments.ts';
import { startedOtherwise, type Typed } from '../../bridge/cli/actions/started-otherwise.ts';
import type { RunTree } from '../../bridge/journals/runs.ts';
import { emptyInvocation } from '../../runtime/context/invocation.ts';
import type { Invocation } from '../../runtime/journal/entry.ts';
import { sampleInvocation } from '../support/samples.ts';
import { suite } from '../support/suite.ts';

const test = suite('a run that is asked for again, typed otherwise');

const WAS: Partial<Invocation> = {
  agent: 'clerk',
  instructions: 'Look at it.',
  payload: { id: 'slow' },
  as_of: '2026-06-01',
  data: '/data',
};
const SAME: Typed = { agent: 'clerk', payload: { id: 'slow' } };

function said(typed: Partial<Typed>, was: Partial<Invocation> | null = WAS): string | null {
  const invocation = was && { ...sampleInvocation(), ...was };
  const address = { tenant: 't', run: 'sl1', path: '0' };
  const context = { ...emptyInvocation(), invocation };
  const tree: RunTree = { address, agent: 'clerk', entries: [], state: 'completed', context, children: [] };
  return startedOtherwise(tree, { ...SAME, ...typed });
}

test('what is typed the same, and what is left out, is the same run', () => {
  assert.equal(said({}), null);
  assert.equal(said({ instructions: 'Look at it.', asOf: '2026-06-01', data: '/data' }), null);
});

test('each difference is named with both values, and with what to type instead', () => {
  const other = 'give --run-id another id';
  const cases: [Partial<Typed>, string][] = [
    [
      { instructions: 'Look closer.' },
      `--instructions "Look at it.", not "Look closer."; leave that option out to take it up, or ${other}`,
    ],
    [{ asOf: '2026-07-01' }, `--as-of 2026-06-01, not 2026-07-01; leave that option out to take it up, or ${other}`],
    [{ data: '/other' }, `--data /data, not /other; leave that option out to take it up, or ${other}`],
    [{ payload: { id: 'fast' } }, `--payload {"id":"slow"}, not {"id":"fast"}; ${other}`],
    [{ agent: 'porter' }, `the agent clerk, not porter; ${other}`],
    [
      { data: '/other', asOf: '2026-07-01' },
      `--as-of 2026-06-01, not 2026-07-01 and --data /data, not /other; leave these options out to take it up, or ${other}`,
    ],
  ];
  for (const [typed, text] of cases) assert.equal(said(typed), `the run sl1 was started with ${text}`);
});

test('long values are shown where they part', () => {
  const long = 'a'.repeat(500);
  const text = said({ instructions: `${long}b${long}` }, { ...WAS, instructions: `${long}c${long}` }) ?? '';
  assert.match(text, /--instructions …a+c/);
  assert.match(text, /, not …a+b/);
  assert.ok(text.length < 400, text);
});

test('of a run that was cancelled before it began, that is said', () => {
  assert.match(said({}, null) ?? '', /^the run sl1 exists, is of clerk, and never began; give --run-id another id$/);
});

test('a payload with half of a surrogate pair is refused, in keys as in values, and what only looks like one is not', () => {
  for (const half of [String.raw`{"id":"\ud83d"}`, String.raw`{"a":[{"\uDE00":1}]}`, String.raw`{"id":"\\\ud83d"}`]) {
    assert.throws(() => payload(half), { code: 'usage.invalid', message: /^--payload .*half of a surrogate pair/ });
  }
  assert.deepEqual(payload(String.raw`{"id":"\ud83d\ude00 \\ud83d"}`), { id: '😀 \\ud83d' });
});

test.run();
