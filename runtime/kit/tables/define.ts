import { PlatformError } from '../../../config/errors.ts';
import { type Column, column, MEMORIES, type MemoriesSpec, memoryColumns } from './columns.ts';

/** Column name → column, in the order in which messages list them. */
export type Columns = Record<string, Column>;
/** A row of a table: column name → value. Dates are ISO texts, numbers are numbers, what is empty is null. */
export type RowOf<C> = { [N in keyof C]: C[N] extends Column<infer V> ? V : never };

/** What a pack declares of one table. */
export interface TableSpec<C = Columns> {
  columns: C;
  /** The column whose values occur once. */
  key?: keyof C & string;
  /** The folder may do without this table. */
  optional?: true;
  /**
   * Up to 20 million rows, which are asked by measures and queries. Every other table has at most one million, which are
   * read as objects as well.
   */
  large?: true;
  /**
   * The column of the day, for a table that has rows of every day: its first and last day say what it covers, and whoever has
   * no row in it has no figure of it. Rows of other tables are rare: they cover what the whole folder covers.
   */
  continuous?: keyof C & string;
}

/** A table as the engine reads it. */
export interface Table {
  name: string;
  columns: (Column & { name: string })[];
  key: string | null;
  optional: boolean;
  continuous: string | null;
  /** How many rows it may have. */
  most: number;
  /** Its rows are kept in the file's order and may be read as objects. */
  ordered: boolean;
}

/** Every table in the order in which they are read, and what the folder is about. */
export interface Tables {
  all: Table[];
  subjects: Subjects & { key: string };
  /** Null when a folder brings no memories. */
  memories: MemoriesSpec | null;
}

/** The table whose rows are the subjects of runs. */
export interface Subjects<N extends string = string> {
  table: N;
  /** What one of them is called in messages: `bed`. */
  called: string;
  /** The column of the day on which a subject began: no figure reaches back behind it. */
  since?: string;
}

const MOST_ROWS = 20_000_000;
const MOST_OBJECTS = 1_000_000;
/** Names become part of SQL, in quotes; names of the engine's own begin with an underscore. */
const NAME = /^[a-z][a-z0-9_]*$/;

/** Throws `definitions.invalid` for what a pack's author got wrong, in the words of the declaration. */
export function tablesOf(specs: Record<string, TableSpec>, subjects: Subjects, memories: MemoriesSpec | null): Tables {
  const key = specs[subjects.table]?.key;
  if (key === undefined)
    throw wrong(`subjects.table is ${JSON.stringify(subjects.table)}, expected a table with a key`);
  const all = { ...specs };
  if (memories !== null) {
    const subject = column.text({ of: subjects.table });
    all[MEMORIES] = { columns: { [key]: subject, ...memoryColumns(memories) }, optional: true };
  }
  const above = new Map<string, Table>();
  for (const [name, spec] of Object.entries(all)) above.set(name, tableOf(name, spec, above));
  const table = above.get(subjects.table);
  if (subjects.since !== undefined && !table?.columns.some(({ name }) => name === subjects.since)) {
    throw wrong(`subjects.since is ${JSON.stringify(subjects.since)}, expected a column of ${subjects.table}`);
  }
  if (![...above.values()].some(({ columns }) => columns.some(({ observed }) => observed))) {
    throw wrong('no column is observed, expected a date column with observed: true, which dates the folder');
  }
  return { all: [...above.values()], subjects: { ...subjects, key }, memories };
}

function tableOf(name: string, spec: TableSpec, above: ReadonlyMap<string, Table>): Table {
  const { key = null, continuous = null, optional = false, large = false } = spec;
  const columns = Object.entries(spec.columns).map(([column, of]) => ({ name: column, ...of }));
  for (const each of [name, ...columns.map((column) => column.name)]) {
    if (!NAME.test(each)) throw wrong(`${JSON.stringify(each)} is no name, expected small letters, digits and _`);
  }
  for (const column of columns) {
    if (column.of !== undefined && (above.get(column.of)?.key ?? null) === null) {
      throw wrong(
        `${name}.${column.name} is of ${JSON.stringify(column.of)}, expected a table above it that has a key`,
      );
    }
  }
  for (const [what, at] of Object.entries({ key, continuous })) {
    if (at !== null && !(at in spec.columns))
      throw wrong(`${name}.${what} is ${JSON.stringify(at)}, expected a column`);
  }
  return { name, columns, key, optional, continuous, most: large ? MOST_ROWS : MOST_OBJECTS, ordered: !large };
}

function wrong(message: string): PlatformError {
  return new PlatformError('definitions.invalid', `the tables of the pack are declared wrongly: ${message}`);
}
