import { isUtf8 } from 'node:buffer';
import { open } from 'node:fs/promises';
import { PlatformError } from '../../../config/errors.ts';
import type { Database } from './database.ts';
import type { Table } from './define.ts';
import type { DataFile } from './files.ts';
import { type Layout, LAYOUT_FILE, type TableLayout, theirName } from './layout.ts';
import type { Problems } from './problems.ts';

/** A file with the names and types of its columns in order. Every column of a CSV file is text. */
export interface KnownFile extends DataFile {
  columns: { name: string; type: string }[];
}

const HEADER_MAX_BYTES = 65_536;
/** Types whose values have a text like a CSV file's. */
const SCALAR =
  /^(VARCHAR|DATE|TIMESTAMP.*|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DOUBLE|FLOAT|DECIMAL\(.*\)|BOOLEAN|UUID)$/;

/** DuckDB takes these characters of a path for wildcards. */
export function literalPath(path: string): string {
  return path.replace(/[*?[]/g, '[$&]');
}

/** What stands in the file's header or schema; null, with a problem, when it lacks a column or cannot be read. */
export async function readHeader(
  database: Database,
  table: Table,
  file: DataFile,
  layout: Layout,
  problems: Problems,
): Promise<KnownFile | null> {
  const settings = layout.of(table);
  const wanted = table.columns.filter(({ name }) => !settings.constants.has(name));
  const theirs = wanted.map(({ name }) => theirName(name, settings));
  const expected = theirs.join(', ');
  let line = '';
  let columns: KnownFile['columns'];
  try {
    if (file.format === 'csv') {
      const read = await headerLine(file);
      if (read.encoding !== null) {
        problems.unreadable(file.name, `the file is ${read.encoding}, expected text in UTF-8`, 1);
        return null;
      }
      line = read.line;
    }
    columns = file.format === 'csv' ? csvColumns(line, settings.delimiter) : await parquetSchema(database, file);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    problems.missing(
      file.name,
      `the file cannot be read (${code ?? firstLine(message)}), expected columns ${expected}`,
    );
    return null;
  }
  if (columns.length === 0) {
    problems.missing(file.name, `the file is empty, expected a header with columns ${expected}`);
    return null;
  }
  const names = columns.map(({ name }) => name);
  const separator = theirs.some((name) => names.includes(name)) ? null : separatorOf(line, settings);
  if (separator !== null) {
    const got = JSON.stringify(separator);
    const message =
      `the columns are separated by ${got}, expected ${JSON.stringify(settings.delimiter)}; ` +
      `if ${got} is right, say delimiter: ${got} in ${LAYOUT_FILE} in the data folder`;
    problems.missing(file.name, message, 1);
    return null;
  }
  const good = new Set(names).size === names.length || unrepeated(file, names, theirs, problems);
  const absent = wanted.filter(({ name }) => !names.includes(theirName(name, settings)));
  const unmapped = absent.filter(({ name }) => !settings.columns.has(name)).map(({ name }) => name);
  for (const { name } of absent.filter((column) => settings.columns.has(column.name))) {
    const lacking = JSON.stringify(theirName(name, settings));
    layout.wrong(table, 'columns', name, `${file.name} has no column ${lacking}, found ${names.join(', ')}`);
  }
  if (unmapped.length > 0) {
    const message = `column ${unmapped.join(', ')} is missing, found ${names.join(', ')}, expected ${expected}`;
    problems.missing(file.name, message, 1);
  }
  const nested = columns.filter(({ name, type }) => theirs.includes(name) && !SCALAR.test(type));
  for (const { name, type } of nested) {
    problems.unreadable(file.name, `column ${name} holds ${type}, expected text, numbers or dates`);
  }
  if (!good || absent.length > 0 || nested.length > 0) return null;
  const known = { ...file, columns };
  const unreadable = (error: unknown): string => `the file cannot be read (${wordsOf(error)}), expected parquet`;
  const swells = file.format === 'parquet' ? await swelling(database, table, known, theirs).catch(unreadable) : null;
  if (swells === null) return known;
  problems.unreadable(file.name, swells);
  return null;
}

const SEPARATORS = [';', '\t', '|', ','];

/** What separates more columns of a header than what should; null when nothing does. */
function separatorOf(line: string, { delimiter }: TableLayout): string | null {
  const columns = (separator: string): number => fields(line, separator).length;
  const [best] = SEPARATORS.toSorted((a, b) => columns(b) - columns(a));
  return best !== undefined && columns(best) > columns(delimiter) ? best : null;
}

/** Which of two columns of one name is meant, nobody knows. */
function unrepeated(file: DataFile, names: string[], needed: string[], problems: Problems): boolean {
  const twice = names.filter((name, at) => names.indexOf(name) !== at);
  const wanted = twice.filter((name) => needed.includes(name));
  if (wanted.length > 0)
    problems.unreadable(file.name, `column ${wanted.join(', ')} stands twice, expected it once`, 1);
  return wanted.length === 0;
}

/** The header, and what the file is when it is not UTF-8. */
async function headerLine({ path }: DataFile): Promise<{ line: string; encoding: string | null }> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEADER_MAX_BYTES), 0, HEADER_MAX_BYTES, 0);
    const start = buffer.subarray(0, bytesRead);
    const end = start.indexOf(0x0a);
    const header = end === -1 ? start : start.subarray(0, end);
    const line = header
      .toString('utf8')
      .replace(/^\uFEFF/, '')
      .replace(/\r$/, '');
    if (isUtf16(start)) return { line, encoding: 'not UTF-8 but UTF-16' };
    return { line, encoding: isUtf8(header) || end === -1 ? null : 'not UTF-8' };
  } finally {
    await file.close();
  }
}

