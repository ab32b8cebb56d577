import { z } from 'zod';
import { PlatformError } from '../../config/errors.ts';
import { type Memory, MemoryDraft, type MemorySeed, type RecallQuery } from './memory.ts';

/** Text that UTF-8 can carry: no half of a surrogate pair, which would come back as another character. */
const wellFormed = (text: string) => !/\p{Surrogate}/u.test(text);
const Words = (max: number) => z.string().min(1).max(max).refine(wellFormed, 'well-formed Unicode');
/** Tenants and scopes are one subject token as they stand. */
const Token = z.string().regex(/^[A-Za-z0-9_-]{1,100}$/, 'a name of 1–100 letters, digits, _ or -');
const IsoDate = z.iso.date('an ISO date such as 2026-11-16');
const Subject = Words(500);

const place = {
  text: Words(8000),
  assessment: Words(100).optional(),
  scope: Token,
  date: IsoDate,
};

const MemoryShape = MemoryDraft.extend({
  ...place,
  /** Longer ids would not fit into a subject once escaped. */
  id: Words(300),
  tenant: Token,
  subject: Subject.nullable(),
  source: Words(500),
});

const SeedShape = MemoryDraft.extend({ ...place, subject: Subject });

const QueryShape = z.strictObject({
  tenant: Token,
  scope: Token,
  query: z.string().max(8000).refine(wellFormed, 'well-formed Unicode'),
  subject: Subject.nullable(),
  before: IsoDate,
  limit: z.int().min(1).max(1000),
});

/** @throws PlatformError `memory.invalid` that names each wrong field, what was expected and what came. */
export function checkMemory(value: unknown): Memory {
  return check(MemoryShape, value, 'a memory') as Memory;
}

export function checkSeed(value: unknown): MemorySeed {
  return check(SeedShape, value, 'a memory seed') as MemorySeed;
}

export function checkQuery(value: unknown): RecallQuery {
  return check(QueryShape, value, 'a recall query');
}

/** A record as it lies in the stream. Fields that a newer version added are dropped, not refused. */
export function readMemory(value: unknown, where: string): Memory {
  return check(MemoryShape.strip(), value, `the record ${where}`) as Memory;
}

function check<T>(shape: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  const findings = parsed.error.issues.map((issue) => {
    const path = issue.path.map(String);
    return `${path.join('.') || 'value'}: ${issue.message}, got ${shown(path.reduce<unknown>(field, value))}`;
  });
  throw new PlatformError('memory.invalid', `${what} is invalid: ${findings.join('; ')}`, { details: { findings } });
}

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
