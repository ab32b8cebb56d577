/** What a turn costs. The price table is a setting: prices change, and nobody tells the platform. Pure. */
import type { Prices } from '../../config/model-settings.ts';
import type { ModelReply } from './provider.ts';

const MILLION = 1_000_000;

/** In US dollars, and of which day the prices are; neither when the table has none of these models. */
type Cost = Pick<ModelReply, 'cost_usd' | 'prices_as_of'>;

/** `models`: names of the one that answered, the most exact first; the first that the table has counts. */
export function costOf({ as_of, models: table }: Prices, models: readonly string[], usage: ModelReply['usage']): Cost {
  const model = models.find((name) => Object.hasOwn(table, name));
  const price = model === undefined ? undefined : table[model];
  if (!price) return {};
  const prompt = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens;
  const { input, output, cache_read, cache_write } = price.above && prompt > price.above.tokens ? price.above : price;
  const sum =
    usage.input_tokens * input +
    usage.output_tokens * output +
    usage.cache_read_tokens * cache_read +
    usage.cache_write_tokens * cache_write;
  // Nano-dollars: a sum of floats would end in noise that no bill has.
  return { cost_usd: Math.round((sum / MILLION) * 1e9) / 1e9, prices_as_of: as_of };
}
