import type { Playbook } from '../playbook.ts';
import type { Database } from './database.ts';
import { addDays, type Window, windowEnding } from './days.ts';

/** A window that ends on or near the as-of date, and the one it is compared with. */
export interface Windows {
  now: Window;
  before: Window;
}

/** One figure in each of the two windows. */
export interface Pair {
  now: number;
  before: number;
}

/** What the measures of one account are made of. */
export interface Figures {
  usage_rows: number;
  active_users: Pair;
  features: Pair;
  escalated: Pair;
  opened: Pair;
  responses: Pair;
  /** 100 for each promoter, −100 for each detractor. */
  points: Pair;
}

type Counted = Exclude<keyof Figures, 'usage_rows'>;
export type AllWindows = Record<'usage' | 'adoption' | 'tickets' | 'nps', Windows>;

export function windowsOf({ usage, adoption, tickets, nps }: Playbook, asOf: string): AllWindows {
  return {
    usage: {
      now: windowEnding(asOf, usage.active_days),
      before: windowEnding(addDays(asOf, -usage.window_days), usage.active_days),
    },
    adoption: sideBySide(asOf, adoption.window_days),
    tickets: sideBySide(asOf, tickets.window_days),
    nps: sideBySide(asOf, nps.window_days),
  };
}

/** The window of `days` that ends on the day, and the one that ends where it begins. */
function sideBySide(asOf: string, days: number): Windows {
  return { now: windowEnding(asOf, days), before: windowEnding(addDays(asOf, -days), days) };
}

/**
 * The figures of every account as of a day, each in one question over the whole table: two thousand accounts cost little
 * more than one. No row after that day is looked at. An account without rows is not in the map.
 */
export async function readFigures(
  database: Database,
  playbook: Playbook,
  asOf: string,
): Promise<ReadonlyMap<string, Figures>> {
  const windows = windowsOf(playbook, asOf);
  const all = new Map<string, Figures>();
  const of = (accountId: unknown): Figures => {
    const known = all.get(String(accountId)) ?? noFigures();
    all.set(String(accountId), known);
    return known;
  };
  const rows = await database.rows(
    `SELECT account_id, count(*)::DOUBLE AS rows FROM usage WHERE date <= $day::DATE GROUP BY account_id`,
    { day: asOf },
  );
  for (const row of rows) of(row.account_id).usage_rows = Number(row.rows);
  const points = 'sum(CASE WHEN score >= 9 THEN 100 WHEN score <= 6 THEN -100 ELSE 0 END)';
  // Names and figures are ours, never from data.
  const questions: [Counted, Windows, table: string, date: string, figure: string][] = [
    ['active_users', windows.usage, 'usage', 'date', 'count(DISTINCT user_id)'],
    ['features', windows.adoption, 'usage', 'date', 'count(DISTINCT feature)'],
    ['escalated', windows.tickets, 'tickets', 'escalated', 'count(*)'],
    ['opened', windows.tickets, 'tickets', 'opened', 'count(*)'],
    ['responses', windows.nps, 'nps', 'date', 'count(*)'],
    ['points', windows.nps, 'nps', 'date', points],
  ];
  for (const [name, { now, before }, table, date, figure] of questions) {
    const counted = await database.rows(
      `SELECT account_id,
         coalesce(${figure} FILTER (WHERE ${date} BETWEEN $now_from::DATE AND $now_to::DATE), 0)::DOUBLE AS now,
         coalesce(${figure} FILTER (WHERE ${date} BETWEEN $before_from::DATE AND $before_to::DATE), 0)::DOUBLE AS before
       FROM ${table} WHERE ${date} BETWEEN $before_from::DATE AND $now_to::DATE GROUP BY account_id`,
      { now_from: now.from, now_to: now.to, before_from: before.from, before_to: before.to },
    );
    for (const row of counted) of(row.account_id)[name] = { now: Number(row.now), before: Number(row.before) };
  }
  return all;
}

export function noFigures(): Figures {
  const none: Pair = { now: 0, before: 0 };
  return {
    usage_rows: 0,
    active_users: none,
    features: none,
    escalated: none,
    opened: none,
    responses: none,
    points: none,
  };
}
