import type { DuckDBValue } from '@duckdb/node-api';

export type Row = Record<string, unknown>;

/** An in-memory DuckDB and the one connection to it. Counts come back as numbers when the query casts them to INTEGER. */
export interface Database {
  rows(sql: string, parameters?: Record<string, DuckDBValue>): Promise<Row[]>;
  /** From here on the database reads no file and loads no extension; it cannot be undone. */
  seal(): Promise<void>;
  /** Waits for what is being asked, and refuses what is asked from then on: DuckDB does not bear being closed under a query. */
  close(): Promise<void>;
}

export async function openDatabase(): Promise<Database> {
  // Loaded when data are read: most commands read none, and it is a quarter of all that there is to load.
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  let open = true;
  const running = new Set<Promise<unknown>>();
  const asking = async <T>(question: () => Promise<T>): Promise<T> => {
    // Whoever goes on asking while it is being closed would ask what is gone, which ends the process.
    if (!open) throw new Error('the data were closed');
    const answer = question();
    running.add(answer);
    try {
      return await answer;
    } finally {
      running.delete(answer);
    }
  };
  return {
    rows: async (sql, parameters) => (await asking(() => connection.runAndReadAll(sql, parameters))).getRowObjectsJS(),
    async seal() {
      await asking(() => connection.run('SET enable_external_access = false'));
      await asking(() => connection.run('SET lock_configuration = true'));
    },
    async close() {
      if (!open) return;
      open = false;
      await Promise.allSettled(running);
      connection.closeSync();
      instance.closeSync();
    },
  };
}
