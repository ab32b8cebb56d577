import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PlatformError } from '../../../config/errors.ts';
import type { Table } from './define.ts';
import type { Layout } from './layout.ts';
import type { Problems } from './problems.ts';
import { regularFile } from './regular-file.ts';

/** One file of a table. */
export interface DataFile {
  /** As it is called in the folder: `trips.csv`, `trips/2026-11.parquet`. */
  name: string;
  path: string;
  format: 'csv' | 'parquet';
}

/** Where a table is looked for unless `columns.yaml` says so; one of these places holds it. */
const PLACES = ['*.csv', '*.parquet', '*-*.csv', '*-*.parquet', '*/*.csv', '*/*.parquet'];

/** The files of each table, in the order of their names; nothing for one that is missing, which becomes a problem. */
export async function findFiles(
  tables: readonly Table[],
  folder: string,
  entries: readonly string[],
  layout: Layout,
  problems: Problems,
): Promise<Map<Table, DataFile[]>> {
  const found = new Map<Table, DataFile[]>();
  for (const table of tables) {
    const { file } = layout.of(table);
    const places = file === null ? PLACES.map((place) => place.replace('*', table.name)) : [file];
    const names = [];
    for (const place of places) names.push({ place, names: await matching(folder, entries, place) });
    const there = names.filter((each) => each.names.length > 0);
    if (there.length > 1) {
      const all = there.map((each) => each.names[0]).join(' and ');
      problems.unreadable(there[0]?.names[0] ?? '', `${all} both hold ${table.name}, expected one of them`);
    } else if (there[0]) found.set(table, await dataFiles(folder, there[0].names, problems));
    else if (file !== null)
      layout.wrong(table, 'file', null, `the folder has no ${file}, expected the file of ${table.name}`);
    else if (!table.optional) {
      const columns = table.columns.map(({ name }) => name).join(', ');
      problems.missing(`${table.name}.csv`, `the file is missing, expected with columns ${columns}`);
    }
  }
  return found;
}

/** Those that are read; the others become problems. */
async function dataFiles(folder: string, names: readonly string[], problems: Problems): Promise<DataFile[]> {
  const files: DataFile[] = [];
  for (const name of names) {
    const found = await regularFile(folder, name).catch((error: NodeJS.ErrnoException) => ({
      wrong: `the file cannot be read (${error.code ?? error.message}), expected one`,
    }));
    if ('wrong' in found) problems.unreadable(name, found.wrong);
    else files.push({ name, path: found.path, format: /\.parquet$/i.test(name) ? 'parquet' : 'csv' });
  }
  return files;
}

/** Names of the folder that a place with at most one `*`, in its last part, stands for. */
async function matching(folder: string, entries: readonly string[], place: string): Promise<string[]> {
  const at = place.lastIndexOf('/');
  const inside = place.slice(0, at + 1);
  const [first = '', ...rest] = place.slice(at + 1).split('*');
  const last = rest.at(-1);
  const names = inside === '' ? entries : await readdir(join(folder, inside)).catch(() => []);
  const fits = (name: string): boolean =>
    last === undefined
      ? name === first
      : name.length > first.length + last.length && name.startsWith(first) && name.endsWith(last);
  return names
    .filter(fits)
    .sort()
    .map((name) => inside + name);
}

/** Throws `data.missing` when there is no folder to look at. */
export async function listFolder(tables: readonly Table[], folder: string): Promise<string[]> {
  const needed = tables.filter((table) => !table.optional).map(({ name }) => `${name}.csv`);
  const expected = `expected a folder with ${needed.join(', ')}`;
  const fail = (what: string, cause?: unknown) =>
    new PlatformError('data.missing', `the data folder ${folder} ${what}, ${expected}`, { cause, details: { folder } });
  const entry = await stat(folder).catch((cause: NodeJS.ErrnoException) => {
    throw fail(cause.code === 'ENOENT' ? 'does not exist' : `cannot be read (${cause.code})`, cause);
  });
  if (!entry.isDirectory()) throw fail('is not a folder');
  const names = await readdir(folder).catch((cause: NodeJS.ErrnoException) => {
    throw fail(`cannot be read (${cause.code})`, cause);
  });
  if (names.length === 0) throw fail('is empty');
  return names;
}
