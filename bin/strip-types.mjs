/**
 * TypeScript to JavaScript by removing the types. What is removed becomes white space, so that each line and column of a
 * stack trace is that of the source. The stripper is WebAssembly and takes 0.15 s to load, so it is loaded only for a text
 * that was never stripped before: results are kept in the user's cache, by the digest of the source.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

const require = createRequire(import.meta.url);
const STRIPPER = '@swc/wasm-typescript';
const { version } = require(`${STRIPPER}/package.json`);
const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'agent-platform/stripped');

/** @throws Error named `TransformError`, with a line `<file>:<line>:<column>: ERROR: <what>` (lines from 1, columns from 0) */
export function strip(source, file) {
  const digest = createHash('sha256').update(`${version}\0`).update(source).digest('hex');
  const kept = join(CACHE, `${digest}.js`);
  try {
    return readFileSync(kept, 'utf8');
  } catch {
    const code = stripAnew(source, file);
    keep(kept, code);
    return code;
  }
}

function stripAnew(source, file) {
  const { transformSync } = require(STRIPPER);
  try {
    return transformSync(source, { mode: 'strip-only' }).code;
  } catch (problem) {
    if (problem.code !== 'UnsupportedSyntax') throw transformError(problem, file);
  }
  // Enums, namespaces and parameter properties are code: they cannot be removed, only written anew.
  try {
    return transformSync(source, { mode: 'transform' }).code;
  } catch (problem) {
    throw transformError(problem, file);
  }
}

function transformError({ message, startLine = 1, startColumn = 0 }, file) {
  const error = new Error(`${file}:${startLine}:${startColumn}: ERROR: ${message}`);
  error.name = 'TransformError';
  return error;
}

/** Written beside and renamed, so that nobody reads half of it. A cache that cannot be written is none. */
function keep(path, text) {
  try {
    mkdirSync(CACHE, { recursive: true });
    const beside = `${path}.${process.pid}`;
    writeFileSync(beside, text);
    renameSync(beside, path);
  } catch {
    // The next process strips it again.
  }
}
