import type { z } from 'zod';
import type { PackCode } from '../pack.ts';
import { fieldOf, type Shape } from '../policy/shapes.ts';
import { RECALL_MEMORY, RecallOutput } from '../tools/builtin.ts';
import { outputSchemaOf } from '../tools/json-schema.ts';
import { didYouMean, oneOf, own, quote } from './words.ts';

/** What results and reports are, as far as schemas of the pack's code say: rules, deciders and columns name their fields. Pure. */

/** By tool; `{}` for a tool without an output schema. */
export function resultShapes(code: PackCode | null): Record<string, Shape> {
  const tools = [...(code?.tools ?? []), { name: RECALL_MEMORY, output: RecallOutput }];
  return Object.fromEntries(tools.map(({ name, output }) => [name, shapeOf(output)]));
}

/** What an agent's report holds for others. */
export function reportShape(code: PackCode | null, agent: string): Shape {
  const data = shapeOf(own(code?.reports ?? {}, agent));
  return { type: 'object', properties: { text: { type: 'string' }, data }, additionalProperties: false };
}

/** The first field of a path that cannot be there, in words; null when all may be. */
export function wrongField(shape: Shape, fields: readonly string[]): string | null {
  let at = shape;
  for (const field of fields) {
    const found = fieldOf(at, field);
    if (Array.isArray(found)) {
      const expected = found.length === 0 ? 'a value with fields' : oneOf(found);
      return `there is no field ${quote(field)}, expected ${expected}${didYouMean(field, found)}`;
    }
    at = found;
  }
  return null;
}

/** A schema without a JSON form is reported elsewhere. */
function shapeOf(schema: z.ZodType | undefined): Shape {
  try {
    return schema === undefined ? {} : (outputSchemaOf(schema) as Shape);
  } catch {
    return {};
  }
}
