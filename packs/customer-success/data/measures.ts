import type { AccountMetrics, Measure } from '../facts.ts';
import type { Playbook } from '../playbook.ts';
import type { Account } from './accounts.ts';
import type { Database } from './database.ts';
import { addDays, dayCount, daysBetween, type Window, windowEnding } from './days.ts';

/** First and last day that a kind of data has; null when there is none. */
export interface Span {
  first: string;
  last: string;
}

/** What the folder covers. Tickets and responses are rare, so any file's dates count for them. */
export interface Coverage {
  usage: Span | null;
  any: Span;
}

/** What one account's measures are computed from. */
interface Question {
  database: Database;
  playbook: Playbook;
  account: Account;
  asOf: string;
  coverage: Coverage;
}

/** The figures of one account as of a day. No row after that day is looked at. */
export async function measureAccount(question: Question): Promise<AccountMetrics> {
  const { database, account, asOf } = question;
  const [counted] = await database.rows(
    'SELECT coalesce(sum(uses), 0)::INTEGER AS rows FROM used_features WHERE account_id = $id AND date <= $day::DATE',
    { id: account.account_id, day: asOf },
  );
  const usageRows = Number(counted?.rows);
  const silent = usageRows === 0 ? 'no usage rows for this account' : null;
  return {
    account_id: account.account_id,
    account_name: account.name,
    as_of: asOf,
    usage_rows: usageRows,
    weekly_active_users: await weeklyActiveUsers(question, silent),
    feature_adoption: await featureAdoption(question, silent),
    escalated_tickets: await ticketCount(question, 'escalated'),
    tickets: await ticketCount(question, 'opened'),
    nps: await netPromoterScore(question),
  };
}

async function weeklyActiveUsers(question: Question, silent: string | null): Promise<Measure> {
  const { active_days, window_days } = question.playbook.usage;
  const earlier = addDays(question.asOf, -window_days);
  const windows = { now: windowEnding(question.asOf, active_days), before: windowEnding(earlier, active_days) };
  const counts = await count(question, windows, 'active_users', 'date', 'count(DISTINCT user_id)');
  const covered = coveredBy(question, windows, question.coverage.usage, 'usage data', silent);
  return change(
    covered,
    counts,
    dayCount(window_days),
    `no user was active in the ${dayCount(active_days)} ending ${earlier}`,
  );
}

async function featureAdoption(question: Question, silent: string | null): Promise<Measure> {
  const { window_days } = question.playbook.adoption;
  const windows = sideBySide(question.asOf, window_days);
  const counts = await count(question, windows, 'used_features', 'date', 'count(DISTINCT feature)');
  const covered = coveredBy(question, windows, question.coverage.usage, 'usage data', silent);
  return change(covered, counts, dayCount(window_days), `no feature was used in the ${dayCount(window_days)} before`);
}

async function ticketCount(question: Question, date: 'escalated' | 'opened'): Promise<Measure> {
  const { window_days } = question.playbook.tickets;
  const windows = sideBySide(question.asOf, window_days);
  const counts = await count(question, windows, 'tickets', date, 'count(*)');
  const gap = coveredBy(question, windows, question.coverage.any, 'data', null);
  const now = gap.now === null ? counts.now : null;
  const before = gap.before === null ? counts.before : null;
  return { value: now, now, before, window: dayCount(window_days), reason: gap.now };
}

async function netPromoterScore(question: Question): Promise<Measure> {
  const { window_days, min_responses } = question.playbook.nps;
  const windows = sideBySide(question.asOf, window_days);
  const window = dayCount(window_days);
  const gap = coveredBy(question, windows, question.coverage.any, 'data', null);
  const responses = await count(question, windows, 'nps', 'date', 'count(*)');
  const points = 'sum(CASE WHEN score >= 9 THEN 100 WHEN score <= 6 THEN -100 ELSE 0 END)';
  const sums = await count(question, windows, 'nps', 'date', points);
  const short = (n: number, where: string) =>
    n < min_responses ? `${n} of ${min_responses} needed NPS responses in the ${window} ${where}` : null;
  const noNow = gap.now ?? short(responses.now, `ending ${question.asOf}`);
  const noBefore = gap.before ?? short(responses.before, 'before');
  const now = noNow === null ? rounded(sums.now / responses.now) : null;
  const before = noBefore === null ? rounded(sums.before / responses.before) : null;
  const value =
    now === null || before === null ? null : rounded(sums.now / responses.now - sums.before / responses.before);
  return { value, now, before, window, reason: noNow ?? noBefore };
}

/** The window of `days` that ends on the day, and the one that ends where it begins. */
function sideBySide(asOf: string, days: number): Windows {
  return { now: windowEnding(asOf, days), before: windowEnding(addDays(asOf, -days), days) };
}

interface Windows {
  now: Window;
  before: Window;
}

/** One figure of the account's rows in each of the two windows; table, column and figure are ours, never from data. */
async function count(
  { database, account }: Question,
  { now, before }: Windows,
  table: string,
  date: string,
  figure: string,
): Promise<{ now: number; before: number }> {
  const [row] = await database.rows(
    `SELECT coalesce(${figure} FILTER (WHERE ${date} BETWEEN $now_from::DATE AND $now_to::DATE), 0)::DOUBLE AS now,
       coalesce(${figure} FILTER (WHERE ${date} BETWEEN $before_from::DATE AND $before_to::DATE), 0)::DOUBLE AS before
     FROM ${table} WHERE account_id = $id AND ${date} BETWEEN $before_from::DATE AND $now_to::DATE`,
    { id: account.account_id, now_from: now.from, now_to: now.to, before_from: before.from, before_to: before.to },
  );
  return { now: Number(row?.now), before: Number(row?.before) };
}

/** Why a window has no figure, null when it has one. A window is covered when account and data reach back to its first
 * day; it counts as ended when the data ends before it begins, not when the last rows are a few days old. */
function coveredBy(
  { account, asOf }: Question,
  { now, before }: Windows,
  span: Span | null,
  what: string,
  silent: string | null,
): { now: string | null; before: string | null } {
  const gap = ({ from }: Window): string | null => {
    if (silent !== null) return silent;
    if (account.created_date > asOf) return `account starts on ${account.created_date}`;
    if (from < account.created_date) return `account is ${dayCount(daysBetween(account.created_date, asOf))} old`;
    if (span === null) return `there is no ${what}`;
    if (from < span.first) return `${what} starts on ${span.first}`;
    if (from > span.last) return `${what} ends on ${span.last}`;
    return null;
  };
  return { now: gap(now), before: gap(before) };
}

/** now / before − 1 as a measure; `nothing` is the reason when there was nothing before. */
function change(
  gap: { now: string | null; before: string | null },
  counts: { now: number; before: number },
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
