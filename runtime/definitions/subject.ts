import type { Json, JsonObject } from '../json.ts';

/** What a run is about: the text or number that the pack's JSON pointer (RFC 6901) finds in the payload; else null. Pure. */
export function subjectOf(pointer: string, payload: JsonObject): string | null {
  let value: Json | undefined = payload;
  for (const token of pointer.split('/').slice(1)) {
    const key = token.replaceAll('~1', '/').replaceAll('~0', '~');
    value = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  }
  if (typeof value === 'string' && value !== '') return value;
  return typeof value === 'number' ? String(value) : null;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
