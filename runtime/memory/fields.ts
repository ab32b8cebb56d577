import type { Memory } from './memory.ts';

/**
 * A memory as the fields of its Redis hash. A field that the memory lacks is written as the empty string, which no field
 * may hold, so that writing a memory again leaves nothing of an older one.
 */
type Place = Pick<Memory, 'tenant' | 'scope' | 'id'>;

export function asFields(memory: Memory): Record<string, string> {
  return {
    text: memory.text,
    subject: memory.subject ?? '',
    date: memory.date,
    source: memory.source,
    kind: memory.kind ?? '',
    assessment: memory.assessment ?? '',
    dip_percent: memory.dip_percent === undefined ? '' : String(memory.dip_percent),
    resolved_by: memory.resolved_by ?? '',
  };
}

/** Null when the hash is missing. */
export function fromFields(place: Place, fields: Record<string, string>): Memory | null {
  const { text, subject, date, source, kind, assessment, dip_percent, resolved_by } = fields;
  if (!text || !date || !source) return null;
  return {
    ...place,
    text,
    subject: subject || null,
    date,
    source,
    ...(kind ? { kind: kind as NonNullable<Memory['kind']> } : {}),
    ...(assessment ? { assessment } : {}),
    ...(dip_percent ? { dip_percent: Number(dip_percent) } : {}),
    ...(resolved_by ? { resolved_by: resolved_by as NonNullable<Memory['resolved_by']> } : {}),
  };
}
