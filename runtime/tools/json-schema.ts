import { z } from 'zod';
import type { JsonObject } from '../json.ts';

/**
 * The JSON Schema of what a schema accepts, as a model reads it: plain JSON, without the `$schema` line. Throws when the
 * schema has no JSON form (a date, a custom check of an unknown type) or refers to itself, since `$ref` cannot be embedded.
 */
export function jsonSchemaOf(schema: z.ZodType): JsonObject {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  const plain = JSON.parse(JSON.stringify(rest)) as JsonObject;
  if ('$defs' in plain || JSON.stringify(plain).includes('"$ref":"#')) throw new Error('the schema refers to itself');
  return plain;
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
