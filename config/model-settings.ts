/**
 * The settings of models that cost money: which answers for which tier, and what a token costs. In YAML they are maps; in
 * the environment the same as JSON.
 */
import { z } from 'zod';
import { readJson } from './json-text.ts';

/** Which model answers for which tier. */
export interface ModelIds {
  readonly main: string;
  readonly sub: string;
}

/** US dollars for a million tokens; `above`: other prices for prompts of more than so many tokens. */
interface Price {
  readonly input: number;
  readonly output: number;
  readonly cache_read: number;
  readonly cache_write: number;
}
type ModelPrice = Price & { readonly above?: Price & { readonly tokens: number } };

export interface Prices {
  /** ISO date: the day for which the table is believed to hold. */
  readonly as_of: string;
  /** By model id. Of a model that is missing, tokens are counted and no cost. */
  readonly models: Readonly<Record<string, ModelPrice>>;
}

/** What settings say of models. */
export interface ModelSettings {
  readonly model: 'rehearsal' | 'anthropic';
  readonly models: ModelIds;
  /** Tokens of a model's window by its id; 200000 for one that is not named. */
  readonly modelWindows: Readonly<Record<string, number>>;
  /** Longest result of a tool that a model with a window is shown whole. */
  readonly maxResultChars: number;
  /** Longest answer of a model, its reasoning included. */
  readonly modelMaxTokens: number;
  /** Longest that one answer may take. */
  readonly modelTimeoutMs: number;
  /** False: answers come in one body, for gateways that do not stream. */
  readonly modelStreaming: boolean;
  readonly prices: Prices;
  /** Never shown, logged or journaled. Having one changes nothing: only `model` does. */
  readonly anthropicApiKey?: string;
  /** Absent: the vendor's own. */
  readonly anthropicBaseUrl?: string;
}

export const DEFAULT_MODELS: ModelIds = { main: 'claude-opus-5-5', sub: 'claude-haiku-5-5' };

/** Tokens of the window of a model that the setting does not name. */
export const DEFAULT_WINDOW = 200_000;

/** Assumptions to be checked: nothing here asks the vendor. Cache writes are those that hold for five minutes. */
export const DEFAULT_PRICES: Prices = {
  as_of: '2026-10-16',
  models: {
    'claude-opus-5-5': { input: 4, output: 20, cache_read: 0.2, cache_write: 5 },
    'claude-haiku-5-5': {
      input: 0.1,
      output: 0.5,
      cache_read: 0.01,
      cache_write: 0.125,
      above: { tokens: 100_000, input: 0.5, output: 2.5, cache_read: 0.05, cache_write: 0.625 },
    },
  },
};

const usd = z.number().min(0);
const price = z.strictObject({ input: usd, output: usd, cache_read: usd, cache_write: usd });
const modelPrice = price.extend({ above: price.extend({ tokens: z.int().min(1) }).optional() });

/** Text is JSON: what the environment can hold. */
function orJson<T extends z.ZodType>(schema: T) {
  const json = z.string().transform((text, context): unknown => {
    const read = readJson(text, 'it');
    if (read.ok) return read.value;
    context.addIssue({ code: 'custom', message: read.wrong });
    return z.NEVER;
  });
  return z.union([json.pipe(schema), schema]);
}

/** A tier that is not named keeps its default. */
export const modelsSetting = orJson(
  z
    .strictObject({ main: z.string().trim().min(1).optional(), sub: z.string().trim().min(1).optional() })
    .transform(
      (given): ModelIds => ({ main: given.main ?? DEFAULT_MODELS.main, sub: given.sub ?? DEFAULT_MODELS.sub }),
    ),
);

export const pricesSetting = orJson(z.strictObject({ as_of: z.iso.date(), models: z.record(z.string(), modelPrice) }));

/** By model id, in tokens: what request and answer may have together. */
export const windowsSetting = orJson(z.record(z.string(), z.int().min(4_000).max(100_000_000)));

/** A blank one is none: that is how shells and templates say «not set». */
export const keySetting = z
  .string()
  .nullable()
  .transform((text) => text?.trim() || undefined);

/**
 * Why no request can carry the key, in words that hold none of it; null when one can. It goes into a header, which takes
 * printable ASCII only. Not part of the setting: a key that is not used stops nothing.
 */
export function keyProblem(key: string): string | null {
  const characters = Array.from(key);
  const at = characters.findIndex((character) => !/^[!-~]$/.test(character));
  if (at === -1) return null;
  return `character ${at + 1} of ${characters.length} is ${kindOf(characters[at] ?? '')}`;
}

function kindOf(character: string): string {
  if (/[\n\r\u2028\u2029]/.test(character)) return 'a line break';
  if (/\s/.test(character)) return 'white space';
  return /\p{Cc}|\p{Cf}/u.test(character) ? 'invisible' : 'not ASCII';
}

/**
 * Where paths can be put behind: credentials in an address are refused by HTTP clients, and behind a query or a fragment no
 * path is one. The key has a place of its own.
 */
export function isHttpUrl(value: string): boolean {
  if (!URL.canParse(value) || /[?#]/.test(value)) return false;
  const { protocol, username, password } = new URL(value);
  return (protocol === 'http:' || protocol === 'https:') && username === '' && password === '';
}
