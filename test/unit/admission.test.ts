import assert from 'node:assert/strict';
import type { Invocation } from '../../runtime/journal/entry.ts';
import { admit } from '../../runtime/policy/admission.ts';
import { type AgentSample, sampleDefinition, sampleInvocation } from '../support/samples.ts';
import { suite } from '../support/suite.ts';

const test = suite('admission');

const ORDER = [
  'agent.known',
  'role.allows_start',
  'depth.left',
  'delegate.allowed',
  'delegate.no_cycle',
  'budget.left',
  'payload.valid',
];

function ask(invocation: Partial<Invocation>, sample: AgentSample | null = {}) {
  const definition = sample === null ? null : sampleDefinition(sample);
  const answer = admit({ invocation: sampleInvocation(invocation), definition, subject_required: true });
  return { ...answer, refusedBy: answer.verdicts.filter((verdict) => !verdict.ok).map((verdict) => verdict.rule) };
}

/** A delegation from `librarian` to `finder`. */
const CHILD: Partial<Invocation> = {
  agent: 'finder',
  parent: { run: 'r', path: '0', agent: 'librarian' },
  ancestors: ['librarian'],
  parent_remaining: 2,
  parent_allows: ['finder'],
};
const FINDER: AgentSample = { name: 'finder', role: 'sub_agent', allowed: [], depth: 1 };

test('a root of role main is admitted with its own depth, and every rule is listed in order', () => {
  const { verdicts, admitted, remaining } = ask({});
  assert.equal(admitted, true);
  assert.equal(remaining, 2);
  assert.deepEqual(
    verdicts,
    ORDER.map((rule) => ({ rule, ok: true, reason: '' })),
  );
});

test('an unknown agent is refused by name', () => {
  const { admitted, remaining, verdicts } = ask({ agent: 'nobody' }, null);
  assert.equal(admitted, false);
  assert.equal(remaining, 0);
  assert.equal(verdicts.find((verdict) => !verdict.ok)?.reason, 'no agent is called nobody');
});

test('a sub-agent starts only by delegation', () => {
  assert.deepEqual(ask({ agent: 'finder' }, FINDER).refusedBy, ['role.allows_start']);
  assert.equal(ask(CHILD, FINDER).admitted, true);
});

test('depth shrinks by one for each delegation, and never exceeds the own maximum', () => {
  const remaining = (parent_remaining: number, depth: number) =>
    ask({ ...CHILD, parent_remaining }, { ...FINDER, depth }).remaining;
  assert.equal(remaining(2, 1), 1);
  assert.equal(remaining(2, 5), 1);
  assert.equal(remaining(5, 1), 1);
  assert.equal(remaining(1, 1), 0);
});

test('a parent without depth left starts nobody', () => {
  const { refusedBy, verdicts } = ask({ ...CHILD, parent_remaining: 0 }, FINDER);
  assert.deepEqual(refusedBy, ['depth.left']);
  assert.equal(verdicts[2]?.reason, 'librarian has no delegation depth left');
});

test('an agent that its parent may not start is refused, and the reason says whom it may', () => {
  const { refusedBy, verdicts } = ask({ ...CHILD, parent_allows: ['binder'] }, FINDER);
  assert.deepEqual(refusedBy, ['delegate.allowed']);
  assert.equal(verdicts[3]?.reason, 'librarian may start binder, not finder');
});

test('an agent that is its own ancestor is refused, and the reason shows the cycle', () => {
  const { refusedBy, verdicts } = ask({ ...CHILD, ancestors: ['finder', 'librarian'] }, FINDER);
  assert.deepEqual(refusedBy, ['delegate.no_cycle']);
  assert.match(verdicts[4]?.reason ?? '', /finder → librarian → finder/);
});

test('a root without a subject is refused, a delegation without one is not', () => {
  assert.deepEqual(ask({ subject: null }).refusedBy, ['payload.valid']);
  assert.equal(ask({ ...CHILD, subject: null }, FINDER).admitted, true);
  assert.deepEqual(ask({ payload: [] as never }).refusedBy, ['payload.valid']);
});

test('a run that a schedule started is a root: its depth starts anew', () => {
  const parent = { run: 'batch', path: '0', agent: '_schedule-nightly' };
  assert.equal(ask({ parent }).remaining, 2);
});

test('every rule that fails is listed, not only the first', () => {
  assert.deepEqual(ask({ ...CHILD, parent_remaining: 0, parent_allows: [] }, FINDER).refusedBy, [
    'depth.left',
    'delegate.allowed',
  ]);
});

test('a grant without a turn, a token or a cent admits nobody', () => {
  const grant = { turns: 3, tokens: 1000, usd: 0.5, children: 0 };
  assert.equal(ask({ ...CHILD, grant }, FINDER).admitted, true);
  for (const none of [{ turns: 0 }, { tokens: 0 }, { usd: 0 }]) {
    assert.deepEqual(ask({ ...CHILD, grant: { ...grant, ...none } }, FINDER).refusedBy, ['budget.left']);
  }
});

test.run();
