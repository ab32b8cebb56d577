import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

const CODE = /\.(?:[cm]?[jt]s|json)$/i;
const TEST = /\.(?:test|spec)\.[cm]?[jt]s$/i;

/**
 * SHA-256 of a pack's code: the names and bytes of all code files of its folder, but for its data, its tests, installed
 * packages and hidden folders. What it imports from elsewhere is told by the version alone.
 */
export async function codeDigest(folder: string, data: string | null): Promise<string> {
  const hash = createHash('sha256');
  const left = data === null || relative(folder, data) === '' ? null : data;
  for (const path of (await codeFiles(folder, left)).sort()) {
    const bytes = await readFile(path);
    hash.update(`${relative(folder, path).split(sep).join('/')}\n${bytes.length}\n`).update(bytes);
  }
  return hash.digest('hex');
}

async function codeFiles(folder: string, left: string | null): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.name.startsWith('.') || entry.name === 'node_modules' || path === left) continue;
    if (entry.isDirectory()) found.push(...(await codeFiles(path, left)));
    else if (entry.isFile() && CODE.test(entry.name) && !TEST.test(entry.name)) found.push(path);
  }
  return found;
}
