import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PlatformError } from '../../../runtime/sdk.ts';
import { fileOf, type Table, TABLES } from './tables.ts';

/** A file that is there, with the names of its header line in order. */
export interface FoundTable {
  table: Table;
  path: string;
  header: string[];
}

const HEADER_MAX_BYTES = 65_536;

/**
 * Looks at the folder before anything is loaded: which files are there, and whether each has the columns it needs, in
 * any order and with others beside them. Throws `data.missing` with everything that is missing.
 */
export async function findTables(folder: string): Promise<FoundTable[]> {
  const names = await listFolder(folder);
  const found: FoundTable[] = [];
  const missing: string[] = [];
  for (const table of TABLES) {
    const file = fileOf(table);
    if (!names.includes(file)) {
      if (!table.optional) missing.push(`${file}: the file is missing, expected with columns ${columnNames(table)}`);
      continue;
    }
    const path = join(folder, file);
    const header = await readHeader(path);
    const absent = table.columns.filter((column) => !header.includes(column.name)).map((column) => column.name);
    if (header.length === 0)
      missing.push(`${file}: the file is empty, expected a header with columns ${columnNames(table)}`);
    else if (absent.length > 0) {
      missing.push(
        `${file}:1: column ${absent.join(', ')} is missing, found ${header.join(', ')}, expected ${columnNames(table)}`,
      );
    } else found.push({ table, path, header });
  }
  if (missing.length > 0) {
    throw new PlatformError('data.missing', `the data folder ${folder} is incomplete:\n${missing.join('\n')}`, {
      details: { folder, missing },
    });
  }
  return found;
}

async function listFolder(folder: string): Promise<string[]> {
  const expected = `expected a folder with ${TABLES.filter((table) => !table.optional)
    .map(fileOf)
    .join(', ')}`;
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

async function readHeader(path: string): Promise<string[]> {
  let file: FileHandle | undefined;
  try {
    file = await open(path);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEADER_MAX_BYTES), 0, HEADER_MAX_BYTES, 0);
    const line =
      buffer
        .toString('utf8', 0, bytesRead)
        .replace(/^\uFEFF/, '')
        .split(/\r?\n/, 1)[0] ?? '';
    return line === '' ? [] : line.split(',').map((name) => name.trim().replace(/^"(.*)"$/, '$1'));
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    throw new PlatformError('data.missing', `${path} cannot be read (${code}), expected a CSV file`, { cause });
  } finally {
    await file?.close();
  }
}

function columnNames(table: Table): string {
  return table.columns.map((column) => column.name).join(', ');
}
