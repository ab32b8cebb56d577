import type { Json, JsonObject } from '../../json.ts';
import { oneLine } from './wording.ts';

/** Whether figures and quotations that a text or its data repeats are those of the facts. Pure. */

/** A figure of the facts, with its window in words: `30 days`. */
export interface Figure {
  metric: string;
  window: string;
  value: number | null;
}

/** What is wrong with lines `{metric, window, value, …}`, which must be these figures and no others; null when nothing is. */
export function wrongLines(lines: Json | undefined, figures: readonly Figure[], what: string): string | null {
  const given = Array.isArray(lines) ? lines.map(asObject) : [];
  const extra = given.find((line) => !figures.some(({ metric }) => metric === line?.metric));
  if (extra !== undefined) return `${String(extra?.metric)} is not ${what} by the facts; ${list(figures)}`;
  for (const figure of figures) {
    const line = given.find((one) => one?.metric === figure.metric);
    if (!line) return `${figure.metric} is ${what} by the facts, and is missing`;
    const wrong = wrongLine(line, figure);
    if (wrong !== null) return wrong;
  }
  return given.length > figures.length ? `a signal is named twice; ${list(figures)}` : null;
}

/** What is wrong with one line about this figure: its window, or a value that the facts do not have. */
export function wrongLine(line: JsonObject, { metric, window, value }: Figure): string | null {
  if (line.window !== window) return `${metric} has the window «${window}», not ${JSON.stringify(line.window ?? null)}`;
  const given = line.value ?? null;
  const same = given === value || (typeof given === 'number' && value !== null && near(given, value));
  return same ? null : `${metric} is ${JSON.stringify(value)} by the facts, not ${JSON.stringify(given)}`;
}

/** What is said of a field of a report's data that the facts have otherwise. */
export function differs(field: string, known: Json, given: Json | undefined): string {
  return `data.${field} is ${JSON.stringify(known)} by the facts, not ${JSON.stringify(given ?? null)}`;
}

/** Whether a sentence in small letters names a window: `30 days` as `30-day` or `30d`, too. */
export function namesWindow(sentence: string, window: string): boolean {
  const [, figure, unit] = /^(\d+) (\w+?)s?$/.exec(window) ?? [];
  if (figure === undefined || unit === undefined) return sentence.includes(window.toLowerCase());
  return new RegExp(`(?<!\\d)${figure}[\\s-]*(?:${unit}s?|${unit[0]})\\b`).test(sentence);
}

/** Whether a text is one of the recorded ones or a passage of it; an ellipsis at the end is left aside. */
export function quotes(given: Json | undefined, recorded: readonly string[]): boolean {
  if (typeof given !== 'string') return false;
  const passage = oneLine(given)
    .replace(/(?:…|\.\.\.)$/, '')
    .trim();
  return passage !== '' && recorded.some((text) => oneLine(text).includes(passage));
}

/** A model rounds: to a hundredth, or by a hundredth. */
function near(a: number, b: number): boolean {
  return Math.abs(a - b) <= 0.0101 * Math.max(1, Math.abs(b));
}

function list(figures: readonly Figure[]): string {
  return figures.length === 0 ? 'none is' : `these are: ${figures.map(({ metric }) => metric).join(', ')}`;
}

function asObject(value: Json): JsonObject | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
}
