/**
 * What a column holds: how its values look in a file, and what they are in TypeScript. Names and words that a pack declares
 * are the only text from which SQL is built; what stands in the files is only ever a parameter or a value.
 */
export interface Column<V = unknown> {
  kind: Kind;
  /** What a message says was expected. */
  expected: string;
  /** The SQL condition that a good value of the column meets, given the column as SQL. */
  valid(name: string): string;
  /** An empty field is null; in every other column it is an error. */
  empty?: true;
  /** The table whose key every value is. */
  of?: string;
  /** The day on which the row was observed. The latest of them all is the folder's as-of date. */
  observed?: true;
  /** Only its type counts: what a value is in TypeScript. */
  readonly value?: V;
}

type Kind = 'text' | 'id' | 'date' | 'number' | 'whole' | 'word';

/** `empty`: a field may be empty, which is null. Without it, an empty field is an error. */
interface Options {
  empty?: true;
}
type Value<V, O> = O extends { empty: true } ? V | null : V;

/** A run is called `<batch>-<id>` in at most 200 characters; this leaves 49 for the batch. */
const ID_MAX = 150;
/** Control and bidirectional characters, as the platform refuses them in the id of a run. */
const UNSHOWN = '[\\x00-\\x1f\\x7f-\\x{9f}\\x{61c}\\x{200e}\\x{200f}\\x{2028}-\\x{202e}\\x{2066}-\\x{2069}]';
const POSITIVE = '\\d+(\\.\\d+)?';

/** The kinds of columns. Each function makes one column; `empty: true` lets its fields be empty. */
export const column = {
  /** What runs are called by: at most 150 characters, none of them a control or bidirectional character. */
  id: (): Column<string> => ({
    kind: 'id',
    expected: `at most ${ID_MAX} characters and no control characters`,
    valid: (name) => `length(${name}) <= ${ID_MAX} AND NOT regexp_matches(${name}, '${UNSHOWN}')`,
  }),

  /** Any text. `of`: every value is a key of that table, which is declared above. */
  text: <O extends Options & { of?: string }>(options?: O): Column<Value<string, O>> => ({
    kind: 'text',
    expected: 'a text',
    valid: () => 'true',
    ...options,
  }),

  /** A day, as ISO text. `observed`: the row was observed on it, see {@link Column.observed}. */
  date: <O extends Options & { observed?: true }>(options?: O): Column<Value<string, O>> => ({
    kind: 'date',
    expected: 'a date such as 2026-11-16',
    valid: (name) => `regexp_full_match(${name}, '\\d{4}-\\d{2}-\\d{2}') AND try_cast(${name} AS DATE) IS NOT NULL`,
    ...options,
  }),

  /** A number of 0 or more, with or without decimals. */
  amount: <O extends Options>(options?: O): Column<Value<number, O>> => ({
    kind: 'number',
    expected: 'a number, 0 or more',
    valid: numeric(POSITIVE),
    ...options,
  }),

  /** Any number, with or without decimals. */
  number: <O extends Options>(options?: O): Column<Value<number, O>> => ({
    kind: 'number',
    expected: 'a number',
    valid: numeric(`-?${POSITIVE}`),
    ...options,
  }),

  /** A whole number between two others, both included. */
  whole: <O extends Options>(from: number, to: number, options?: O): Column<Value<number, O>> => ({
    kind: 'whole',
    expected: `a whole number from ${from} to ${to}`,
    valid: (name) =>
      `regexp_full_match(${name}, '0|-?[1-9]\\d{0,15}') AND try_cast(${name} AS BIGINT) BETWEEN ${from} AND ${to}`,
    ...options,
  }),

  /** One of these words. A folder may have other words for them, see `columns.yaml`. */
  oneOf: <const W extends string, O extends Options>(words: readonly W[], options?: O): Column<Value<W, O>> => ({
    kind: 'word',
    expected: [words.slice(0, -1).join(', '), ...words.slice(-1)].filter((part) => part !== '').join(' or '),
    valid: (name) => `${name} IN (${words.map((word) => `'${word.replaceAll("'", "''")}'`).join(', ')})`,
    ...options,
  }),
};

function numeric(pattern: string): (name: string) => string {
  return (name) =>
    `regexp_full_match(${name}, '${pattern}') AND abs(try_cast(${name} AS DOUBLE)) <= ${Number.MAX_SAFE_INTEGER}`;
}

/** The table of the memories that a folder brings along. */
export const MEMORIES = 'memories';

/** Whose memories a folder may bring, and what a memory may say was decided; any text without `assessments`. */
export interface MemoriesSpec {
  /** Agents with a long-term memory. The first is meant by a row that names none. */
  scopes: readonly string[];
  assessments?: readonly string[];
}

/** Behind the column of the subject. What a column's kind leaves open, the schema of memories judges. */
export function memoryColumns({ scopes, assessments }: MemoriesSpec): Record<string, Column> {
  const empty = { empty: true } as const;
  return {
    date: column.date(),
    scope: column.oneOf(scopes, empty),
    kind: column.text(empty),
    assessment: assessments === undefined ? column.text(empty) : column.oneOf(assessments, empty),
    dip_percent: column.amount(empty),
    resolved_by: column.text(empty),
    text: column.text(),
  };
}
