import { basename } from 'node:path';
import type { Database } from './database.ts';
import type { FoundTable } from './header.ts';
import { recordStarts } from './lines.ts';
import { PER_CHECK, type Problems } from './problems.ts';

/** Finds the line of a table's row, counted from 1. Reads the file at the first call. */
export type LineOf = (row: number) => Promise<number>;

interface Reject {
  /** Where the record begins, or a line break before it. */
  byte: number;
  kind: string;
  message: string;
  text: string;
}

/**
 * Reads a file as text into `raw_<table>`, with `row` counting its records. Lines that are no row of the table are
 * skipped by the reader, so they are taken from its list of rejects and become problems. `whole`: there were none;
 * `unreadable`: a quote is not closed, and what follows it can't be told apart.
 */
export async function readRaw(
  database: Database,
  found: FoundTable,
  problems: Problems,
): Promise<{ lineOf: LineOf; whole: boolean; unreadable: boolean }> {
  await readInto(database, found);
  const rejects = await takeRejects(database);
  let rows: number[] | undefined;
  const lineOf: LineOf = async (row) => {
    rows ??= (await split(found.path, rejects)).rows;
    return rows[row - 1] ?? 0;
  };
  if (rejects.length > 0) {
    const { lines } = await split(found.path, rejects);
    const first = rejects.slice(0, PER_CHECK).map((reject, index) => ({
      file: basename(found.path),
      line: lines[index] ?? 0,
      column: null,
      value: reject.text.trim(),
      expected: expectation(reject, found.header.length),
    }));
    problems.add(first, rejects.length);
  }
  const unreadable = rejects.some((reject) => reject.kind === 'UNQUOTED VALUE');
  return { lineOf, whole: rejects.length === 0, unreadable };
}

/** Columns are known to the reader by position only, so that no name from the file becomes part of the query. */
async function readInto(database: Database, { table, path, header }: FoundTable): Promise<void> {
  const positions = header.map((_, index) => `'c${index}': 'VARCHAR'`).join(', ');
  const columns = table.columns.map(({ name }) => `c${header.indexOf(name)} AS ${name}`).join(', ');
  await database.rows(
    `CREATE TABLE raw_${table.name} AS SELECT row_number() OVER () AS row, ${columns}
     FROM read_csv($path, auto_detect = false, header = true, delim = ',', quote = '"', escape = '"',
       columns = {${positions}}, null_padding = false, strict_mode = true, store_rejects = true)`,
    { path: path.replace(/[*?[]/g, '[$&]') },
  );
}

async function takeRejects(database: Database): Promise<Reject[]> {
  const rows = await database.rows(
    `SELECT line_byte_position::DOUBLE - 1 AS byte, first(error_type::VARCHAR) AS kind, first(error_message) AS message,
       first(csv_line) AS text
     FROM reject_errors GROUP BY line_byte_position ORDER BY line_byte_position`,
  );
  await database.rows('DELETE FROM reject_errors');
  return rows as unknown as Reject[];
}

/** The lines of the rejects, and the lines of the rows that were read. Both lists are in the file's order. */
async function split(path: string, rejects: Reject[]): Promise<{ lines: number[]; rows: number[] }> {
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
