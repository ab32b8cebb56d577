/** Reads `agent-platform.yaml`: each key with the line and column it stands at, so that a bad value can be found. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMap, isNode, isScalar } from 'yaml';
import { decodeText } from './text-bytes.ts';
import { readYaml } from './yaml-source.ts';

export const SETTINGS_FILE = 'agent-platform.yaml';

/** Where a value was written; `base` is the folder that relative paths in it start from. */
export interface Origin {
  readonly text: string;
  readonly base: string;
}

export interface SettingsFile {
  readonly values: ReadonlyMap<string, { readonly value: unknown; readonly origin: Origin }>;
  /** Lines `file:line:column: what is wrong`. */
  readonly problems: readonly string[];
}

/** An absent or empty file has no values. A file that cannot be read, syntax errors and unknown keys are problems. */
export function readSettingsFile(dir: string, known: readonly string[]): SettingsFile {
  const path = join(dir, SETTINGS_FILE);
  const values = new Map<string, { value: unknown; origin: Origin }>();
  const problems: string[] = [];
  const source = read(path, problems);
  if (source === undefined) return { values, problems };

  const { document, lines, problems: wrong } = readYaml(source);
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${path}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
  };
  for (const { offset, message } of wrong) problems.push(`${at(offset)}: ${message}`);
  if (problems.length > 0 || document.contents === null) return { values, problems };
  if (!isMap(document.contents)) {
    return {
      values,
      problems: [`${at(document.contents.range?.[0] ?? 0)}: expected a list of settings as \`key: value\``],
    };
  }
  for (const { key, value } of document.contents.items) {
    const name = isScalar(key) ? String(key.value) : String(key);
    const keyAt = isNode(key) ? at(key.range?.[0] ?? 0) : path;
    if (!known.includes(name)) {
      problems.push(`${keyAt}: unknown setting ${name}; known are ${known.join(', ')}`);
      continue;
    }
    const text = isNode(value) && value.range ? at(value.range[0]) : keyAt;
    values.set(name, { value: isNode(value) ? value.toJS(document) : null, origin: { text, base: dir } });
  }
  return { values, problems };
}

function read(path: string, problems: string[]): string | undefined {
  try {
    const decoded = decodeText(readFileSync(path));
    if (decoded.ok) return decoded.text;
    problems.push(`${path}:${decoded.line}:${decoded.column}: the file ${decoded.wrong}`);
    return undefined;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    problems.push(`${path}: cannot be read: ${(cause as Error).message}`);
    return undefined;
  }
}
