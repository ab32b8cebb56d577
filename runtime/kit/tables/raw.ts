import { recordStarts, withEvenEndings } from './csv-lines.ts';
import { type Database, quoted, rawName } from './database.ts';
import type { Table } from './define.ts';
import { expressionOf } from './expression.ts';
import { type KnownFile, literalPath, wordsOf } from './header.ts';
import type { TableLayout } from './layout.ts';
import { PER_CHECK, type Problems } from './problems.ts';

/** Where a row of a table stands; rows are counted from 1 through all its files. */
export type PlaceOf = (row: number) => Promise<{ file: string; line: number }>;

export interface RawTable {
  table: Table;
  placeOf: PlaceOf;
  /** Every record of every file became a row. */
  whole: boolean;
  /** A file broke off somewhere, and what follows there can't be told apart. */
  unreadable: boolean;
}

interface Reject {
  /** Where the record begins, or a line break before it. */
  byte: number;
  kind: string;
  message: string;
  text: string;
}

/** The column in which a value stands as the file has it, when something else was made of it. */
export function originalOf({ name }: { name: string }): string {
  return quoted(`_original_${name}`);
}

/**
 * Reads a table's files as text into `_raw_<table>`, with `_row` counting its records. Lines that are no row of the table
 * are skipped by the reader, so they are taken from its list of rejects and become problems.
 */
export async function readRaw(
  database: Database,
  table: Table,
  files: readonly KnownFile[],
  layout: TableLayout,
  problems: Problems,
): Promise<RawTable> {
  const parts: { file: KnownFile; before: number; rejects: Reject[]; rows?: number[] }[] = [];
  let count = 0;
  let unreadable = false;
  for (const file of files) {
    const before = count;
    const read = await readFile(database, table, file, layout, before);
    count += read.count;
    if (count > table.most) {
      problems.unreadable(
        file.name,
        `there are more than ${table.most} rows of ${table.name}, expected at most that many`,
      );
      return { table, placeOf: async () => ({ file: file.name, line: 0 }), whole: false, unreadable: true };
    }
    const { rejects } = read;
    parts.push({ file, before, rejects, ...(read.lines && { rows: read.lines.rows }) });
    if (read.wrong) {
      problems.unreadable(file.name, read.wrong.message, read.wrong.line);
      unreadable = true;
    }
    if (rejects.length > 0) report(file, rejects, read.lines ?? (await split(file.path, rejects)), problems);
    unreadable ||= rejects.some((reject) => reject.kind === 'UNQUOTED VALUE');
  }
  const placeOf: PlaceOf = async (row) => {
    const part = parts.findLast(({ before }) => before < row);
    if (!part) return { file: table.name, line: row };
    const at = row - part.before;
    if (part.file.format === 'parquet') return { file: part.file.name, line: at };
    part.rows ??= (await split(part.file.path, part.rejects)).rows;
    return { file: part.file.name, line: part.rows[at - 1] ?? 0 };
  };
  return { table, placeOf, whole: !unreadable && parts.every(({ rejects }) => rejects.length === 0), unreadable };
}

interface ReadFile {
  count: number;
  rejects: Reject[];
  /** Of a file that was not read as it lies there; the lines are the same. */
  lines?: Lines;
  /** Why nothing of it could be read. */
  wrong?: { message: string; line: number | null };
}

/**
 * The reader takes one kind of line ending in a file and stumbles over a second one in more ways than one; people join
 * files of several kinds. So what is wrong with such a file is said of a copy whose lines end alike.
 */
async function readFile(
  database: Database,
  table: Table,
  file: KnownFile,
  layout: TableLayout,
  before: number,
): Promise<ReadFile> {
  const attempt = async (path: string): Promise<ReadFile> => {
    try {
      const count = await readInto(database, table, { ...file, path }, layout, before);
      return { count, rejects: file.format === 'csv' ? await takeRejects(database) : [] };
    } catch (error) {
      // What it rejected before it gave up belongs to no row; without any, there is no such list yet.
      await takeRejects(database).catch(() => []);
      const message = `the file cannot be read (${wordsOf(error)}), expected ${file.format}`;
      return { count: 0, rejects: [], wrong: { message, line: null } };
    }
  };
  const first = await attempt(file.path);
  if (file.format !== 'csv' || (!first.wrong && first.rejects.length === 0)) return first;
  const even = await withEvenEndings(file.path).catch(() => null);
  if (even === null) return first;
  try {
    await database.rows(`DELETE FROM ${rawName(table)} WHERE _row > $before`, { before });
    const second = await attempt(even.path);
    if (!second.wrong) return { ...second, lines: await split(even.path, second.rejects) };
    const message = 'the line ends otherwise than those above, expected one kind of line ending';
    return { ...second, wrong: { message, line: even.oddLine } };
  } finally {
    await even.remove();
  }
}

