/** What a turn costs. The price table is a setting: prices change, and nobody tells the platform. Pure. */
import type { ModelReply } from './provider.ts';

/** US dollars for a million tokens. */
export interface Price {
  input: number;
  output: number;
  cache_read: number;
  cache_write: number;
}

/** `above`: other prices for a prompt of more than so many tokens, those from and for the cache included. */
export type ModelPrice = Price & { above?: Price & { tokens: number } };

const MILLION = 1_000_000;

/** US dollars; undefined for a model that the table does not have. */
export function costOf(
  prices: Readonly<Record<string, ModelPrice>>,
  model: string,
  usage: ModelReply['usage'],
): number | undefined {
  const price = Object.hasOwn(prices, model) ? prices[model] : undefined;
  if (!price) return undefined;
  const prompt = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens;
  const { input, output, cache_read, cache_write } = price.above && prompt > price.above.tokens ? price.above : price;
  const sum =
    usage.input_tokens * input +
    usage.output_tokens * output +
    usage.cache_read_tokens * cache_read +
    usage.cache_write_tokens * cache_write;
  // Nano-dollars: a sum of floats would end in noise that no bill has.
  return Math.round((sum / MILLION) * 1e9) / 1e9;
}
