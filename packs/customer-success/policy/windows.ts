import type { Json, JsonObject } from 'agent-platform/sdk';
import type { Signal } from '../facts.ts';
import { object } from '../known.ts';
import { excerpt, folded, readings, sentencesOf } from './plain-text.ts';

/**
 * Whether risk signals are called out with metric and window. In lines of data they stand in fields, and must be the
 * signals that the facts give. In text a sentence that speaks of a metric and of its getting worse must hold the window as
 * the facts name it («in 30 days», «30-day»). A sentence without a figure that says that something does not get worse is
 * no call. Sentences that name no metric («things look bad») are not found.
 */
type Metric = Signal['metric'];

const TERMS: Record<Metric, RegExp> = {
  weekly_active_users: /\b(?:active users?|wau|weekly_active_users|usage|logins?|user activity)\b/,
  escalated_tickets: /\b(?:tickets?|escalations?|escalated_tickets)\b/,
  nps: /\b(?:nps|promoters?|satisfaction)\b/,
  feature_adoption: /\b(?:adoption|features?|feature_adoption)\b/,
};
const WORSE =
  /\b(?:fell|fall|falls|falling|fallen|drop\w*|declin\w+|decreas\w+|down|lower|lost|los(?:e|es|ing)|shr[aiu]nk\w*|slump\w*|slid|slides?|sliding|sank|sinking|plung\w+|plummet\w*|collaps\w+|crater\w*|halved|halving|tank\w+|wors\w+|deteriorat\w+|weak\w+|dip|dips|dipped|dipping|fewer|poor\w*|bad|negative|soft\w+|erod\w+)\b|(?<![\w-])[-↓]\s?\d/;
const MORE_TICKETS =
  /\b(?:spik\w+|surg\w+|rose|ris(?:e|es|ing)|increas\w+|more|up|jump\w*|climb\w*|grew|growing|doubled|tripled|soar\w*|high\w*|many|several)\b|[1-9]\d*\W+(?:\w+\W+)?(?:escalat\w+|tickets?)/;
const NOT = /\b(?:no|not|none|never|neither|nor|without|didn't|doesn't|isn't|hasn't|don't)\b/;

/** The first sentence that calls out a signal without its window; null when none does. */
export function uncitedIn(text: string, signals: readonly Signal[]): string | null {
  for (const sentence of sentencesOf(text)) {
    const said = folded(sentence);
    const missing = signals.filter((signal) => callsOut(said, signal.metric) && !names(said, signal.window));
    // One window is enough for metrics that share a sentence with it: it may be any of theirs.
    const called = signals.filter((signal) => callsOut(said, signal.metric));
    if (missing.length > 0 && !called.some((signal) => names(said, signal.window))) {
      return `${excerpt(sentence)} names no window: say ${missing.map(({ window }) => `«${window}»`).join(' or ')}`;
    }
  }
  return null;
}

/** The first of these signals that no sentence of the text names with its window; null when each is. */
export function untoldIn(text: string, signals: readonly Signal[]): string | null {
  const said = sentencesOf(text).flatMap(readings);
  const untold = signals.find(
    ({ metric, window }) => !said.some((sentence) => TERMS[metric].test(sentence) && names(sentence, window)),
  );
  return untold === undefined ? null : `the text does not name ${untold.metric} with its window, «${untold.window}»`;
}

/** What is wrong with lines `{metric, window, value, …}`, which must be these signals and no others; null when nothing is. */
export function wrongLines(lines: Json | undefined, signals: readonly Signal[], what: string): string | null {
  const given = Array.isArray(lines) ? lines.map(object) : [];
  const extra = given.find((line) => !signals.some(({ metric }) => metric === line?.metric));
  if (extra !== undefined) {
    return `${String(extra?.metric)} is not ${what} by the facts; ${list(signals)}`;
  }
  for (const signal of signals) {
    const line = given.find((one) => one?.metric === signal.metric);
    if (!line) return `${signal.metric} is ${what} by the facts, and is missing`;
    const wrong = wrongLine(line, signal);
    if (wrong !== null) return wrong;
  }
  return given.length > signals.length ? `a signal is named twice; ${list(signals)}` : null;
}

/** What is wrong with one line about this signal: its window, or a figure that the facts do not have. */
export function wrongLine(line: JsonObject, { metric, window, value }: Signal): string | null {
  if (line.window !== window) return `${metric} has the window «${window}», not ${JSON.stringify(line.window ?? null)}`;
  const given = line.value ?? null;
  const same = given === value || (typeof given === 'number' && value !== null && near(given, value));
  return same ? null : `${metric} is ${JSON.stringify(value)} by the facts, not ${JSON.stringify(given)}`;
}

function callsOut(sentence: string, metric: Metric): boolean {
  if (!TERMS[metric].test(sentence)) return false;
  const worse = WORSE.test(sentence) || (metric === 'escalated_tickets' && MORE_TICKETS.test(sentence));
  return worse && (/\d/.test(sentence) || !NOT.test(sentence));
}

/** `30 days`, `30-day`, `30d`. */
function names(sentence: string, window: string): boolean {
  const [, figure, unit] = /^(\d+) (\w+?)s?$/.exec(window) ?? [];
  if (figure === undefined || unit === undefined) return sentence.includes(window.toLowerCase());
  return new RegExp(`(?<!\\d)${figure}[\\s-]*(?:${unit}s?|${unit[0]})\\b`).test(sentence);
}

/** A model rounds: to a hundredth, or by a hundredth. */
function near(a: number, b: number): boolean {
  return Math.abs(a - b) <= 0.0101 * Math.max(1, Math.abs(b));
}

function list(signals: readonly Signal[]): string {
  return signals.length === 0 ? 'none is' : `these are: ${signals.map(({ metric }) => metric).join(', ')}`;
}
