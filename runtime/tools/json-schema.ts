import { z } from 'zod';
import type { Json, JsonObject } from '../json.ts';

/**
 * The JSON Schema of what a schema accepts, as a model reads it: plain JSON, without the `$schema` line and without references,
 * since it is embedded in others. A regular expression with flags, which `pattern` cannot say, stands in the description.
 * Throws when the schema has no JSON form (a date, a custom check of an unknown type) or contains itself.
 */
export function jsonSchemaOf(schema: z.ZodType): JsonObject {
  return plainSchema(z.toJSONSchema(schema, { io: 'input', override: describedWithFlags }));
}

/** The same of what a schema makes of a value: a key that it does not list is not there. Throws as `jsonSchemaOf` does. */
export function outputSchemaOf(schema: z.ZodType): JsonObject {
  return plainSchema(z.toJSONSchema(schema, { io: 'output' }));
}

function plainSchema({ $schema: _, ...rest }: object & { $schema?: unknown }): JsonObject {
  const { $defs = {}, ...plain } = JSON.parse(JSON.stringify(rest)) as JsonObject;
  return inlined(plain, $defs as JsonObject, []) as JsonObject;
}

/** What a schema refers to, in the place of the reference. zod refers to schemas with an `id`, and to those in a cycle. */
function inlined(value: Json, defs: JsonObject, open: readonly string[]): Json {
  if (Array.isArray(value)) return value.map((one) => inlined(one, defs, open));
  if (!isObject(value)) return value;
  const { $ref, ...others } = value;
  if (typeof $ref !== 'string' || !$ref.startsWith('#')) {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, inlined(one, defs, open)]));
  }
  const name = definitionName($ref);
  const known = Object.hasOwn(defs, name) ? defs[name] : undefined;
  if (!isObject(known) || open.includes(name)) throw new Error('the schema refers to itself');
  return { ...(inlined(known, defs, [...open, name]) as JsonObject), ...others };
}

/** The name under `$defs` that a reference is to. */
export function definitionName(ref: string): string {
  return ref.replace('#/$defs/', '').replaceAll('~1', '/').replaceAll('~0', '~');
}

interface Converted {
  zodSchema: z.core.$ZodType;
  jsonSchema: z.core.JSONSchema.BaseSchema;
}

/** Flags that change what an expression matches; JSON Schema has `u` only. */
const MEANT = /[imsvy]/;

function flaggedPatterns(schema: z.core.$ZodType): Map<string, RegExp> {
  const { checks = [], pattern } = schema._zod.def as { checks?: z.core.$ZodCheck[]; pattern?: unknown };
  const all = [pattern, ...checks.map((check) => (check._zod.def as { pattern?: unknown }).pattern)];
  const flagged = all.filter((one): one is RegExp => one instanceof RegExp && MEANT.test(one.flags));
  return new Map(flagged.map((one) => [one.source, one]));
}

function describedWithFlags({ zodSchema, jsonSchema }: Converted): void {
  const flagged = flaggedPatterns(zodSchema);
  if (flagged.size === 0) return;
  const { pattern, allOf = [] } = jsonSchema;
  if (pattern !== undefined && flagged.has(pattern)) delete jsonSchema.pattern;
  const rest = allOf.filter((one) => !flagged.has(one.pattern ?? ''));
  if (rest.length === 0) delete jsonSchema.allOf;
  else jsonSchema.allOf = rest;
  const matches = `Matches ${[...flagged.values()].map(String).join(' and ')}.`;
  const { description = '' } = jsonSchema;
  // A schema that was described anew is converted from the one before.
  if (!description.includes(matches)) jsonSchema.description = `${description} ${matches}`.trim();
}

/** The same for people: each expression as it is written, with its flags. */
export function shownWithFlags({ zodSchema, jsonSchema }: Converted): void {
  const flagged = flaggedPatterns(zodSchema);
  for (const one of [jsonSchema, ...(jsonSchema.allOf ?? [])]) {
    const written = flagged.get(one.pattern ?? '');
    if (written !== undefined) one.pattern = String(written);
  }
}

/** The same without one property: what the runtime sets itself is not shown to the model. */
export function withoutProperty(schema: JsonObject, name: string): JsonObject {
  const result: JsonObject = { ...schema };
  if (isObject(schema.properties)) {
    const { [name]: _, ...properties } = schema.properties;
    result.properties = properties;
  }
  if (Array.isArray(schema.required)) result.required = schema.required.filter((key) => key !== name);
  return result;
}

/** Names of the properties that an object schema lists. */
export function propertiesOf(schema: JsonObject): string[] {
  return isObject(schema.properties) ? Object.keys(schema.properties) : [];
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
