/** What models used up, from journals alone: of a turn, an invocation, a run or a batch. Pure. */
import type { JournaledEvent } from '../../runtime/journal/entry.ts';
import { addUsage, noUsage, type Usage } from '../../runtime/report.ts';
import { flattenTree, type RunTree } from './runs.ts';
import { harmless } from '../terminal/terminal.ts';

export interface Spent {
  usage: Usage;
  /** US dollars by the price table of when each turn was made, without the tokens that have no price. */
  cost_usd: number;
  /** ISO dates of these tables; null stands for one that an earlier release did not write down. */
  prices_as_of: (string | null)[];
  /** By model: the tokens that are not in `cost_usd`, because the table had no price for them. */
  unpriced_tokens: Record<string, number>;
}

export function nothingSpent(): Spent {
  return { usage: noUsage(), cost_usd: 0, prices_as_of: [], unpriced_tokens: {} };
}

export function addSpent(a: Spent, b: Spent): Spent {
  const unpriced = { ...a.unpriced_tokens };
  for (const [model, tokens] of Object.entries(b.unpriced_tokens)) unpriced[model] = (unpriced[model] ?? 0) + tokens;
  return {
    usage: addUsage(a.usage, b.usage),
    // Sums of floats end in noise; a nano-dollar is less than any token costs.
    cost_usd: Math.round((a.cost_usd + b.cost_usd) * 1e9) / 1e9,
    prices_as_of: [...new Set([...a.prices_as_of, ...b.prices_as_of])].sort(undatedLast),
    unpriced_tokens: unpriced,
  };
}

/** Of one turn. The rehearsal uses no tokens, so it has no cost either. */
export function spentByTurn(turn: Extract<JournaledEvent, { type: 'model.replied' }>): Spent {
  const { model, cost_usd, prices_as_of = null } = turn;
  const usage = { turns: 1, ...turn.usage };
  const tokens = tokensOf(usage);
  if (cost_usd !== undefined) return { usage, cost_usd, prices_as_of: [prices_as_of], unpriced_tokens: {} };
  return { ...nothingSpent(), usage, unpriced_tokens: tokens === 0 ? {} : { [model]: tokens } };
}

/** Of one invocation, without those below it. */
export function spentByInvocation({ entries }: Pick<RunTree, 'entries'>): Spent {
  return entries
    .flatMap(({ events }) => events.filter((event) => event.type === 'model.replied'))
    .reduce((sum, turn) => addSpent(sum, spentByTurn(turn)), nothingSpent());
}

/** Of all invocations of a run. */
export function spentBy(tree: RunTree): Spent {
  return flattenTree(tree).reduce((sum, each) => addSpent(sum, spentByInvocation(each)), nothingSpent());
}

/**
 * `1320 tokens (in 200, out 120, from cache 1000, to cache 0), $0.0042 at prices of 2026-10-16`, and what of it has no price;
 * empty when no tokens were used. Lines below one that names the days of the prices leave them out: `dated` is false.
 */
export function spentText(spent: Spent, { dated = true } = {}): string {
  const { input_tokens, output_tokens, cache_read_tokens, cache_write_tokens } = spent.usage;
  const tokens = tokensOf(spent.usage);
  if (tokens === 0) return '';
  const kinds = `in ${input_tokens}, out ${output_tokens}, from cache ${cache_read_tokens}, to cache ${cache_write_tokens}`;
  return `${tokens} tokens (${kinds}), ${costText(spent, dated)}`;
}

function costText({ cost_usd, prices_as_of, unpriced_tokens }: Spent, dated: boolean): string {
  const unpriced = Object.entries(unpriced_tokens);
  if (prices_as_of.length === 0) return `no price for ${listed(unpriced.map(([model]) => harmless(model)))}`;
  const days = prices_as_of.map((day) => day ?? 'a day that was not written down');
  const priced = dated ? `${usdText(cost_usd)} at prices of ${listed(days)}` : usdText(cost_usd);
  if (unpriced.length === 0) return priced;
  const without = listed(unpriced.map(([model, tokens]) => `${tokens} tokens of ${harmless(model)}`));
  return `${priced} without ${without}, which have no price`;
}

function listed(texts: readonly string[]): string {
  return texts.join(', ').replace(/, ([^,]*)$/, ' and $1');
}

function tokensOf({ input_tokens, output_tokens, cache_read_tokens, cache_write_tokens }: Usage): number {
  return input_tokens + output_tokens + cache_read_tokens + cache_write_tokens;
}

function usdText(usd: number): string {
  if (usd === 0) return '$0';
  return usd >= 0.01 ? `$${usd.toFixed(2)}` : `$${usd.toPrecision(2)}`;
}

function undatedLast(a: string | null, b: string | null): number {
  return (a ?? '~') < (b ?? '~') ? -1 : 1;
}
