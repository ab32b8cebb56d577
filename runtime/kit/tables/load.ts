import type { DataProblem } from '../../pack.ts';
import { checkTable } from './check.ts';
import { MEMORIES } from './columns.ts';
import { type Database, openDatabase, quoted, rawName } from './database.ts';
import type { Table, Tables } from './define.ts';
import { findFiles, listFolder } from './files.ts';
import { readHeader } from './header.ts';
import { LAYOUT_FILE, readLayout } from './layout.ts';
import { checkMemories } from './memories.ts';
import { Problems } from './problems.ts';
import { createRaw, readRaw } from './raw.ts';

/**
 * Loads a folder in one go, or nothing: every file is read as text, every value is judged, and only when all are good are
 * they converted. Throws `data.missing` or `data.invalid`.
 */
export async function loadFolder(database: Database, tables: Tables, folder: string): Promise<void> {
  const problems = new Problems();
  await readFolder(database, tables, folder, problems);
  problems.throwIfAny(folder);
  await database.rows(tables.all.map((table) => `${conversionOf(table)}; DROP TABLE ${rawName(table)}`).join('; '));
}

/** All that is wrong with a folder. Throws `data.missing` when there is none, or nothing in it. */
export async function checkFolder(tables: Tables, folder: string): Promise<DataProblem[]> {
  const database = await openDatabase();
  try {
    const problems = new Problems();
    await readFolder(database, tables, folder, problems);
    return problems.list();
  } finally {
    await database.close();
  }
}

/** Goes on after every problem with what can still be judged. */
async function readFolder(database: Database, tables: Tables, folder: string, problems: Problems): Promise<void> {
  const entries = await listFolder(tables.all, folder);
  if (entries.includes('columns.yml')) problems.unreadable('columns.yml', `is not read, expected ${LAYOUT_FILE}`);
  const layout = await readLayout(tables.all, folder, problems);
  if (layout === null) return;
  const found = await findFiles(tables.all, folder, entries, layout, problems);
  const referred = new Map<string, { key: string; file: string }>();
  await createRaw(database, tables.all);
  for (const table of tables.all) {
    const settings = layout.of(table);
    const files = found.get(table) ?? [];
    const known = [];
    for (const file of files) {
      const header = await readHeader(database, table, file, layout, problems);
      if (header) known.push(header);
    }
    const raw = await readRaw(database, table, known, settings, problems);
    const [first] = files;
    if (table.key !== null && first !== undefined && raw.whole && known.length === files.length) {
      referred.set(table.name, { key: table.key, file: first.name });
    }
    if (raw.unreadable) continue;
    await checkTable(database, raw, settings, referred, problems);
    if (table.name === MEMORIES) await checkMemories(database, raw, settings, problems);
  }
  if (problems.total === 0) await checkDated(database, tables, problems);
}

/** Without a dated row there is no day to look from. */
async function checkDated(database: Database, { all }: Tables, problems: Problems): Promise<void> {
  const dated = all.filter((table) => observedIn(table).length > 0);
  const counts = dated.map((table) => {
    const known = observedIn(table).map((name) => `${quoted(name)} IS NOT NULL`);
    return `(SELECT count(*) FROM ${rawName(table)} WHERE ${known.join(' OR ')})`;
  });
  const [counted] = await database.rows(`SELECT (${counts.join(' + ')})::DOUBLE AS rows`);
  if (Number(counted?.rows) > 0) return;
  const files = dated.map(({ name }) => `${name}.csv`);
  const listed = [files.slice(0, -1).join(', '), files.at(-1)].filter((part) => part !== '').join(' and ');
  const message = `there is no row in ${listed}, expected at least one to date the data by`;
  problems.missing(files[0] ?? '', message);
}

/** The columns of the days on which rows of a table were observed. */
export function observedIn({ columns }: Table): string[] {
  return columns.filter(({ observed }) => observed).map(({ name }) => name);
}

const TYPES = { text: 'VARCHAR', id: 'VARCHAR', word: 'VARCHAR', date: 'DATE', number: 'DOUBLE', whole: 'BIGINT' };

/** The table that is asked, with the types of its columns. */
function conversionOf(table: Table): string {
  const columns = table.columns.map(({ name, kind }) => `${quoted(name)}::${TYPES[kind]} AS ${quoted(name)}`);
  const order = table.ordered ? ' ORDER BY _row' : '';
  return `CREATE TABLE ${quoted(table.name)} AS SELECT ${columns.join(', ')} FROM ${rawName(table)}${order}`;
}
