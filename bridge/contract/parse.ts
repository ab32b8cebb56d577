/** Reads a request's bytes by a schema. Whatever is wrong is `request.invalid`, in plain words. Pure. */
import type { z } from 'zod';
import { PlatformError } from '../../config/errors.ts';
import { readJson } from '../../config/json-text.ts';
import { problemsOf, problemsToText } from '../../runtime/definitions/words.ts';

const MAX_PROBLEMS = 20;
const MAX_MESSAGE = 2_000;

export function parseRequest<T>(schema: z.ZodType<T>, bytes: Uint8Array): T {
  return checkRequest(schema, jsonOf(bytes));
}

/** Checks a value that is no JSON text, such as the query of an address. */
export function checkRequest<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = problemsOf(schema, value);
  const more = problems.length - MAX_PROBLEMS;
  const text = problemsToText(problems.slice(0, MAX_PROBLEMS)) + (more > 0 ? `\nand ${more} more` : '');
  throw invalid(shortened(text));
}

function jsonOf(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw invalid('the request is not UTF-8 text');
  }
  const read = readJson(text, 'the request');
  if (!read.ok) throw invalid(shortened(read.wrong));
  return read.value;
}

function shortened(text: string): string {
  return text.length > MAX_MESSAGE ? `${text.slice(0, MAX_MESSAGE)}…` : text;
}

function invalid(message: string): PlatformError {
  return new PlatformError('request.invalid', message);
}
