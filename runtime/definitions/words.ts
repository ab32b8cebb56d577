import { z } from 'zod';
import { definitionName, shownWithFlags } from '../tools/json-schema.ts';

/**
 * Says in plain words what a schema expects and what a value is, so that neither a person nor a model ever reads a
 * validator's own jargon. Works on the JSON Schema of a zod schema. Pure.
 */
interface JsonSchema {
  $ref?: string;
  $defs?: Record<string, JsonSchema>;
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  properties?: Record<string, JsonSchema>;
  items?: JsonSchema;
  additionalProperties?: JsonSchema | boolean;
  allOf?: JsonSchema[];
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  minLength?: number;
  maxLength?: number;
  exclusiveMaximum?: number;
  minItems?: number;
  maxItems?: number;
  format?: string;
  pattern?: string;
}

export type Path = readonly (string | number)[];

/** One thing wrong with a value. `unknownKey` tells a location finder to point at the key, not at its value. */
export interface Problem {
  path: Path;
  message: string;
  unknownKey: boolean;
}

/**
 * Checks a value; an empty list means that it is valid. Messages read `got the number 5, expected text`. A custom check
 * whose issue carries `params: {worded: true}` supplies the whole message itself.
 */
export function problemsOf(schema: z.ZodType, value: unknown): Problem[] {
  const result = schema.safeParse(value);
  if (result.success) return [];
  const shape = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', override: shownWithFlags }) as JsonSchema;
  const problems = result.error.issues.flatMap((issue) => problemsOfIssue(issue as Issue, shape, value));
  // A value that breaks two rules is told once: what is expected names them all.
  return [...new Map(problems.map((problem) => [JSON.stringify([problem.path, problem.message]), problem])).values()];
}

/** The same as one line per problem, for a model that must correct its input: `data.severity: is missing, expected text`. */
export function problemsToText(problems: readonly Problem[]): string {
  return problems
    .map(({ path, message }) => (path.length === 0 ? message : `${formatPath(path)}: ${message}`))
    .join('\n');
}

/** `tools.2`; a key that is no plain word is quoted, so that it cannot break the line it is printed on. */
export function formatPath(path: Path): string {
  return path.map((part) => (/^[\w-]+$/.test(String(part)) ? part : JSON.stringify(String(part)))).join('.');
}

type Issue = z.core.$ZodIssue;

function problemsOfIssue(issue: Issue, shape: JsonSchema, root: unknown): Problem[] {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  const value = valueAt(root, path);
  const expected = schemaAt(shape, path);
  if (issue.code === 'unrecognized_keys') {
    const known = Object.keys(expected?.properties ?? {});
    return issue.keys.map((key) => ({
      path: [...path, key],
      message: `unknown key, expected ${oneOf(known)}${didYouMean(key, known)}`,
      unknownKey: true,
    }));
  }
  if (issue.code === 'invalid_key') {
    const wanted = issue.issues[0]?.message ?? 'another name';
    return [{ path, message: `got the key ${quote(String(path.at(-1)))}, expected ${wanted}`, unknownKey: true }];
  }
  if (issue.code === 'custom' && issue.params?.worded === true) {
    return [{ path, message: issue.message, unknownKey: false }];
  }
  const ruled = issue.code === 'custom' || (issue.code === 'invalid_format' && !issue.message.startsWith('Invalid '));
  const wanted = ruled ? issue.message : expected === null ? issue.message : describeSchema(expected);
  const got = value === undefined ? 'is missing' : `got ${describeValue(value)}`;
  const hint = typeof value === 'string' ? didYouMean(value, (expected?.enum ?? []).map(String)) : '';
  return [{ path, message: `${got}, expected ${wanted}${hint}`, unknownKey: false }];
}

/** The value at a path inside plain data, undefined when there is none. */
export function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const part of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, part)) return undefined;
    at = (at as Record<string, unknown>)[part];
  }
  return at;
}

/** What stands under a name that comes from outside: `constructor` is no entry that anyone wrote. */
export function own<T>(entries: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(entries, name) ? entries[name] : undefined;
}

function schemaAt(shape: JsonSchema, path: Path): JsonSchema | null {
  let at = referred(shape, shape);
  for (const part of path) {
    const rest = typeof at.additionalProperties === 'object' ? at.additionalProperties : undefined;
    const next = typeof part === 'number' ? at.items : (own(at.properties ?? {}, part) ?? rest);
    if (!next) return null;
    at = referred(next, shape);
  }
  return at;
}

