/** What models used up, from journals alone: of a turn, an invocation, a run or a batch. Pure. */
import { addUsage, noUsage, type Usage } from '../runtime/report.ts';
import { flattenTree, type RunTree } from './runs.ts';

export interface Spent {
  usage: Usage;
  /** US dollars by the price table of when the turns were made; models without a price count as 0. */
  cost_usd: number;
}

export function nothingSpent(): Spent {
  return { usage: noUsage(), cost_usd: 0 };
}

export function addSpent(a: Spent, b: Spent): Spent {
  // Sums of floats end in noise; a nano-dollar is less than any token costs.
  return { usage: addUsage(a.usage, b.usage), cost_usd: Math.round((a.cost_usd + b.cost_usd) * 1e9) / 1e9 };
}

/** Of all invocations of a run. */
export function spentBy(tree: RunTree): Spent {
  return flattenTree(tree).reduce(
    (sum, { context: { usage, cost_usd } }) => addSpent(sum, { usage, cost_usd }),
    nothingSpent(),
  );
}

/** `1320 tokens (in 200, out 120, from cache 1000, to cache 0), $0.0042`; empty when no tokens were used. */
export function spentText({ usage, cost_usd }: { usage: Omit<Usage, 'turns'>; cost_usd: number }): string {
  const { input_tokens, output_tokens, cache_read_tokens, cache_write_tokens } = usage;
  const tokens = input_tokens + output_tokens + cache_read_tokens + cache_write_tokens;
  if (tokens === 0) return '';
  const kinds = `in ${input_tokens}, out ${output_tokens}, from cache ${cache_read_tokens}, to cache ${cache_write_tokens}`;
  return `${tokens} tokens (${kinds})${cost_usd > 0 ? `, ${usdText(cost_usd)}` : ''}`;
}

function usdText(usd: number): string {
  return usd >= 0.01 ? `$${usd.toFixed(2)}` : `$${usd.toPrecision(2)}`;
}
