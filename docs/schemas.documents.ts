import { fileURLToPath } from 'node:url';
import pino from 'pino';
import { asyncapiDocument } from '../bridge/contract/asyncapi.ts';
import { openapiDocument } from '../bridge/contract/openapi.ts';
import { definitionSchema } from '../bridge/contract/definition-schemas.ts';
import { packageVersion } from '../bridge/platform/version.ts';
import { loadPacks } from '../runtime/definitions/load.ts';
import type { JsonObject } from '../runtime/json.ts';

const PACKS = ['../packs/customer-success'];

/** The documents that are published, of the doors and of what people write: file name in this folder → document. */
export async function publishedDocuments(): Promise<Record<string, JsonObject>> {
  const version = packageVersion();
  const folders = PACKS.map((folder) => fileURLToPath(new URL(folder, import.meta.url)));
  const packs = await loadPacks(folders, { log: pino({ level: 'silent' }) });
  return {
    'openapi.json': openapiDocument({ version }),
    'asyncapi.json': asyncapiDocument({ version, packs }),
    'schemas/agent.schema.json': definitionSchema('agent'),
    'schemas/pack.schema.json': definitionSchema('pack'),
  };
}

export function documentText(document: JsonObject): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}
