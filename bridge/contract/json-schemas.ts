/**
 * Zod schemas as the `components/schemas` of a published document: JSON Schema (draft 7), each by its name, referring to
 * each other by `#/components/schemas/<name>`. Pure.
 */
import { z } from 'zod';
import type { Json, JsonObject } from '../../runtime/json.ts';

const PREFIX = '#/components/schemas/';

export class SchemaBook {
  /** By name, in the order they were asked for. */
  readonly schemas: Record<string, JsonObject> = {};

  /** Puts a schema and what it refers to into the book, and returns a reference to it. */
  refer(name: string, schema: z.ZodType): { $ref: string } {
    const { $schema: _, definitions = {}, ...own } = z.toJSONSchema(schema, { io: 'input', target: 'draft-7' });
    const found = JSON.parse(JSON.stringify({ own, definitions })) as { own: JsonObject; definitions: JsonObject };
    const rename = (each: string): string => {
      if (!each.startsWith('__schema')) return each;
      return nameless(each, found.definitions[each]) === ANY_JSON ? 'JsonValue' : `${name}Value${each.slice(8)}`;
    };
    for (const [each, definition] of Object.entries(found.definitions)) {
      this.put(rename(each), pointed(definition as JsonObject, name, rename));
    }
    // A schema with an id of its own is nothing but a reference to its definition.
    const root = found.own.$ref;
    if (typeof root === 'string' && Object.keys(found.own).length === 1) {
      return { $ref: PREFIX + rename(root.slice(root.lastIndexOf('/') + 1)) };
    }
    this.put(name, pointed(found.own, name, rename));
    return { $ref: PREFIX + name };
  }

  private put(name: string, schema: JsonObject): void {
    const known = this.schemas[name];
    if (known && JSON.stringify(known) !== JSON.stringify(schema)) {
      throw new Error(`two schemas are published under the name ${name}`);
    }
    this.schemas[name] = schema;
  }
}

/** A schema that refers to itself without having an id is named after its place; any JSON occurs in many. */
function nameless(name: string, definition: Json | undefined): string {
  return JSON.stringify(definition).replaceAll(`/${name}"`, '/it"');
}

const ANY_JSON = anyJson();

function anyJson(): string {
  const { definitions } = z.toJSONSchema(z.object({ any: z.json() }), { target: 'draft-7' });
  const [[name, definition] = ['', undefined]] = Object.entries(definitions ?? {});
  return nameless(name, definition as Json | undefined);
}

/** The same schema, its references pointing into the document. */
function pointed(schema: JsonObject, self: string, rename: (name: string) => string): JsonObject {
  const turned = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(turned);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) =>
        key === '$ref' && typeof each === 'string'
          ? [key, PREFIX + (each === '#' ? self : rename(each.slice(each.lastIndexOf('/') + 1)))]
          : [key, turned(each)],
      ),
    );
  };
  return turned(schema) as JsonObject;
}
