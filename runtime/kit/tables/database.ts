import { mkdtemp, readdir, rm, statfs } from 'node:fs/promises';
import { tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { PlatformError } from '../../../config/errors.ts';

/** Column name → value, as the database gives it. */
export type Row = Record<string, unknown>;
/** What a query is asked with, by the name that the query has behind its `$`. */
export type Parameters = Record<string, string | number>;

/** An in-memory DuckDB and the one connection to it. Counts come back as numbers when the query casts them to INTEGER. */
export interface Database {
  /** Of several statements, the rows of the last. */
  rows(sql: string, parameters?: Parameters): Promise<Row[]>;
  /** From here on the database reads no file and loads no extension; it cannot be undone. */
  seal(): Promise<void>;
  /** Waits for what is being asked, and refuses what is asked from then on: DuckDB does not bear being closed under a query. */
  close(): Promise<void>;
}

const MEGABYTE = 1_048_576;
/** What the data of a folder may take in memory, at most half of what there is; what does not fit goes to disk. */
const MEMORY_MB = 2_048;
/** What they may take on disk beside it, at most half of what is free. */
const DISK_MB = 8_192;

const SPILL = 'agent-platform-data-';

export async function openDatabase(): Promise<Database> {
  const { DuckDBInstance } = await loadReader();
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await removeAbandoned();
  // Where nobody may write, the data have to fit into memory.
  const spill = await mkdtemp(join(tmpdir(), `${SPILL}${process.pid}-`)).catch(() => null);
  const { bavail, bsize } = spill === null ? { bavail: 0, bsize: 0 } : await statfs(spill);
  const memoryMb = Math.min(MEMORY_MB, Math.floor(totalmem() / MEGABYTE / 2));
  const diskMb = Math.min(DISK_MB, Math.floor((bavail * bsize) / MEGABYTE / 2));
  await connection.run(
    `SET memory_limit = '${memoryMb}MiB'; SET temp_directory = '${(spill ?? '').replaceAll("'", "''")}';
     SET max_temp_directory_size = '${diskMb}MiB'`,
  );
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
    async rows(sql, parameters) {
      const answer = await asking(() => connection.runAndReadAll(sql, parameters)).catch((cause: unknown) => {
        throw /Out of Memory/.test(String(cause)) ? beyond(memoryMb, diskMb, cause) : cause;
      });
      return answer.getRowObjectsJS();
    },
    async seal() {
      await asking(() => connection.run('SET enable_external_access = false; SET lock_configuration = true'));
    },
    async close() {
      if (!open) return;
      open = false;
      await Promise.allSettled(running);
      connection.closeSync();
      instance.closeSync();
      if (spill !== null) await rm(spill, { recursive: true, force: true });
    },
  };
}

/**
 * Loaded when data are read: most commands read none, it is a quarter of all that there is to load, and an installation
 * without tables may do without it.
 */
async function loadReader() {
  try {
    return await import('@duckdb/node-api');
  } catch (cause) {
    const [why] = String(cause instanceof Error ? cause.message : cause).split('\n');
    const message = `tables cannot be read without the package @duckdb/node-api (${why}): install it beside the platform`;
    throw new PlatformError('data.no_reader', message, { cause });
  }
}

/** The reader's own words are about settings of its own. */
function beyond(memoryMb: number, diskMb: number, cause: unknown): PlatformError {
  const message = `the data take more than ${memoryMb} MB of memory and ${diskMb} MB on disk, expected less`;
  return new PlatformError('data.invalid', message, { cause });
}

/** A name as a part of SQL. */
export function quoted(name: string): string {
  return `"${name}"`;
}

/** A table as it is read from the files, all text; `_row` counts its records. */
export function rawName({ name }: { name: string }): string {
  return quoted(`_raw_${name}`);
}

/** What processes left that were killed. */
async function removeAbandoned(): Promise<void> {
  const names = await readdir(tmpdir()).catch(() => []);
  for (const name of names.filter((each) => each.startsWith(SPILL))) {
    const pid = Number(name.slice(SPILL.length).split('-')[0]);
    if (isAlive(pid)) continue;
    await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => {}); // Another user's.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