/** By its byte order mark, or, without one, by the zero that every second byte of plain letters is. */
function isUtf16(start: Buffer): boolean {
  const mark = start.subarray(0, 2).toString('hex');
  return mark === 'fffe' || mark === 'feff' || start.subarray(0, 4).includes(0);
}

function csvColumns(line: string, delimiter: string): KnownFile['columns'] {
  return line === '' ? [] : fields(line, delimiter).map((name) => ({ name, type: 'VARCHAR' }));
}

/** The fields of one line; a quoted one may hold the delimiter. */
function fields(line: string, delimiter: string): string[] {
  const found: string[] = [];
  let field = '';
  let quoted = false;
  for (const character of line) {
    if (character === '"') quoted = !quoted;
    if (character === delimiter && !quoted) {
      found.push(field);
      field = '';
    } else field += character;
  }
  return [...found, field].map((each) =>
    each
      .trim()
      .replace(/^"(.*)"$/, '$1')
      .replaceAll('""', '"'),
  );
}

async function parquetSchema(database: Database, { path }: DataFile): Promise<KnownFile['columns']> {
  const rows = await database.rows('DESCRIBE SELECT * FROM read_parquet($path, binary_as_string = true)', {
    path: literalPath(path),
  });
  return rows.map((row) => ({ name: String(row.column_name), type: String(row.column_type) }));
}

/** Bytes of a text; a reader holds two thousand rows at a time, each with texts of its own. */
const LONGEST_TEXT = 65_536;

/**
 * Why a Parquet file would become far larger than it is, null when it would not: a few kilobytes can stand for a text of
 * megabytes in every one of a billion rows. Looks at what the file says of itself, and at each text once.
 */
async function swelling(
  database: Database,
  { most }: Table,
  { path, columns }: KnownFile,
  needed: readonly string[],
): Promise<string | null> {
  const file = { path: literalPath(path) };
  const [said] = await database.rows(
    `SELECT coalesce(sum(rows), 0)::DOUBLE AS rows
     FROM (SELECT DISTINCT row_group_id, row_group_num_rows AS rows FROM parquet_metadata($path))`,
    file,
  );
  if (Number(said?.rows) > most) return `the file has ${Number(said?.rows)} rows, expected at most ${most}`;
  const texts = columns.flatMap(({ name, type }, at) =>
    needed.includes(name) && type === 'VARCHAR' ? [`c${at}`] : [],
  );
  if (texts.length === 0) return null;
  const names = columns.map((_, at) => `c${at}`).join(', ');
  const [longest] = await database.rows(
    `SELECT greatest(${texts.map((text) => `coalesce(max(strlen(${text})), 0)`).join(', ')})::DOUBLE AS bytes
     FROM read_parquet($path, binary_as_string = true) AS file(${names})`,
    file,
  );
  const bytes = Number(longest?.bytes);
  return bytes > LONGEST_TEXT ? `the file holds a text of ${bytes} bytes, expected at most ${LONGEST_TEXT}` : null;
}

/** The first line of what was thrown. */
export function wordsOf(error: unknown): string {
  return firstLine(error instanceof PlatformError ? error.message : String(error));
}

function firstLine(message: string): string {
  return message.split('\n')[0] ?? '';
}
