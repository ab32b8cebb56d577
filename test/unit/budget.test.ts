import assert from 'node:assert/strict';
import type { InvocationContext } from '../../runtime/context/invocation.ts';
import type { Budget } from '../../runtime/definitions/schema.ts';
import type { Grant } from '../../runtime/journal/entry.ts';
import { durationMs, left, splitAmong } from '../../runtime/policy/budget.ts';
import { noUsage } from '../../runtime/report.ts';
import { agentReport } from '../support/accounts.ts';
import { sampleAgent, sampleInvocation, sampleState } from '../support/samples.ts';
import { suite } from '../support/suite.ts';
import { answered, call, heldBy, judge, refusal, say, verdict } from './judging-fixture.ts';

const test = suite('budget');

const UNLIMITED: Grant = { turns: null, tokens: null, usd: null, children: null };
const agent = (budget: Budget) => sampleAgent({ budget });
const used = (turns: number, more: Partial<InvocationContext> = {}) =>
  sampleState({ usage: { ...noUsage(), turns, input_tokens: 60, output_tokens: 40 }, cost_usd: 0.25, ...more });
const FINDER = call('delegate_to_finder', { instructions: 'find it' });

/** The fold after a turn that delegates twice, with both children running. */
function delegated(budget: Budget): InvocationContext {
  const event = judge([FINDER, FINDER], { resolved: agent(budget) });
  const calls = event.calls.map((one) => ({ ...one, status: 'running' as const, result: null, created: null }));
  const turn = { ordinal: 1, content: [], calls, correction: null, remark: null };
  return used(1, { turns: [turn], delegations: 2 });
}

test('without a budget nothing is limited, judged or granted', () => {
  assert.deepEqual(left(sampleAgent(), used(30)), UNLIMITED);
  const event = judge([FINDER]);
  assert.deepEqual(event.calls[0]?.delegate, { agent: 'finder', path: '0-1' });
  assert.ok(!event.verdicts.some(({ rule }) => rule.startsWith('budget.')));
});

test('what is left is the smaller of the own budget and the grant, minus what was used', () => {
  const resolved = agent({ max_turns: 10, max_tokens: 1000, max_usd: 1 });
  assert.deepEqual(left(resolved, used(3)), { turns: 7, tokens: 900, usd: 0.75, children: null });
  const grant = { turns: 5, tokens: null, usd: 0.5, children: 2 };
  const child = used(3, { invocation: sampleInvocation({ grant }) });
  assert.deepEqual(left(resolved, child), { turns: 2, tokens: 900, usd: 0.25, children: 2 });
});

test('delegations of one turn split what is left, minus one turn for their parent', () => {
  const event = judge([FINDER, FINDER], {
    resolved: agent({ max_turns: 10, max_tokens: 1002, max_usd: 1, max_children: 5 }),
    cost_usd: 0.5,
  });
  const share = { turns: 4, tokens: 500, usd: 0.25, children: 1 };
  assert.deepEqual(
    event.calls.map(({ delegate }) => delegate?.grant),
    [share, share],
  );
  assert.equal(event.cost_usd, 0.5);
});

test('a delegation for which nothing is left is a tool error, and takes no path', () => {
  const two = judge([FINDER, FINDER], { resolved: agent({ max_turns: 3 }) });
  assert.deepEqual(two.calls[0]?.delegate, { agent: 'finder', path: '0-1', grant: { ...UNLIMITED, turns: 1 } });
  assert.equal(refusal(two, 1)?.rule, 'budget.left');
  assert.equal(two.calls[1]?.delegate, undefined);
  for (const budget of [{ max_turns: 2 }, { max_children: 0 }]) {
    const event = judge([FINDER], { resolved: agent(budget) });
    assert.equal(refusal(event, 0)?.rule, 'budget.left', JSON.stringify(budget));
    assert.equal(event.escalation, null, 'the agent may go on without it');
  }
});

test('shares never exceed what is left', () => {
  for (const children of [1, 2, 3, 7]) {
    const whole: Grant = { turns: 12, tokens: 100, usd: 0.7, children: 9 };
    const shares = splitAmong(whole, children).flatMap((share) => share ?? []);
    for (const kind of ['turns', 'tokens', 'usd', 'children'] as const) {
      const sum = shares.reduce((all, share) => all + (share[kind] ?? 0), kind === 'children' ? shares.length : 0);
      assert.ok(sum <= (whole[kind] ?? 0) + 1e-9, `${kind} among ${children}: ${sum}`);
    }
  }
});

