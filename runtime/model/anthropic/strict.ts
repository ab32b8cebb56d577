/**
 * Strict tool schemas: the API then holds the model to them while it writes. It knows a part of JSON Schema only, so what it
 * does not know moves into descriptions, and a schema that it cannot express at all is sent as it is, unenforced. Either way
 * the platform checks every input itself. Pure.
 */
import type { Json, JsonObject } from '../../json.ts';
import type { ToolSchema } from '../provider.ts';

export interface ApiTool {
  name: string;
  description: string;
  input_schema: { type: 'object'; [key: string]: unknown };
  strict?: true;
}

/** What one request may hold of strict schemas, as the API documents it. */
const MOST = { tools: 20, optional: 24, unions: 16 };

const KEPT = new Set(['type', 'enum', 'const', 'properties', 'required', 'items', 'anyOf', 'description', 'title']);
const FORMATS = new Set(['date-time', 'time', 'date', 'duration', 'email', 'hostname', 'uri', 'ipv4', 'ipv6', 'uuid']);
const INEXPRESSIBLE = ['$ref', '$defs', 'allOf', 'oneOf', 'not', 'if', 'patternProperties', 'prefixItems'];

/** In the same order. Tools that a request has no more room for stay unenforced. */
export function apiTools(tools: readonly ToolSchema[]): ApiTool[] {
  const left = { ...MOST };
  return tools.map(({ name, description, input_schema }): ApiTool => {
    const loose = { name, description, input_schema: { ...input_schema, type: 'object' as const } };
    const schema = inOneWay(input_schema);
    if (!isExpressible(schema)) return loose;
    const costs = { tools: 1, ...countOf(schema) };
    if ((Object.keys(MOST) as (keyof typeof MOST)[]).some((kind) => costs[kind] > left[kind])) return loose;
    for (const kind of Object.keys(MOST) as (keyof typeof MOST)[]) left[kind] -= costs[kind];
    return { ...loose, strict: true, input_schema: { ...strictly(schema), type: 'object' } };
  });
}

/** JSON Schema has three ways to say «one of these»; the API enforces `anyOf`. */
function inOneWay(schema: JsonObject): JsonObject {
  const { oneOf, type, ...rest } = eachBelow(schema, inOneWay);
  if (Array.isArray(oneOf) && !('anyOf' in rest)) return { ...rest, anyOf: oneOf };
  if (!Array.isArray(type) || 'anyOf' in rest) return { ...rest, ...(oneOf && { oneOf }), ...(type && { type }) };
  if ('enum' in rest || 'const' in rest) return rest; // The values say their types.
  const { title, description, ...each } = rest;
  const anyOf = type.map((one): JsonObject => (one === 'null' ? { type: one } : { type: one, ...each }));
  return { ...(title !== undefined && { title }), ...(description !== undefined && { description }), anyOf };
}

/** Whether every object of the schema lists all its properties, and nothing in it accepts just anything. */
function isExpressible(schema: JsonObject): boolean {
  if (INEXPRESSIBLE.some((key) => key in schema)) return false;
  if (Array.isArray(schema.anyOf)) return schema.anyOf.every((each) => isObject(each) && isExpressible(each));
  if ('enum' in schema || 'const' in schema) return literals(schema).every((value) => !isObject(value));
  if (typeof schema.type !== 'string') return false;
  if (schema.type === 'array') return isObject(schema.items) && isExpressible(schema.items);
  if (schema.type !== 'object') return true;
  const closed = schema.additionalProperties === undefined || schema.additionalProperties === false;
  if (!closed || !isObject(schema.properties)) return false;
  return Object.values(schema.properties).every((each) => isObject(each) && isExpressible(each));
}

function literals({ enum: values, const: value }: JsonObject): Json[] {
  return Array.isArray(values) ? values : [value ?? null];
}

function countOf(schema: JsonObject): { optional: number; unions: number } {
  const required = Array.isArray(schema.required) ? schema.required : [];
  const properties = isObject(schema.properties) ? Object.keys(schema.properties) : [];
  const count = {
    optional: properties.filter((name) => !required.includes(name)).length,
    unions: Array.isArray(schema.anyOf) ? 1 : 0,
  };
  eachBelow(schema, (each) => {
    const { optional, unions } = countOf(each);
    count.optional += optional;
    count.unions += unions;
    return each;
  });
  return count;
}

/** The part that the API knows; the rest as a line of the description, for the model to heed. */
function strictly(schema: JsonObject): JsonObject {
  const result: JsonObject = {};
  const told: string[] = [];
  for (const [key, value] of Object.entries(eachBelow(schema, strictly))) {
    if (key === 'additionalProperties' || isImplied(schema, key, value)) continue;
    if (KEPT.has(key) || (key === 'format' && isKnownFormat(value)) || isFewItems(key, value)) result[key] = value;
    else told.push(`${key}: ${JSON.stringify(value)}`);
  }
  if (isObject(schema.properties)) result.additionalProperties = false;
  if (told.length === 0) return result;
  const text = typeof schema.description === 'string' ? `${schema.description} ` : '';
  return { ...result, description: `${text}(${told.join(', ')})` };
}

/** What zod spells out: the pattern of a format that is enforced, and the bounds of an integer that has none. */
function isImplied(schema: JsonObject, key: string, value: Json): boolean {
  if (key === 'pattern') return isKnownFormat(schema.format);
  if (key === 'maximum') return value === Number.MAX_SAFE_INTEGER;
  return key === 'minimum' && value === Number.MIN_SAFE_INTEGER;
}

function isKnownFormat(value: Json | undefined): boolean {
  return typeof value === 'string' && FORMATS.has(value);
}

function isFewItems(key: string, value: Json): boolean {
  return key === 'minItems' && (value === 0 || value === 1);
}

/** The same schema with those that it is made of changed. */
function eachBelow(schema: JsonObject, change: (below: JsonObject) => JsonObject): JsonObject {
  const changed = (each: Json): Json => (isObject(each) ? change(each) : each);
  const result: JsonObject = { ...schema };
  if (isObject(schema.properties)) {
    const properties = Object.entries(schema.properties).map(([name, each]) => [name, changed(each)]);
    result.properties = Object.fromEntries(properties) as JsonObject;
  }
  if (isObject(schema.items)) result.items = changed(schema.items);
  for (const key of ['anyOf', 'oneOf']) {
    const options = schema[key];
    if (Array.isArray(options)) result[key] = options.map(changed);
  }
  return result;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
