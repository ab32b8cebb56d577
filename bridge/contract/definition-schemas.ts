import { z } from 'zod';
import { AgentDefinition, PackManifest } from '../../runtime/definitions/schema.ts';
import type { JsonObject } from '../../runtime/json.ts';
import type { DefinitionKind } from './definition-kinds.ts';

const SCHEMAS = { agent: AgentDefinition, pack: PackManifest };

/** JSON Schema of a file as it is written: draft 7, which editors complete YAML with. Pure. */
export function definitionSchema(kind: DefinitionKind): JsonObject {
  const schema = z.toJSONSchema(SCHEMAS[kind], { io: 'input', target: 'draft-7' });
  const { $schema, ...rest } = JSON.parse(JSON.stringify(schema)) as JsonObject;
  return { ...($schema !== undefined && { $schema }), title: `agent-platform ${kind}`, ...rest };
}
