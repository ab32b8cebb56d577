/** Reads what a person typed: dates, ids, counts, JSON. Each throws a coded error that says what was got. */
import { PlatformError } from '../../../config/errors.ts';
import { readJson } from '../../../config/json-text.ts';
import { BATCH_ID } from '../../../runtime/ids.ts';
import type { JsonObject } from '../../../runtime/json.ts';

const MAX_LIMIT = 10_000;

function usage(message: string): PlatformError {
  return new PlatformError('usage.invalid', message);
}

export function isoDate(text: string): string {
  return dateOf('--as-of', text);
}

export function memoryDate(text: string): string {
  return dateOf('--date', text);
}

function dateOf(option: string, text: string): string {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  // 2026-02-30 parses as a day of March.
  if (!Number.isNaN(time) && new Date(time).toISOString().startsWith(text)) return text;
  throw usage(`${option} takes a date such as 2026-11-16, got ${JSON.stringify(text)}`);
}

export function batchId(text: string): string {
  if (BATCH_ID.test(text)) return text;
  throw usage(
    '--batch takes 1 to 100 characters of A–Z, a–z, 0–9, dot, _ and -, the first a letter or a digit, ' +
      `got ${JSON.stringify(text)}`,
  );
}

export function limit(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= 1 && number <= MAX_LIMIT) return number;
  throw usage(`--limit takes a whole number from 1 to ${MAX_LIMIT}, got ${JSON.stringify(text)}`);
}

export function turnNumber(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw usage(`--turn takes a number from 1, got ${JSON.stringify(text)}`);
}

const UNITS_MS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** An ISO date or time (a time without a zone is UTC), or a duration back from now such as `90m` or `2d`. */
export function instant(text: string): Date {
  const [, count, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (count !== undefined) return new Date(Date.now() - Number(count) * (UNITS_MS[unit] ?? 0));
  const iso = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/.exec(text);
  const time = iso === null ? Number.NaN : Date.parse(iso[1] === undefined || iso[4] !== undefined ? text : `${text}Z`);
  if (!Number.isNaN(time)) return new Date(time);
  throw usage(
    `--since takes a date, a time such as 2026-11-16T06:00:00Z or a duration such as 2h, got ${JSON.stringify(text)}`,
  );
}

export function percent(text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && Number.isFinite(number)) return number;
  throw usage(`--dip-percent takes a number from 0 to 100, got ${JSON.stringify(text)}`);
}

export function payload(text: string): JsonObject {
  const read = readJson(text, 'it');
  if (!read.ok) {
    throw usage(`--payload takes a JSON object such as '{"id": "one"}', got ${shortened(text)}: ${read.wrong}`);
  }
  const { value } = read;
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  const kind = value === null ? 'null' : Array.isArray(value) ? 'a list' : `a ${typeof value}`;
  throw new PlatformError('run.invalid', `the payload of a run is a JSON object, got ${kind}: ${shortened(text)}`);
}

function shortened(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 80)}…`;
}
