import assert from 'node:assert/strict';
import { addSpent, nothingSpent, type Spent, spentByTurn, spentText } from '../../bridge/journals/spent.ts';
import { PLAIN } from '../../bridge/terminal/terminal.ts';
import { type Journaled, timeline, timelineText } from '../../bridge/cli/render/timeline.ts';
import type { InvocationEvent } from '../../runtime/journal/entry.ts';
import { costOf } from '../../runtime/model/cost.ts';
import { suite } from '../support/suite.ts';

const test = suite('usage and cost');

type Replied = Extract<InvocationEvent, { type: 'model.replied' }>;

const DAY = '2026-10-16';
const PRICED: Partial<Replied> = { cost_usd: 0.25, prices_as_of: DAY };

function turn(more: Partial<Replied> = {}): Replied {
  return {
    type: 'model.replied',
    ordinal: 1,
    model: 'opus',
    content: [],
    stop_reason: 'end_turn',
    usage: { input_tokens: 100, output_tokens: 20, cache_read_tokens: 1000, cache_write_tokens: 200 },
    prompt: { composer: 1, digest: 'd' },
    calls: [],
    verdicts: [],
    escalation: null,
    report: null,
    ...more,
  };
}

const sum = (...turns: Replied[]): Spent => turns.map(spentByTurn).reduce(addSpent, nothingSpent());
const cost = (...turns: Replied[]): string => spentText(sum(...turns)).replace(/^.*?\), /, '');

test('a turn costs by kind of token, and by the length of its prompt where prices say so', () => {
  const price = { input: 0.1, output: 0.5, cache_read: 0.01, cache_write: 0.125 };
  const above = { tokens: 100_000, input: 0.5, output: 2.5, cache_read: 0.05, cache_write: 0.625 };
  const prices = { as_of: DAY, models: { small: { ...price, above }, free: { ...price, input: 0 } } };
  const usage = { input_tokens: 10_000, output_tokens: 2_000, cache_read_tokens: 80_000, cache_write_tokens: 10_000 };
  assert.deepEqual(costOf(prices, ['small'], usage), { cost_usd: 0.00405, prices_as_of: DAY });
  assert.equal(costOf(prices, ['small'], { ...usage, input_tokens: 10_001 }).cost_usd, 0.0202505);
  assert.equal(costOf(prices, ['small-20261016', 'small', 'free'], usage).cost_usd, 0.00405);
  assert.deepEqual(costOf(prices, ['toString', 'constructor'], usage), {});
});

test('a cost names the day of the prices by which it was computed when the turn was made', () => {
  const spent = sum(turn(PRICED), turn(PRICED));
  assert.deepEqual(spent, {
    usage: { turns: 2, input_tokens: 200, output_tokens: 40, cache_read_tokens: 2000, cache_write_tokens: 400 },
    cost_usd: 0.5,
    prices_as_of: [DAY],
    unpriced_tokens: {},
  });
  assert.equal(
    spentText(spent),
    '2640 tokens (in 200, out 40, from cache 2000, to cache 400), $0.50 at prices of 2026-10-16',
  );
  assert.equal(cost(turn({ ...PRICED, cost_usd: 0.00042 })), '$0.00042 at prices of 2026-10-16');
  assert.equal(cost(turn({ ...PRICED, cost_usd: 0 })), '$0 at prices of 2026-10-16');
});

test('prices that changed between two turns are both named, the earlier first', () => {
  const later = turn({ cost_usd: 0.5, prices_as_of: '2026-11-01' });
  assert.deepEqual(sum(later, turn(PRICED)).prices_as_of, [DAY, '2026-11-01']);
  assert.equal(cost(later, turn(PRICED)), '$0.75 at prices of 2026-10-16 and 2026-11-01');
});

test('a journal of an earlier release, which names no day, is summed and says so', () => {
  const { prices_as_of: _, ...undated } = turn(PRICED);
  assert.deepEqual(sum(undated).prices_as_of, [null]);
  assert.equal(cost(undated), '$0.25 at prices of a day that was not written down');
  assert.equal(cost(undated, turn(PRICED)), '$0.50 at prices of 2026-10-16 and a day that was not written down');
});

test('a cost that leaves tokens out says how many, and of which model', () => {
  const mixed = sum(turn(PRICED), turn({ model: 'new' }), turn({ model: 'new' }), turn({ model: 'odd' }));
  assert.deepEqual([mixed.cost_usd, mixed.unpriced_tokens], [0.25, { new: 2640, odd: 1320 }]);
  assert.match(
    spentText(mixed),
    /, \$0\.25 at prices of 2026-10-16 without 2640 tokens of new and 1320 tokens of odd, which have no price$/,
  );
  assert.equal(cost(turn({ model: 'new' })), 'no price for new');
});

test('a rehearsed turn, which uses no tokens, has no cost to speak of', () => {
  const none = { input_tokens: 0, output_tokens: 0, cache_read_tokens: 0, cache_write_tokens: 0 };
  const rehearsed = turn({ model: 'rehearsal', usage: none });
  assert.equal(spentText(sum(rehearsed)), '');
  assert.deepEqual(sum(rehearsed), { ...nothingSpent(), usage: { turns: 1, ...none } });
  assert.equal(cost(rehearsed, turn(PRICED)), '$0.25 at prices of 2026-10-16');
});

test('a timeline tells the cost of each turn, and which had no price', () => {
  const entry = { v: 1 as const, at: '2026-11-16T06:00:00.000Z', writer: 'w-1', key: 'k', agent: 'finder' };
  const journal: Journaled = {
    path: '0',
    entries: [turn(PRICED), turn({ ordinal: 2, model: 'new' })].map((event, i) => ({
      ...entry,
      ...{ seq: i + 1, subject: null, events: [event], state: 'thinking', digest: '' },
    })),
  };
  const told = timelineText(timeline([journal]), 400, PLAIN);
  assert.match(told, /turn 1: .*\(opus, 1320 tokens \(.*\), \$0\.25\)/);
  assert.match(told, /turn 2: .*\(new, 1320 tokens \(.*\), no price for new\)/);
});

test.run();
