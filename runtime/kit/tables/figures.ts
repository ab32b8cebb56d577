import { type Database, quoted } from './database.ts';
import { addDays, type Window, windowEnding } from './days.ts';
import type { Tables } from './define.ts';

/**
 * A figure over time: an SQL aggregate over the rows of a table whose day lies in a window, and the same in an earlier window
 * to compare it with.
 */
export interface MeasureSpec {
  table: string;
  /** The column of the day. */
  on: string;
  /** One SQL aggregate of the table's columns, as in `count(DISTINCT "user")`: code of the pack, never text from data. */
  figure: string;
  /** The window: that many days, which end on the as-of date. */
  days: number;
  /** How many days earlier the window that it is compared with ends; `days` without it, so that they lie side by side. */
  apart?: number;
  /** This many days may be missing at the end of a continuous table, as exports lag. */
  lag?: number;
  /** What the measure's value is: the share by which it changed (now / before − 1), now − before, or now itself. */
  value: 'change' | 'difference' | 'now';
  /** Fewer rows than that in a window give no figure; `called`, in plural, is what a row is. */
  least?: { rows: number; called: string };
  /** Why there is no change from 0, given the earlier window. */
  nothing?: (before: Window) => string;
}

/** A window that ends on or near the as-of date, and the one it is compared with. */
export interface Windows {
  now: Window;
  before: Window;
}

export function windowsOf({ days, apart = days }: MeasureSpec, asOf: string): Windows {
  return { now: windowEnding(asOf, days), before: windowEnding(addDays(asOf, -apart), days) };
}

/** What one subject has in a window. The figure is null where the aggregate is, as `avg` of no row. */
export interface Found {
  figure: number | null;
  rows: number;
}

/** What the measures of one subject are made of. */
export interface Figures {
  measures: Map<string, { now: Found; before: Found }>;
  /** Continuous table → its rows up to the day. */
  rows: Map<string, number>;
}

/**
 * The figures of every subject as of a day, each in one question over the whole table: two thousand subjects cost little more
 * than one. No row after that day is looked at. A subject without rows is not in the map.
 */
export async function readFigures(
  database: Database,
  tables: Tables,
  specs: Readonly<Record<string, MeasureSpec>>,
  asOf: string,
): Promise<ReadonlyMap<string, Figures>> {
  const all = new Map<string, Figures>();
  const of = (subject: unknown): Figures => {
    const known = all.get(String(subject)) ?? { measures: new Map(), rows: new Map() };
    all.set(String(subject), known);
    return known;
  };
  for (const { name, continuous } of tables.all) {
    if (continuous === null) continue;
    const subject = subjectIn(tables, name);
    const rows = await database.rows(
      `SELECT ${subject} AS subject, count(*)::DOUBLE AS rows FROM ${quoted(name)}
       WHERE ${quoted(continuous)} <= $day::DATE GROUP BY ${subject}`,
      { day: asOf },
    );
    for (const row of rows) of(row.subject).rows.set(name, Number(row.rows));
  }
  for (const [name, spec] of Object.entries(specs)) {
    const { now, before } = windowsOf(spec, asOf);
    const subject = subjectIn(tables, spec.table);
    const day = quoted(spec.on);
    const within = (window: string) => `FILTER (WHERE ${day} BETWEEN $${window}_from::DATE AND $${window}_to::DATE)`;
    const found = await database.rows(
      `SELECT ${subject} AS subject,
         (${spec.figure} ${within('now')})::DOUBLE AS now, (count(*) ${within('now')})::DOUBLE AS now_rows,
         (${spec.figure} ${within('before')})::DOUBLE AS before, (count(*) ${within('before')})::DOUBLE AS before_rows
       FROM ${quoted(spec.table)} WHERE ${day} BETWEEN $before_from::DATE AND $now_to::DATE GROUP BY ${subject}`,
      { now_from: now.from, now_to: now.to, before_from: before.from, before_to: before.to },
    );
    for (const row of found) {
      of(row.subject).measures.set(name, {
        now: { figure: row.now as number | null, rows: Number(row.now_rows) },
        before: { figure: row.before as number | null, rows: Number(row.before_rows) },
      });
    }
  }
  return all;
}

/**
 * Measure → its figure of no rows at all: 0 for `count`, null for `avg`. Throws what is wrong with an aggregate: asked before
 * anything is measured.
 */
export async function figuresOfNothing(
  database: Database,
  tables: Tables,
  specs: Readonly<Record<string, MeasureSpec>>,
): Promise<ReadonlyMap<string, number | null>> {
  const all = Object.entries(specs);
  const asked = all.map(([, { table, on, figure }], at) => {
    subjectIn(tables, table);
    const ofNoRow = `FILTER (WHERE ${quoted(on)} IS NULL))::DOUBLE FROM ${quoted(table)} WHERE false`;
    return `(SELECT (${figure} ${ofNoRow}) AS n${at}`;
  });
  const [row] = asked.length === 0 ? [] : await database.rows(`SELECT ${asked.join(', ')}`);
  return new Map(all.map(([name], at) => [name, (row?.[`n${at}`] ?? null) as number | null]));
}

/** The column that says whose a row is. */
function subjectIn({ all, subjects }: Tables, table: string): string {
  if (table === subjects.table) return quoted(subjects.key);
  const column = all.find(({ name }) => name === table)?.columns.find(({ of }) => of === subjects.table);
  if (column === undefined) throw new Error(`no column of ${table} is of ${subjects.table}`);
  return quoted(column.name);
}
