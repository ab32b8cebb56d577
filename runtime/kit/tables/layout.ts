import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { checkLocated, type LocatedYaml, parseLocated } from '../../definitions/located.ts';
import type { Finding } from '../../definitions/resolved.ts';
import { DATE_FORMATS, type DateFormat, parseDateFormat } from './date-format.ts';
import type { Table } from './define.ts';
import type { Problems } from './problems.ts';
import { regularFile } from './regular-file.ts';

/** `columns.yaml`: how a folder's own files, columns, values and dates are called in ours. */
export const LAYOUT_FILE = 'columns.yaml';

/** One table's part of it, complete with what the whole folder says. Maps are by our column names. */
export interface TableLayout {
  /** Where its files are, from the folder; null for the usual places. */
  file: string | null;
  delimiter: string;
  decimalComma: boolean;
  /** Their column name. A column that is not listed has our name. */
  columns: ReadonlyMap<string, string>;
  /** Their value → ours, before anything else is made of it. */
  values: ReadonlyMap<string, [theirs: string, ours: string][]>;
  /** Columns whose dates are not ISO dates. */
  dates: ReadonlyMap<string, DateFormat>;
  /** Columns that the files lack, with the value of every row. */
  constants: ReadonlyMap<string, string>;
}

/** A column as the folder's own files call it. */
export function theirName(column: string, layout: TableLayout): string {
  return layout.columns.get(column) ?? column;
}

export interface Layout {
  of(table: Table): TableLayout;
  /** Reports what turned out to be wrong with the file that `table` names, or with the column. */
  wrong(table: Table, key: 'file' | 'columns', column: string | null, message: string): void;
}

const text = z.string().min(1);
const one = z.string().refine((value) => /^[^\r\n"A-Za-z0-9]$/.test(value), 'one character such as ; or \\t');
const decimal = z.string().refine((value) => value === ',' || value === '.', '"," or "."');
const dates = z.string().refine((value) => parseDateFormat(value) !== null, DATE_FORMATS);
/** A path out of the folder, or with a `*` before its last part. */
const NO_PLACE = /^[/\\]|(^|[/\\])\.\.([/\\]|$)|\*.*[/\\]/;

function tableSchema({ name: table, columns }: Table) {
  const byName = <S extends z.ZodType>(schema: S, names = columns.map(({ name }) => name)) =>
    z.strictObject(Object.fromEntries(names.map((name) => [name, schema.optional()])));
  const dated = columns.filter(({ kind }) => kind === 'date').map(({ name }) => name);
  return z
    .strictObject({
      file: text.refine((value) => !NO_PLACE.test(value), `a file of this folder, or several as in ${table}/*.csv`),
      delimiter: one,
      decimal,
      columns: byName(text),
      values: byName(z.record(z.string(), z.string())),
      dates: byName(dates, dated),
      constants: byName(z.string()),
    })
    .partial();
}

type TableEntry = z.infer<ReturnType<typeof tableSchema>>;

function layoutSchema(tables: readonly Table[]) {
  const byName = Object.fromEntries(tables.map((table) => [table.name, tableSchema(table)]));
  return z.strictObject({ delimiter: one, decimal, dates, tables: z.strictObject(byName).partial() }).partial();
}

type LayoutFile = Omit<z.infer<ReturnType<typeof layoutSchema>>, 'tables'> & {
  tables?: Partial<Record<string, TableEntry>>;
};

/** Null when `columns.yaml` is wrong: then nothing is known about the folder's files. */
export async function readLayout(tables: readonly Table[], folder: string, problems: Problems): Promise<Layout | null> {
  const content = await readLayoutFile(folder, problems);
  if (content === undefined) return null;
  if (content === null) return layoutOf({}, null, problems);
  const yaml = parseLocated(LAYOUT_FILE, content);
  const findings: Finding[] = [];
  const file = checkLocated(yaml, layoutSchema(tables), findings) as LayoutFile | null;
  for (const [name, entry] of Object.entries(file?.tables ?? {})) {
    for (const column of Object.keys(entry?.constants ?? {}).filter((each) => entry?.columns?.[each] !== undefined)) {
      const message = `the column stands under columns as well, expected it under one of them`;
      findings.push(yaml.finding(['tables', name, 'constants', column], message, 'key'));
    }
  }
  for (const finding of findings) problems.found(finding);
  return file === null || findings.length > 0 ? null : layoutOf(file, yaml, problems);
}

/** More than this describes no columns. */
const MOST_BYTES = 1_048_576;

/** Null when there is none, undefined with a problem when it may not be read. */
async function readLayoutFile(folder: string, problems: Problems): Promise<string | null | undefined> {
  const refuse = (wrong: string): undefined => {
    problems.missing(LAYOUT_FILE, wrong);
  };
  try {
    const found = await regularFile(folder, LAYOUT_FILE);
    if ('wrong' in found) return refuse(found.wrong);
    if (found.bytes > MOST_BYTES) return refuse(`has ${found.bytes} bytes, expected at most ${MOST_BYTES}`);
    return await readFile(found.path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? null : refuse(`cannot be read (${code}), expected a YAML file`);
  }
}

function layoutOf(file: LayoutFile, yaml: LocatedYaml | null, problems: Problems): Layout {
  return {
    of: (table) => tableLayout(table, file, file.tables?.[table.name] ?? {}),
    wrong: (table, key, column, message) => {
      const path = ['tables', table.name, key, ...(column === null ? [] : [column])];
      if (yaml) problems.found(yaml.finding(path, message));
    },
  };
}

function tableLayout(table: Table, file: LayoutFile, entry: TableEntry): TableLayout {
  const formats = table.columns
    .filter(({ kind }) => kind === 'date')
    .flatMap(({ name }): [string, DateFormat][] => {
      const given = entry.dates?.[name] ?? file.dates;
      const format = given === undefined ? null : parseDateFormat(given);
      return format === null ? [] : [[name, format]];
    });
  return {
    file: entry.file ?? null,
    delimiter: entry.delimiter ?? file.delimiter ?? ',',
    decimalComma: (entry.decimal ?? file.decimal) === ',',
    columns: given(entry.columns),
    values: new Map([...given(entry.values)].map(([name, values]) => [name, Object.entries(values)])),
    dates: new Map(formats),
    constants: given(entry.constants),
  };
}

function given<V>(mapping: Record<string, V | undefined> = {}): Map<string, V> {
  return new Map(Object.entries(mapping).filter((entry): entry is [string, V] => entry[1] !== undefined));
}
