import { z } from 'zod';
import { addDays, dayCount, daysBetween, type Window } from './days.ts';
import { type Figures, type Found, type MeasureSpec, type Windows, windowsOf } from './figures.ts';

/** A measure of one subject as of a day. A window that the data does not cover has no figure, never 0, and a reason instead. */
export const Measure = z.strictObject({
  value: z.number().nullable().describe('What is judged: the change, the difference or the figure; null without one.'),
  now: z.number().nullable().describe('The figure in the window that ends on the as-of date.'),
  before: z.number().nullable().describe('The figure in the window that it is compared with.'),
  window: z.string().describe('In words: `30 days`.'),
  reason: z.string().nullable().describe('Why `value` is null; null otherwise.'),
});
export type Measure = z.infer<typeof Measure>;

/** First and last day that rows have. */
export interface Span {
  first: string;
  last: string;
}

/** What the folder covers: its rows of any table, and those of each continuous table, null when it has none. */
export interface Coverage {
  any: Span;
  continuous: ReadonlyMap<string, Span | null>;
}

/** What the measures of one subject are computed from. */
export interface Question {
  asOf: string;
  coverage: Coverage;
  /** What a subject is called, and the day on which this one began; null when that is not known. */
  called: string;
  since: string | null;
  /** Undefined for a subject without any row. */
  figures: Figures | undefined;
  /** Measure → its figure of no rows. */
  nothing: ReadonlyMap<string, number | null>;
}

/** One measure, as far as the data covers its windows. Figures are rounded to a millionth. */
export function measured(name: string, spec: MeasureSpec, question: Question): Measure {
  const { days, apart = days } = spec;
  const window = dayCount(apart);
  const windows = windowsOf(spec, question.asOf);
  const none: Found = { figure: question.nothing.get(name) ?? null, rows: 0 };
  const found = question.figures?.measures.get(name) ?? { now: none, before: none };
  const gap = (at: 'now' | 'before', where: string) =>
    uncovered(spec, windows[at], question) ?? tooFew(spec, found[at], `${window} ${where}`);
  const noNow = gap('now', `ending ${question.asOf}`);
  const noBefore = gap('before', 'before');
  const now = noNow === null ? found.now.figure : null;
  const before = noBefore === null ? found.before.figure : null;
  const figures = { now: rounded(now), before: rounded(before), window };
  if (spec.value === 'now') return { value: figures.now, ...figures, reason: noNow };
  const reason =
    noNow ?? noBefore ?? (spec.value === 'change' && before === 0 ? noChange(spec, windows, window) : null);
  if (reason !== null || now === null || before === null) return { value: null, ...figures, reason };
  return { value: rounded(spec.value === 'change' ? now / before - 1 : now - before), ...figures, reason };
}

/**
 * Why a window has no figure, null when it has one. A window is covered when subject and data reach back to its first day and
 * the data reaches on to its last: one that is covered in part looks like a fall. A continuous table may end some days
 * earlier, as exports lag. Rows of other tables are rare, so their own last row says nothing: they end with the folder.
 */
function uncovered({ table, lag = 0 }: MeasureSpec, { from, to }: Window, question: Question): string | null {
  const { asOf, called, since, coverage, figures } = question;
  const own = coverage.continuous.get(table);
  const span = own === undefined ? coverage.any : own;
  const what = own === undefined ? 'data' : `${table} data`;
  if (own !== undefined && (figures?.rows.get(table) ?? 0) === 0) return `no ${table} rows for this ${called}`;
  if (since !== null && since > asOf) return `${called} starts on ${since}`;
  if (since !== null && from < since) return `${called} is ${dayCount(daysBetween(since, asOf))} old`;
  if (span === null) return `there is no ${what}`;
  if (from < span.first) return `${what} starts on ${span.first}`;
  if (to > coverage.any.last) return `data ends on ${coverage.any.last}`;
  if (from > span.last || to > addDays(span.last, own === undefined ? 0 : lag)) return `${what} ends on ${span.last}`;
  return null;
}

function tooFew({ table, least }: MeasureSpec, { figure, rows }: Found, where: string): string | null {
  if (least !== undefined && rows < least.rows)
    return `${rows} of ${least.rows} needed ${least.called} in the ${where}`;
  if (figure !== null) return null;
  return rows === 0 ? `no ${table} rows in the ${where}` : `no ${table} row has a figure in the ${where}`;
}

function noChange({ nothing }: MeasureSpec, { before }: Windows, window: string): string {
  return nothing?.(before) ?? `nothing was counted in the ${window} before`;
}

/** Shares like 0.8 − 1 miss −0.2 by the last bit, and thresholds are compared exactly. */
function rounded<V extends number | null>(value: V): V {
  return (value === null ? null : Math.round((value as number) * 1e6) / 1e6) as V;
}
