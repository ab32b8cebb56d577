import type { AccountMetrics, Measure } from '../facts.ts';
import type { Playbook } from '../playbook.ts';
import type { Account } from './accounts.ts';
import { addDays, dayCount, daysBetween, type Window } from './days.ts';
import { type Figures, type Pair, type Windows, windowsOf } from './figures.ts';

/** First and last day that a kind of data has; null when there is none. */
export interface Span {
  first: string;
  last: string;
}

/** What the folder covers: its usage rows, and its rows of any table. */
export interface Coverage {
  usage: Span | null;
  any: Span;
}

/** What one account's measures are computed from. */
interface Question {
  figures: Figures;
  playbook: Playbook;
  account: Account;
  asOf: string;
  coverage: Coverage;
}

/** The figures of one account as of a day, as far as the data covers their windows. */
export function measureAccount(question: Question): AccountMetrics {
  const { figures, playbook, account, asOf } = question;
  const windows = windowsOf(playbook, asOf);
  const silent = figures.usage_rows === 0 ? 'no usage rows for this account' : null;
  return {
    account_id: account.account_id,
    account_name: account.name,
    as_of: asOf,
    usage_rows: figures.usage_rows,
    weekly_active_users: weeklyActiveUsers(question, windows.usage, silent),
    feature_adoption: featureAdoption(question, windows.adoption, silent),
    escalated_tickets: ticketCount(question, windows.tickets, figures.escalated),
    tickets: ticketCount(question, windows.tickets, figures.opened),
    nps: netPromoterScore(question, windows.nps),
  };
}

function weeklyActiveUsers(question: Question, windows: Windows, silent: string | null): Measure {
  const { active_days, window_days } = question.playbook.usage;
  const covered = coveredBy(question, windows, 'usage', silent);
  const nothing = `no user was active in the ${dayCount(active_days)} ending ${windows.before.to}`;
  return change(covered, question.figures.active_users, dayCount(window_days), nothing);
}

function featureAdoption(question: Question, windows: Windows, silent: string | null): Measure {
  const window = dayCount(question.playbook.adoption.window_days);
  const covered = coveredBy(question, windows, 'usage', silent);
  return change(covered, question.figures.features, window, `no feature was used in the ${window} before`);
}

function ticketCount(question: Question, windows: Windows, counts: Pair): Measure {
  const gap = coveredBy(question, windows, 'any', null);
  const now = gap.now === null ? counts.now : null;
  const before = gap.before === null ? counts.before : null;
  return { value: now, now, before, window: dayCount(question.playbook.tickets.window_days), reason: gap.now };
}

function netPromoterScore(question: Question, windows: Windows): Measure {
  const { window_days, min_responses } = question.playbook.nps;
  const window = dayCount(window_days);
  const gap = coveredBy(question, windows, 'any', null);
  const { responses, points } = question.figures;
  const short = (n: number, where: string) =>
    n < min_responses ? `${n} of ${min_responses} needed NPS responses in the ${window} ${where}` : null;
  const noNow = gap.now ?? short(responses.now, `ending ${question.asOf}`);
  const noBefore = gap.before ?? short(responses.before, 'before');
  const now = noNow === null ? rounded(points.now / responses.now) : null;
  const before = noBefore === null ? rounded(points.before / responses.before) : null;
  const value =
    now === null || before === null ? null : rounded(points.now / responses.now - points.before / responses.before);
  return { value, now, before, window, reason: noNow ?? noBefore };
}

/**
 * Why a window has no figure, null when it has one. A window is covered when account and data reach back to its first day
 * and the data reaches on to its last: one that is covered in part looks like a fall. Usage may end some days earlier, as
 * exports lag. Tickets and responses are rare, so their own last row says nothing: they end with the folder.
 */
function coveredBy(
  { account, asOf, coverage, playbook }: Question,
  { now, before }: Windows,
  kind: keyof Coverage,
  silent: string | null,
): { now: string | null; before: string | null } {
  const span = coverage[kind];
  const what = kind === 'usage' ? 'usage data' : 'data';
  const lag = kind === 'usage' ? playbook.usage.lag_days : 0;
  const gap = ({ from, to }: Window): string | null => {
    if (silent !== null) return silent;
    if (account.created_date > asOf) return `account starts on ${account.created_date}`;
    if (from < account.created_date) return `account is ${dayCount(daysBetween(account.created_date, asOf))} old`;
    if (span === null) return `there is no ${what}`;
    if (from < span.first) return `${what} starts on ${span.first}`;
    if (to > coverage.any.last) return `data ends on ${coverage.any.last}`;
    if (from > span.last || to > addDays(span.last, lag)) return `${what} ends on ${span.last}`;
    return null;
  };
  return { now: gap(now), before: gap(before) };
}

/** now / before − 1 as a measure; `nothing` is the reason when there was nothing before. */
function change(
  gap: { now: string | null; before: string | null },
  counts: Pair,
  window: string,
  nothing: string,
): Measure {
  const now = gap.now === null ? counts.now : null;
  const before = gap.before === null ? counts.before : null;
  const reason = gap.now ?? gap.before ?? (before === 0 ? nothing : null);
  const value = reason === null && now !== null && before !== null ? rounded(now / before - 1) : null;
  return { value, now, before, window, reason };
}

/** Shares like 0.8 − 1 miss −0.2 by the last bit, and thresholds are compared exactly. */
function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