test('a grant is used up while its child runs; its report gives back what it did not use', () => {
  const budget = { max_turns: 10, max_tokens: 1000, max_usd: 1, max_children: 5 };
  const running = delegated(budget);
  assert.equal(left(agent(budget), running).turns, 1, 'only the turn that was kept for the parent');
  const below = agentReport('finder', {
    path: '0-1-1',
    usage: { ...noUsage(), turns: 1, output_tokens: 7 },
    cost_usd: 0.1,
  });
  const report = agentReport('finder', {
    path: '0-1',
    usage: { ...noUsage(), turns: 2, input_tokens: 3, cache_read_tokens: 10 },
    cost_usd: 0.05,
    children: [below],
  });
  const after = left(agent(budget), { ...running, children: [report] });
  const grant = running.turns[0]?.calls[1]?.delegate?.grant;
  assert.equal(after.turns, 10 - 1 - 3 - (grant?.turns ?? 0));
  assert.equal(after.tokens, 1000 - 100 - 20 - (grant?.tokens ?? 0));
  assert.ok(Math.abs((after.usd ?? 0) - (1 - 0.25 - 0.15 - (grant?.usd ?? 0))) < 1e-9);
  assert.equal(after.children, 5 - 2 - 1 - (grant?.children ?? 0));
});

test('a delegation that was refused or sent back costs nothing', () => {
  const budget = { max_turns: 10, max_children: 5 };
  const running = delegated(budget);
  const turns = running.turns.map((turn) => ({
    ...turn,
    calls: turn.calls.map((one) => ({ ...one, status: 'error' as const })),
  }));
  assert.deepEqual(left(agent(budget), { ...running, turns }), { ...UNLIMITED, turns: 9, children: 5 });
});

test('a turn after which nothing is left asks a person, unless it ends the invocation', () => {
  for (const [budget, rule] of [
    [{ max_turns: 4 }, 'budget.turns'],
    [{ max_tokens: 102 }, 'budget.tokens'],
    [{ max_usd: 0.5 }, 'budget.usd'],
  ] as [Budget, string][]) {
    const given = { resolved: agent(budget), state: used(3), cost_usd: 0.25 };
    const event = judge([call('look_up')], given);
    assert.equal(verdict(event, rule)?.ok, false, rule);
    assert.deepEqual([event.escalation?.rule, event.escalation?.target], [rule, 'human']);
    assert.deepEqual([event.escalation?.task?.kind, event.escalation?.task?.rules], ['budget', [rule]]);
    const ending = judge([say('Done.')], { ...given, stop: 'end_turn' });
    assert.deepEqual([ending.escalation, verdict(ending, rule)?.ok], [null, true], rule);
  }
  const enough = judge([call('look_up')], { resolved: agent({ max_turns: 5 }), state: used(3) });
  assert.deepEqual([enough.escalation, verdict(enough, 'budget.turns')?.ok], [null, true]);
});

test('an approval grants the same once more, each time', () => {
  const resolved = agent({ max_turns: 4, max_tokens: 1000 });
  const state = used(3);
  const once = answered(heldBy(judge([call('look_up')], { resolved, state }), state), 'approve');
  assert.deepEqual(left(resolved, once), { ...UNLIMITED, turns: 4, tokens: 1900 });
  assert.equal(judge([call('look_up')], { resolved, state: once }).escalation, null);
  const again = { ...once, usage: { ...once.usage, turns: 7 } };
  const twice = answered(heldBy(judge([call('look_up')], { resolved, state: again }), again), 'approve');
  assert.equal(left(resolved, twice).turns, 12 - 8);
});

test('what the parent granted is the parent’s to extend: an agent that used it up goes back, whoever decides its questions', () => {
  const resolved = agent({ max_turns: 10 });
  const invocation = sampleInvocation({ grant: { ...UNLIMITED, turns: 4 } });
  const event = judge([call('look_up')], { resolved, state: used(3, { invocation }) });
  assert.deepEqual([event.escalation?.rule, event.escalation?.target], ['budget.turns', 'parent']);
  assert.equal(event.escalation?.reason, '4 of 4 model turns are used up; the agent that delegated granted no more');
  const own = used(9, { invocation: sampleInvocation({ grant: { ...UNLIMITED, turns: 12 } }) });
  const asks = judge([call('look_up')], { resolved, state: own });
  assert.equal(asks.escalation?.target, 'human');
  assert.match(
    asks.escalation?.reason ?? '',
    /^10 of 10 model turns are used up; approving grants 10 model turns more$/,
  );
  const approved = answered(heldBy(asks, own), 'approve');
  assert.equal(left(resolved, approved).turns, 2, 'ten more, and no more than the parent granted');
});

test('a budget that ends at a turn which a person is asked about anyway is part of that question', () => {
  const resolved = sampleAgent({ budget: { max_turns: 4 }, approvals: ['emit_event'] });
  const { escalation } = judge([call('emit_event')], { resolved, state: used(3) });
  assert.deepEqual(
    [escalation?.task?.kind, escalation?.task?.rules],
    ['approval', ['approval.emit_event', 'budget.turns']],
  );
});

test('durations are read in their units', () => {
  assert.deepEqual(['90s', '30m', '4h', '2d'].map(durationMs), [90_000, 1_800_000, 14_400_000, 172_800_000]);
  assert.throws(() => durationMs('soon'), RangeError);
});

test.run();
