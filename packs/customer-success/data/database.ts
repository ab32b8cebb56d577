import { DuckDBInstance, type DuckDBValue } from '@duckdb/node-api';

export type Row = Record<string, unknown>;

/** An in-memory DuckDB and the one connection to it. Counts come back as numbers when the query casts them to INTEGER. */
export interface Database {
  rows(sql: string, parameters?: Record<string, DuckDBValue>): Promise<Row[]>;
  /** From here on the database reads no file and loads no extension; it cannot be undone. */
  seal(): Promise<void>;
  close(): void;
}

export async function openDatabase(): Promise<Database> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  let open = true;
  return {
    async rows(sql, parameters) {
      const result = await connection.runAndReadAll(sql, parameters);
      return result.getRowObjectsJS();
    },
    async seal() {
      await connection.run('SET enable_external_access = false');
      await connection.run('SET lock_configuration = true');
    },
    close() {
      if (!open) return;
      open = false;
      connection.closeSync();
      instance.closeSync();
    },
  };
}
