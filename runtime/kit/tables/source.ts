import type { Source } from '../../pack.ts';
import type { Parameters, Row } from './database.ts';
import type { Measure } from './measures.ts';

/** What a subject's rows say as of a day. */
export interface Measured<M extends string = string> {
  /** Continuous table → how many rows of it are about the subject, up to the day. */
  rows: Record<string, number>;
  measures: Record<M, Measure>;
}

/** A data folder as a source: loaded into memory when it was opened; later changes of its files are not seen. */
export interface TableSource<
  T extends object = Record<string, object>,
  S extends object = Row,
  M extends string = string,
> extends Source {
  readonly subjects: readonly S[];
  /** Throws `target.unknown` for a subject that the data does not have, as all that takes the id of one. */
  subject(id: string): S;
  /** The rows of a table in the file's order; of a table that is `large`, ask by measures or a query. */
  rows<N extends keyof T & string>(table: N): Promise<T[N][]>;
  /** The rows of a table that are about a subject, in the file's order: those whose column is of the table of subjects. */
  rowsAbout<N extends keyof T & string>(id: string, table: N): Promise<T[N][]>;
  /**
   * Rows of an SQL query (DuckDB) over the tables, by their declared names. What comes from data, a model or a person is a
   * parameter (`$name`), never part of the query. Counts come back as numbers when the query casts them to INTEGER or DOUBLE,
   * dates as texts when it casts them to VARCHAR.
   */
  query(sql: string, parameters?: Parameters): Promise<Row[]>;
  /** The measures of a subject as of an ISO date, each with a reason where the data does not cover its windows. */
  measured(id: string, asOf: string): Promise<Measured<M>>;
}
