import type { DataProblem } from '../../pack.ts';
import type { MemoriesSpec } from './columns.ts';
import { type Columns, type RowOf, type Subjects, type TableSpec, type Tables, tablesOf } from './define.ts';
import type { MeasureSpec } from './figures.ts';
import { checkFolder } from './load.ts';
import { openFolder } from './open.ts';
import type { TableSource } from './source.ts';

/** Whether a row of the table of subjects is a target on a day, an ISO date. */
type Picks<R> = (subject: R, asOf: string) => boolean;
type Rows<T> = { [N in keyof T]: RowOf<T[N]> };

/** A measure whose table and column are declared. */
export type MeasureOf<T> = {
  [N in keyof T & string]: MeasureSpec & { table: N; on: keyof T[N] & string };
}[keyof T & string];

/** The data folders of a pack: what is declared of all, and what opens one. */
export interface DataFolders<T, N extends keyof T> {
  /** What was declared, as the engine reads it: tables in the order in which they are read, the one of memories last. */
  readonly declared: Tables;
  /** The same specs, their tables and columns checked by the compiler. */
  measures<M extends string>(specs: Record<M, MeasureOf<T>>): Record<M, MeasureOf<T>>;
  /**
   * Opens a folder for a pack's `open`. Throws `data.missing` for files and columns that are not there, `data.invalid` with all
   * that is wrong, `data.no_reader` where the package that reads tables is not installed.
   */
  open<M extends string = never>(
    folder: string,
    measures?: Record<M, MeasureOf<T>>,
  ): Promise<TableSource<Rows<T>, RowOf<T[N]>, M>>;
  /** All that is wrong with a folder, each with its place, for a pack's `check`. Throws `data.missing` without a folder. */
  check(folder: string): Promise<DataProblem[]>;
}

/** What `open` of these folders resolves to: the type of a tool's `source`. */
export type SourceOf<F> = F extends { open(folder: string): Promise<infer S> } ? S : never;

/**
 * Declares the tables of a pack's data folders. `subjects`: the table whose rows runs are about. `targets`: list of targets, as
 * `pack.yaml` names it → which subjects are on it. `memories`: folders may hold a table of memories. Throws
 * `definitions.invalid` for a declaration that contradicts itself.
 */
export function defineTables<T extends Record<string, Columns>, N extends keyof T & string>(declared: {
  tables: { [K in keyof T]: TableSpec<T[K]> };
  subjects: Subjects<N> & { since?: keyof T[N] & string };
  targets: Record<string, Picks<RowOf<T[N]>>>;
  memories?: MemoriesSpec;
}): DataFolders<T, N> {
  const { subjects, targets, memories = null } = declared;
  const tables = tablesOf(declared.tables as unknown as Record<string, TableSpec>, subjects, memories);
  return {
    declared: tables,
    measures: (specs) => specs,
    open: async <M extends string>(folder: string, measures?: Record<M, MeasureOf<T>>) => {
      const source = await openFolder(folder, tables, targets as Record<string, Picks<object>>, measures ?? {});
      return source as unknown as TableSource<Rows<T>, RowOf<T[N]>, M>;
    },
    check: (folder) => checkFolder(tables, folder),
  };
}