/** What a schema with an id of its own refers to. */
function referred(schema: JsonSchema, shape: JsonSchema): JsonSchema {
  return (schema.$ref === undefined ? undefined : own(shape.$defs ?? {}, definitionName(schema.$ref))) ?? schema;
}

/** What a schema accepts: `a whole number from 1 to 1000`, `one of main, sub`. */
function describeSchema(schema: JsonSchema): string {
  if (schema.const !== undefined) return quote(String(schema.const));
  if (schema.enum) return oneOf(schema.enum.map(String));
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return choices.map(describeSchema).join(' or ');
  if (Array.isArray(schema.type)) return schema.type.map((type) => describeSchema({ ...schema, type })).join(' or ');
  if (schema.format === 'date') return 'a date such as 2026-01-31';
  if (schema.type === 'string') return `text${matchesOf(schema) || lengthOf(schema)}`;
  if (schema.type === 'integer') return `a whole number${rangeOf(schema)}`;
  if (schema.type === 'number') return `a number${rangeOf(schema)}`;
  if (schema.type === 'boolean') return 'true or false';
  if (schema.type === 'null') return 'nothing';
  if (schema.type === 'array') return `a list${countOf(schema)}`;
  if (schema.type === 'object') {
    const keys = Object.keys(schema.properties ?? {});
    return keys.length === 0 ? 'a mapping' : `a mapping with ${keys.join(', ')}`;
  }
  return 'another value';
}

function matchesOf({ pattern, allOf = [] }: JsonSchema): string {
  const patterns = [pattern, ...allOf.map((one) => one.pattern)].filter((one) => one !== undefined);
  return patterns.length === 0 ? '' : ` that matches ${patterns.join(' and ')}`;
}

function lengthOf({ minLength, maxLength }: JsonSchema): string {
  if (maxLength === undefined) return minLength ? ' that is not empty' : '';
  return minLength ? ` of ${minLength} to ${maxLength} characters` : ` of at most ${maxLength} characters`;
}

function countOf({ minItems, maxItems }: JsonSchema): string {
  if (maxItems === undefined) return minItems ? ` of at least ${minItems}` : '';
  if (minItems === maxItems) return ` of ${maxItems}`;
  return minItems ? ` of ${minItems} to ${maxItems}` : ` of at most ${maxItems}`;
}

function rangeOf({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: JsonSchema): string {
  // A whole number carries JavaScript's safe limits; they are no rule of ours.
  const low = minimum === Number.MIN_SAFE_INTEGER ? undefined : minimum;
  const high = maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  if (low !== undefined && high !== undefined) return ` from ${low} to ${high}`;
  const above = low === undefined ? bound('above', exclusiveMinimum) : ` of at least ${low}`;
  const below = high === undefined ? bound('below', exclusiveMaximum) : ` of at most ${high}`;
  return above !== '' && below !== '' ? `${above} and${below}` : above + below;
}

function bound(word: string, limit: number | undefined): string {
  return limit === undefined ? '' : ` ${word} ${limit}`;
}

export function describeValue(value: unknown): string {
  if (value === null) return 'nothing';
  if (typeof value === 'string') return `the text ${quote(value)}`;
  if (typeof value === 'number') return `the number ${value}`;
  if (typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  return typeof value === 'object' ? 'a mapping' : `a ${typeof value}`;
}

/** A quoted text, cut at about 60 characters but never within one, always on one line. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 59).replace(/[\ud800-\udbff]$/, '')}…` : text);
}

export function oneOf(names: readonly string[]): string {
  if (names.length === 0) return 'none';
  return names.length === 1 ? String(names[0]) : `one of ${names.join(', ')}`;
}

/** `; did you mean "x"?` when one name is a slip of the pen away, else nothing. */
export function didYouMean(name: string, names: readonly string[]): string {
  const near = names
    .map((other) => ({ other, distance: editDistance(name, other) }))
    .filter(({ distance }) => distance <= Math.max(2, Math.floor(name.length / 4)) && distance < name.length)
    .sort((a, b) => a.distance - b.distance)[0];
  return near === undefined ? '' : `; did you mean ${quote(near.other)}?`;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
