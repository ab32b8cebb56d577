import { realpath } from 'node:fs/promises';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { displayPath } from './files.ts';
import type { Finding } from './resolved.ts';

/** One line of what the TypeScript compiler says: `/shop/pack.ts:2:6: ERROR: Expected identifier but found "="`. */
const COMPILED = /^(.+):(\d+):(\d+): ERROR: (.*)$/gm;
const STACK_LINE = /((?:file:\/\/)?\/[^()\n]*?):(\d+)(?::(\d+))?\)?$/gm;

/** What does not compile, at its place in the file. Empty when that is not why the import failed. */
export function compileFindings(error: unknown): Finding[] {
  const text = error instanceof Error && error.name === 'TransformError' ? error.message : '';
  return [...text.matchAll(COMPILED)].map(([, file = '', line, column, message = '']) => ({
    file: displayPath(file),
    line: Number(line),
    // The compiler counts columns from 0.
    column: Number(column) + 1,
    path: '',
    message: `${message}, expected TypeScript that compiles`,
  }));
}

/** ` at pack.ts:3:21`: the topmost place of an error's stack inside the folder; nothing when there is none. */
export async function placeInside(folder: string, error: unknown): Promise<string> {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const real = await realpath(folder).catch(() => folder);
  for (const [, at = '', line, column] of stack.matchAll(STACK_LINE)) {
    const path = at.startsWith('file://') ? fileURLToPath(at) : at;
    const root = [folder, real].find((each) => path.startsWith(`${each}/`));
    if (root === undefined || path.includes('/node_modules/')) continue;
    return ` at ${[relative(root, path), line, column].filter((part) => part !== undefined).join(':')}`;
  }
  return '';
}
