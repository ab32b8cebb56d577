import { readdir } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { displayPath } from './files.ts';
import type { Finding } from './resolved.ts';

export const PACK_FILE = 'pack.yaml';

/** Below this, nobody keeps agent files that were meant for the folder above. */
const DEEPEST = 3;

export interface AgentFiles {
  /** Absolute paths, in the order of their names. */
  files: string[];
  /** A warning for each file that looks like an agent's and is not read. */
  passedOver: Finding[];
}

/** The agent files of a folder: `*.yaml` in it, no deeper. Throws as `readdir` does. */
export async function listAgents(folder: string): Promise<AgentFiles> {
  const names = (await readdir(folder)).sort();
  const files = names.filter((name) => name.endsWith('.yaml') && name !== PACK_FILE).map((name) => join(folder, name));
  const alike = await yamlBelow(folder, DEEPEST);
  const passedOver = alike
    .filter((path) => dirname(path) !== folder || extname(path) !== '.yaml')
    .map((path) => {
      const where = dirname(path) === folder ? 'its name to end in .yaml' : `it in ${displayPath(folder)} itself`;
      const message = `is not read as an agent file, expected ${where}`;
      return { file: displayPath(path), line: 1, column: 1, path: '', message };
    });
  return { files, passedOver };
}

/** Files that are YAML by whatever spelling; installed packages and hidden folders are nobody's agents. */
async function yamlBelow(folder: string, depth: number): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const found: string[] = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && depth > 0 && entry.name !== 'node_modules' && !entry.name.startsWith('.')) {
      found.push(...(await yamlBelow(path, depth - 1)));
    } else if (!entry.isDirectory() && /\.ya?ml$/i.test(entry.name)) found.push(path);
  }
  return found;
}
