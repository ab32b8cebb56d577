import { describeValue, didYouMean, oneOf, quote, valueAt } from './words.ts';

/**
 * Parameters in prompts: `{{playbook.usage.declining_at}}` is replaced by the value from the pack's parameters file.
 * Two filters exist: `| percent` (−0.2 → `20 %`, without its sign) and `| list` (`a, b`). Pure.
 */
export interface ResolvedPrompt {
  text: string;
  problems: { line: number; column: number; path: string; message: string }[];
}

const PLACEHOLDER = /\{\{([^{}]*)\}\}|\{\{/g;
const EXPRESSION = /^\s*([A-Za-z_]\w*(?:\.\w+)*)\s*(?:\|\s*(\w+)\s*)?$/;
const FILTERS = ['percent', 'list'];

/** `parameters`: name → its values; a name with null exists but could not be read, and is not objected to again. */
export function resolvePrompt(template: string, parameters: Readonly<Record<string, unknown>>): ResolvedPrompt {
  const problems: ResolvedPrompt['problems'] = [];
  const text = template.replace(PLACEHOLDER, (whole: string, inner: string | undefined, offset: number) => {
    const result =
      inner === undefined ? { path: '', wrong: 'got {{ without }}, expected {{name.key}}' } : fill(inner, parameters);
    if (typeof result === 'string') return result;
    const before = template.slice(0, offset);
    const line = before.split('\n').length;
    problems.push({ line, column: offset - before.lastIndexOf('\n'), path: result.path, message: result.wrong });
    return whole;
  });
  return { text, problems };
}

function fill(inner: string, parameters: Readonly<Record<string, unknown>>): string | { path: string; wrong: string } {
  const match = EXPRESSION.exec(inner);
  if (!match?.[1])
    return { path: '', wrong: `got ${quote(`{{${inner}}}`)}, expected {{name.key}} or {{name.key | percent}}` };
  const [, dotted, filter] = match;
  const wrong = (message: string) => ({ path: dotted, wrong: message });
  if (filter !== undefined && !FILTERS.includes(filter)) {
    return wrong(`unknown filter ${quote(filter)}, expected ${oneOf(FILTERS)}${didYouMean(filter, FILTERS)}`);
  }
  const keys = dotted.split('.');
  if (valueAt(parameters, keys.slice(0, 1)) === null) return '';
  const missing = firstMissing(keys, parameters);
  if (missing !== null) return wrong(missing);
  return print(valueAt(parameters, keys), filter, wrong);
}

function firstMissing(keys: readonly string[], parameters: Readonly<Record<string, unknown>>): string | null {
  for (const [depth, key] of keys.entries()) {
    const parent = keys.slice(0, depth);
    const value = valueAt(parameters, parent);
    const known = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
    if (!known.includes(key)) {
      const what = depth === 0 ? `unknown parameters ${quote(key)}` : `${parent.join('.')} has no ${quote(key)}`;
      return `${what}, expected ${oneOf(known)}${didYouMean(key, known)}`;
    }
  }
  return null;
}

function print<W>(value: unknown, filter: string | undefined, wrong: (message: string) => W): string | W {
  if (filter === 'percent') {
    if (typeof value !== 'number') return wrong(`percent needs a number, got ${describeValue(value)}`);
    // −0.29 × 100 is −28.999…: two decimals are as fine as a playbook gets.
    return `${Math.abs(Math.round(value * 10_000) / 100)} %`;
  }
  if (filter === 'list') {
    if (!Array.isArray(value) || value.some((item) => typeof item === 'object')) {
      return wrong(`list needs a list of texts or numbers, got ${describeValue(value)}`);
    }
    return value.join(', ');
  }
  if (typeof value === 'object')
    return wrong(`got ${describeValue(value)}, expected a number or text (a list needs | list)`);
  return String(value);
}