/** Makes what `readRaw` fills: also for tables that the folder does without. */
export async function createRaw(database: Database, tables: readonly Table[]): Promise<void> {
  const made = tables.map((table) => {
    const columns = table.columns.flatMap((column) => [quoted(column.name), originalOf(column)]);
    return `CREATE TABLE ${rawName(table)} (_row BIGINT, ${columns.map((name) => `${name} VARCHAR`).join(', ')})`;
  });
  await database.rows(made.join('; '));
}

/** Returns how many rows were read. */
async function readInto(
  database: Database,
  table: Table,
  file: KnownFile,
  layout: TableLayout,
  before: number,
): Promise<number> {
  const made = table.columns.map((column) => expressionOf(column, file, layout));
  const values = made.map(({ sql, original }) => `${sql}, ${original ?? 'NULL'}`).join(', ');
  const positions = file.columns.map((_, index) => `c${index}`);
  const csv = `read_csv($path, auto_detect = false, header = true, delim = $delimiter, quote = '"', escape = '"',
    columns = {${positions.map((position) => `'${position}': 'VARCHAR'`).join(', ')}}, null_padding = false,
    strict_mode = true, store_rejects = true)`;
  const parquet = `read_parquet($path, binary_as_string = true) AS file(${positions.join(', ')})`;
  const [inserted] = await database.rows(
    `INSERT INTO ${rawName(table)} SELECT $before::BIGINT + row_number() OVER (), ${values}
     FROM ${file.format === 'csv' ? csv : parquet}`,
    {
      path: literalPath(file.path),
      before,
      ...(file.format === 'csv' && { delimiter: layout.delimiter }),
      ...Object.assign({}, ...made.map(({ parameters }) => parameters)),
    },
  );
  return Number(inserted?.Count ?? 0);
}

async function takeRejects(database: Database): Promise<Reject[]> {
  const rows = await database.rows(
    `SELECT line_byte_position::DOUBLE - 1 AS byte, first(error_type::VARCHAR) AS kind, first(error_message) AS message,
       first(csv_line) AS text
     FROM reject_errors GROUP BY line_byte_position ORDER BY line_byte_position`,
  );
  if (rows.length > 0) await database.rows('DELETE FROM reject_errors');
  return rows as unknown as Reject[];
}

function report(file: KnownFile, rejects: Reject[], { lines }: Lines, problems: Problems): void {
  const first = rejects.slice(0, PER_CHECK).map((reject, index) => ({
    file: file.name,
    line: lines[index] ?? 0,
    column: null,
    value: reject.text.trim(),
    expected: expectation(reject, file.columns.length),
  }));
  problems.add(first, rejects.length);
}

/** The lines of the rejects, and of the rows that were read. Both are in the file's order. */
interface Lines {
  lines: number[];
  rows: number[];
}

async function split(path: string, rejects: Reject[]): Promise<Lines> {
  const lines: number[] = [];
  const rows: number[] = [];
  const starts = await recordStarts(path);
  for (const [index, { byte, line }] of starts.entries()) {
    const next = rejects[lines.length];
    const previous = starts[index - 1]?.byte ?? -1;
    (next && next.byte > previous && next.byte <= byte ? lines : rows).push(line);
  }
  return { lines, rows };
}

function expectation({ kind, message }: Reject, columns: number): string {
  if (kind === 'MISSING COLUMNS' || kind === 'TOO MANY COLUMNS') {
    return `${columns} columns as in the header`;
  }
  if (kind === 'UNQUOTED VALUE') return 'a quoted field that ends with its quote';
  if (kind === 'INVALID ENCODING') return 'text in UTF-8';
  return `a row of ${columns} columns (${message})`;
}
