import { createHash } from 'node:crypto';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

const CODE = /\.(?:[cm]?[jt]s|json)$/i;
const TEST = /\.(?:test|spec)\.[cm]?[jt]s$/i;

/**
 * SHA-256 of a pack's code: the names and bytes of all code files of its folder, but for its data, its tests, installed
 * packages and hidden folders. Symbolic links are followed, as an import follows them. What it imports from elsewhere is told
 * by the version alone.
 */
export async function codeDigest(folder: string, data: string | null): Promise<string> {
  const hash = createHash('sha256');
  const left = data === null || relative(folder, data) === '' ? null : data;
  for (const path of (await codeFiles(folder, left, [])).sort()) {
    const bytes = await readFile(path);
    hash.update(`${relative(folder, path).split(sep).join('/')}\n${bytes.length}\n`).update(bytes);
  }
  return hash.digest('hex');
}

/** `above`: where the folders that it lies in really are, so that a link back to one of them does not go on for ever. */
async function codeFiles(folder: string, left: string | null, above: readonly string[]): Promise<string[]> {
  const here = await realpath(folder);
  if (above.includes(here)) return [];
  const found: string[] = [];
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (name.startsWith('.') || name === 'node_modules' || path === left) continue;
    // A link that leads nowhere is nothing that could be imported.
    const entry = await stat(path).catch(() => null);
    if (entry?.isDirectory()) found.push(...(await codeFiles(path, left, [...above, here])));
    else if (entry?.isFile() && CODE.test(name) && !TEST.test(name)) found.push(path);
  }
  return found;
}
