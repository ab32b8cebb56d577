/** Reads a request's bytes by a schema. Whatever is wrong is `request.invalid`, in plain words. Pure. */
import type { z } from 'zod';
import { PlatformError } from '../../config/errors.ts';
import { problemsOf, problemsToText } from '../../runtime/definitions/words.ts';
import { hasHalfPair } from '../../runtime/json.ts';

/** Objects and lists inside each other; deeper ones would overflow the stack of whoever walks them. */
const MAX_DEPTH = 32;
const MAX_PROBLEMS = 20;
const MAX_MESSAGE = 2_000;

export function parseRequest<T>(schema: z.ZodType<T>, bytes: Uint8Array): T {
  return checkRequest(schema, readJson(bytes));
}

/** Checks a value that is no JSON text, such as the query of an address. */
export function checkRequest<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = problemsOf(schema, value);
  const more = problems.length - MAX_PROBLEMS;
  const text = problemsToText(problems.slice(0, MAX_PROBLEMS)) + (more > 0 ? `\nand ${more} more` : '');
  throw invalid(text.length > MAX_MESSAGE ? `${text.slice(0, MAX_MESSAGE)}…` : text);
}

function readJson(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw invalid('the request is not UTF-8 text');
  }
  if (text.trim() === '') throw invalid('the request is empty, expected JSON');
  if (isDeeperThan(MAX_DEPTH, text)) throw invalid(`the request nests deeper than ${MAX_DEPTH} levels`);
  try {
    const value: unknown = JSON.parse(text);
    // Only an escape can spell one.
    if (/\\ud[89a-f]/i.test(text) && hasHalfPair(value)) {
      throw invalid('the request holds text that is not well-formed Unicode (half of a surrogate pair)');
    }
    if (hasProto(value)) throw invalid('the request has a key __proto__, which no object could keep');
    return value;
  } catch (error) {
    if (error instanceof PlatformError) throw error;
    throw invalid(`the request is not JSON: ${(error as Error).message}`);
  }
}

/** The one key that copying an object loses: what was asked for would silently not be what is done. Depth is bounded. */
function hasProto(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.hasOwn(value, '__proto__') || Object.values(value).some(hasProto);
}

/** Counts brackets outside strings, without recursion. */
function isDeeperThan(max: number, text: string): boolean {
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (quoted) {
      if (char === '\\') i += 1;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === '{' || char === '[') {
      depth += 1;
      if (depth > max) return true;
    } else if (char === '}' || char === ']') depth -= 1;
  }
  return false;
}

function invalid(message: string): PlatformError {
  return new PlatformError('request.invalid', message);
}
