import { PlatformError } from '../../../config/errors.ts';
import type { DataCount } from '../../pack.ts';
import { MEMORIES } from './columns.ts';
import { type Database, openDatabase, quoted, type Row } from './database.ts';
import type { Table, Tables } from './define.ts';
import { type Figures, figuresOfNothing, type MeasureSpec, readFigures } from './figures.ts';
import { loadFolder, observedIn } from './load.ts';
import { type Coverage, type Measure, measured, type Span } from './measures.ts';
import { seedsOf } from './memories.ts';
import type { Measured, TableSource } from './source.ts';

/** Whether a subject is a target on a day. */
type Picks = (row: Row, asOf: string) => boolean;

/** Figures are kept for the days that were asked about last. */
const KEPT_DAYS = 8;

/** Opens a data folder. Throws `data.missing` or `data.invalid` with everything that is wrong with it. */
export async function openFolder(
  folder: string,
  tables: Tables,
  targets: Readonly<Record<string, Picks>>,
  measures: Readonly<Record<string, MeasureSpec>>,
): Promise<TableSource> {
  const database = await openDatabase();
  try {
    await loadFolder(database, tables, folder);
    await database.seal();
    return await sourceOf(database, folder, tables, targets, measures);
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function sourceOf(
  database: Database,
  folder: string,
  tables: Tables,
  targets: Readonly<Record<string, Picks>>,
  specs: Readonly<Record<string, MeasureSpec>>,
): Promise<TableSource> {
  const { key, called, since, table } = tables.subjects;
  const coverage = await readCoverage(database, tables);
  const nothing = await figuresOfNothing(database, tables, specs);
  const subjects = await readRows(database, tables, table);
  const byId = new Map(subjects.map((row) => [String(row[key]), row]));
  const subject = (id: string): Row => {
    const row = byId.get(id);
    if (row) return row;
    throw new PlatformError('target.unknown', `the data folder ${folder} has no ${called} ${JSON.stringify(id)}`);
  };
  const figuresAsOf = latest((asOf) => readFigures(database, tables, specs, asOf), KEPT_DAYS);
  const rowsBySubject = latest((name) => groupRows(database, tables, name), tables.all.length);
  return {
    asOf: coverage.any.last,
    subjects,
    subject,
    rows: (name) => readRows(database, tables, name),
    async rowsAbout(id, name) {
      subject(id);
      return (await rowsBySubject(name)).get(id) ?? [];
    },
    query: (sql, parameters) => database.rows(sql, parameters),
    async measured(id, asOf) {
      const row = subject(id);
      const figures: Figures | undefined = (await figuresAsOf(asOf)).get(id);
      const began = since === undefined ? null : (row[since] as string | null);
      const question = { asOf, coverage, called, since: began, figures, nothing };
      const measures: Record<string, Measure> = {};
      for (const [name, spec] of Object.entries(specs)) measures[name] = measured(name, spec, question);
      const rows = [...coverage.continuous.keys()].map((name) => [name, figures?.rows.get(name) ?? 0]);
      return { rows: Object.fromEntries(rows), measures } satisfies Measured;
    },
    async targets(list, asOf) {
      const picks = Object.hasOwn(targets, list) ? targets[list] : undefined;
      if (picks === undefined) {
        const expected = Object.keys(targets).join(', ');
        throw new PlatformError('target.unknown', `no target list ${JSON.stringify(list)}, expected ${expected}`);
      }
      return subjects
        .filter((row) => picks(row, asOf))
        .map((row) => ({ id: String(row[key]), payload: { [key]: String(row[key]) } }));
    },
    knows: async (id) => byId.has(id),
    memories: async () =>
      tables.memories === null ? [] : seedsOf(await readRows(database, tables, MEMORIES), key, tables.memories),
    counts: () => countRows(database, tables, coverage),
    close: () => database.close(),
  };
}

/** What was asked about last is kept; what failed is read again. */
function latest<V>(read: (about: string) => Promise<V>, most: number): (about: string) => Promise<V> {
  const kept = new Map<string, Promise<V>>();
  return async (about) => {
    const known = kept.get(about) ?? read(about);
    kept.delete(about);
    kept.set(about, known);
    const [oldest] = kept.keys();
    if (kept.size > most && oldest !== undefined) kept.delete(oldest);
    try {
      return await known;
    } catch (error) {
      if (kept.get(about) === known) kept.delete(about);
      throw error;
    }
  };
}

/** All rows in the file's order, with dates as ISO texts and numbers as numbers. */
async function readRows(database: Database, { all }: Tables, name: string): Promise<Row[]> {
  const table = all.find((each) => each.name === name);
  if (!table?.ordered) throw new Error(`the rows of ${name} are asked by measures and queries, as it may be large`);
  const columns = table.columns.map((column) => {
    const as = quoted(column.name);
    if (column.kind === 'date') return `strftime(${as}, '%Y-%m-%d') AS ${as}`;
    return column.kind === 'whole' ? `${as}::DOUBLE AS ${as}` : as;
  });
  return database.rows(`SELECT ${columns.join(', ')} FROM ${quoted(name)}`);
}

/** Subject → its rows of a table, in the file's order. */
async function groupRows(database: Database, tables: Tables, name: string): Promise<ReadonlyMap<string, Row[]>> {
  const { all, subjects } = tables;
  const by = all.find((each) => each.name === name)?.columns.find(({ of }) => of === subjects.table);
  if (by === undefined) throw new Error(`no column of ${name} says which ${subjects.called} a row is about`);
  const grouped = new Map<string, Row[]>();
  for (const row of await readRows(database, tables, name)) {
    const id = String(row[by.name]);
    const known = grouped.get(id);
    if (known) known.push(row);
    else grouped.set(id, [row]);
  }
  return grouped;
}

/** Rows of each table, and the days that the data covers. */
async function countRows(database: Database, tables: Tables, { any, continuous }: Coverage): Promise<DataCount[]> {
  const counts: DataCount[] = [];
  for (const { name } of tables.all) {
    const [row] = await database.rows(`SELECT count(*)::DOUBLE AS rows FROM ${quoted(name)}`);
    counts.push({ label: name === tables.subjects.table ? name : `${name} rows`, value: Number(row?.rows) });
  }
  for (const [name, span] of continuous) {
    if (span) counts.push({ label: `${name} dates`, value: `${span.first} to ${span.last}` });
  }
  return [...counts, { label: 'all dates', value: `${any.first} to ${any.last}` }];
}

async function readCoverage(database: Database, { all }: Tables): Promise<Coverage> {
  const any = await spanOf(
    database,
    all.flatMap((table) => observedIn(table).map((name) => [table, name] as const)),
  );
  if (any === null) throw new Error('a folder without a dated row was loaded');
  const continuous = new Map<string, Span | null>();
  for (const table of all) {
    if (table.continuous !== null) continuous.set(table.name, await spanOf(database, [[table, table.continuous]]));
  }
  return { any, continuous };
}

async function spanOf(database: Database, columns: readonly (readonly [Table, string])[]): Promise<Span | null> {
  const days = columns.map(([{ name }, column]) => `SELECT ${quoted(column)} AS day FROM ${quoted(name)}`);
  const [row] = await database.rows(
    `SELECT min(day)::VARCHAR AS first, max(day)::VARCHAR AS last FROM (${days.join(' UNION ALL ')})`,
  );
  const { first, last } = row ?? {};
  return typeof first === 'string' && typeof last === 'string' ? { first, last } : null;
}
