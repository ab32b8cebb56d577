import { realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';

/** A file that may be read, or why it may not. */
export type Regular = { path: string; bytes: number } | { wrong: string };

/**
 * A name of a data folder, its links followed: only a regular file inside the folder is read. A folder from elsewhere may
 * hold a link to a file of this machine, which would be quoted, or a pipe, which would be waited for. Throws as the file
 * system does.
 */
export async function regularFile(folder: string, name: string): Promise<Regular> {
  const path = await realpath(join(folder, name));
  if (!path.startsWith((await realpath(folder)) + sep)) {
    return { wrong: 'leads out of the data folder, expected a file inside it' };
  }
  const found = await stat(path);
  return found.isFile() ? { path, bytes: found.size } : { wrong: 'is no regular file, expected one' };
}
