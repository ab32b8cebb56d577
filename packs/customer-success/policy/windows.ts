import { excerpt, folded, namesWindow as names, readings, sentencesOf } from 'agent-platform/text';
import type { Signal } from '../facts.ts';

/**
 * Whether risk signals are called out with metric and window. A sentence that speaks of a metric and of its getting worse must
 * hold the window as the facts name it («in 30 days», «30-day»). A sentence without a figure that says that something does not
 * get worse is no call. Sentences that name no metric («things look bad») are not found.
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

function callsOut(sentence: string, metric: Metric): boolean {
  if (!TERMS[metric].test(sentence)) return false;
  const worse = WORSE.test(sentence) || (metric === 'escalated_tickets' && MORE_TICKETS.test(sentence));
  return worse && (/\d/.test(sentence) || !NOT.test(sentence));
}
