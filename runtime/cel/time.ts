import { Duration, type Result, Timestamp, Undecided, type Value } from './values.ts';

/**
 * Timestamps and durations. A timestamp is a moment from year 1 to year 9999, written as RFC 3339 has it and as the calendar
 * has it: 30 February is none. A duration has 64 bits of nanoseconds, which is about 292 years. Pure.
 */
const SECOND = 1_000_000_000n;
const FIRST = BigInt(Date.parse('0001-01-01T00:00:00Z')) * 1_000_000n;
const LAST = BigInt(Date.parse('9999-12-31T23:59:59Z')) * 1_000_000n + 999_999_999n;
const LONGEST = 2n ** 63n - 1n;

const MOMENT = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;
const NO_MOMENT = new Undecided('the text is no moment such as 2026-01-31T09:00:00Z');

export function toTimestamp(value: Value): Result | undefined {
  if (value instanceof Timestamp) return value;
  if (typeof value === 'bigint') return within(value * SECOND);
  return typeof value === 'string' ? momentOf(value) : undefined;
}

function within(nanos: bigint): Result {
  return nanos < FIRST || nanos > LAST
    ? new Undecided('the moment is outside of the years 1 to 9999')
    : new Timestamp(nanos);
}

function momentOf(text: string): Result {
  const parts = MOMENT.exec(text);
  if (!parts) return NO_MOMENT;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(1, 7).map(Number);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const real = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  const offset = offsetOf(parts[8] ?? 'Z');
  if (!real || hour > 23 || minute > 59 || second > 59 || offset === null) return NO_MOMENT;
  const seconds = BigInt(date.getTime()) / 1000n + BigInt(hour * 3600 + (minute - offset) * 60 + second);
  return within(seconds * SECOND + BigInt((parts[7] ?? '').padEnd(9, '0')));
}

/** `Z`, `+02:00`, `-00:30`, `02:00` in minutes; null for anything else. */
function offsetOf(zone: string): number | null {
  if (zone === 'Z') return 0;
  const [, sign, hours, minutes] = /^([+-]?)(\d\d):(\d\d)$/.exec(zone) ?? [];
  if (hours === undefined || Number(hours) > 23 || Number(minutes) > 59) return null;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}

const UNITS: Record<string, bigint> = {
  h: 3600n * SECOND,
  m: 60n * SECOND,
  s: SECOND,
  ms: 1_000_000n,
  us: 1000n,
  µs: 1000n,
  ns: 1n,
};
/** Digits without end take time without end. */
const LONGEST_TEXT = 100;
const SPANS = /^(-?)((?:\d+(?:\.\d*)?|\.\d+)(?:h|ms|m|s|us|µs|ns))+$/;

export function toDuration(value: Value): Result | undefined {
  if (value instanceof Duration) return value;
  if (typeof value !== 'string') return undefined;
  if (/^-?0$/.test(value)) return new Duration(0n);
  if (value.length > LONGEST_TEXT || !SPANS.test(value)) return new Undecided('the text is no duration such as 1h30m');
  let nanos = 0n;
  for (const [, before = '', after = '', unit = ''] of value.matchAll(/(\d*)\.?(\d*)(h|ms|m|s|us|µs|ns)/g)) {
    const scale = 10n ** BigInt(after.length);
    nanos += (BigInt(before + after) * (UNITS[unit] ?? 0n)) / scale;
  }
  return span(value.startsWith('-') ? -nanos : nanos);
}

function span(nanos: bigint): Result {
  return nanos > LONGEST || nanos < -LONGEST ? new Undecided('the duration is too long') : new Duration(nanos);
}

/** Undefined when the two are not about time. */
export function calculateTime(sign: string, a: Value, b: Value): Result | undefined {
  if (sign === '+') {
    if (a instanceof Duration && b instanceof Duration) return span(a.nanos + b.nanos);
    if (a instanceof Timestamp && b instanceof Duration) return within(a.nanos + b.nanos);
    if (a instanceof Duration && b instanceof Timestamp) return within(a.nanos + b.nanos);
  }
  if (sign === '-') {
    if (a instanceof Duration && b instanceof Duration) return span(a.nanos - b.nanos);
    if (a instanceof Timestamp && b instanceof Duration) return within(a.nanos - b.nanos);
    if (a instanceof Timestamp && b instanceof Timestamp) return span(a.nanos - b.nanos);
  }
  return undefined;
}

export function timestampText({ nanos }: Timestamp): string {
  const [seconds, rest] = split(nanos);
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  return `${whole}${rest === 0n ? '' : `.${fraction(rest)}`}Z`;
}

export function durationText({ nanos }: Duration): string {
  const size = nanos < 0n ? -nanos : nanos;
  const rest = size % SECOND;
  return `${nanos < 0n ? '-' : ''}${size / SECOND}${rest === 0n ? '' : `.${fraction(rest)}`}s`;
}

function fraction(nanos: bigint): string {
  return String(nanos).padStart(9, '0').replace(/0+$/, '');
}

/** Seconds and the nanoseconds above them, which are never negative. */
function split(nanos: bigint): [seconds: bigint, rest: bigint] {
  const rest = ((nanos % SECOND) + SECOND) % SECOND;
  return [(nanos - rest) / SECOND, rest];
}

/** Parts of a duration: whole hours, minutes and seconds of all of it, and the milliseconds of its last second. */
export const DURATION_PARTS: Record<string, (nanos: bigint) => bigint> = {
  getHours: (nanos) => nanos / (3600n * SECOND),
  getMinutes: (nanos) => nanos / (60n * SECOND),
  getSeconds: (nanos) => nanos / SECOND,
  getMilliseconds: (nanos) => (nanos % SECOND) / 1_000_000n,
};

/** Parts of a moment; `date` shows it as if its place were at UTC. */
const DATE_PARTS: Record<string, (date: Date) => number> = {
  getFullYear: (date) => date.getUTCFullYear(),
  getMonth: (date) => date.getUTCMonth(),
  getDate: (date) => date.getUTCDate(),
  getDayOfMonth: (date) => date.getUTCDate() - 1,
  getDayOfWeek: (date) => date.getUTCDay(),
  getDayOfYear: (date) => Math.floor((date.getTime() - new Date(date).setUTCMonth(0, 1)) / 86_400_000),
  getHours: (date) => date.getUTCHours(),
  getMinutes: (date) => date.getUTCMinutes(),
  getSeconds: (date) => date.getUTCSeconds(),
  getMilliseconds: (date) => date.getUTCMilliseconds(),
};

export const DATE_PART_NAMES = Object.keys(DATE_PARTS);

/** A part of a moment in UTC or in a zone: an offset such as `+02:00`, or a place such as `Europe/Paris`. */
export function datePart(name: string, { nanos }: Timestamp, zone: Value = 'Z'): Result | undefined {
  if (typeof zone !== 'string') return undefined;
  const [seconds, rest] = split(nanos);
  const at = Number(seconds) * 1000 + Number(rest / 1_000_000n);
  const shown = dateIn(zone, at);
  if (shown === null) return new Undecided('the time zone is unknown');
  return BigInt(DATE_PARTS[name]?.(shown) ?? 0);
}

const clocks = new Map<string, Intl.DateTimeFormat | null>();

function dateIn(zone: string, at: number): Date | null {
  const offset = offsetOf(zone);
  if (offset !== null) return new Date(at + offset * 60_000);
  const clock = clockOf(zone);
  if (clock === null) return null;
  const parts = Object.fromEntries(clock.formatToParts(at).map(({ type, value }) => [type, value]));
  // A year before 1 is told as one of an era; nothing here goes beyond it by more than a day.
  if (parts.era !== 'AD' && parts.era !== 'A') return null;
  const date = new Date(0);
  date.setUTCFullYear(Number(parts.year), Number(parts.month) - 1, Number(parts.day));
  date.setUTCHours(Number(parts.hour), Number(parts.minute), Number(parts.second), ((at % 1000) + 1000) % 1000);
  return date;
}

/** The names of places come from expressions and from data: only so many of them are kept. */
const MOST_CLOCKS = 500;

function clockOf(zone: string): Intl.DateTimeFormat | null {
  const known = clocks.get(zone);
  if (known !== undefined) return known;
  const made = /^(UTC|[A-Z]\w*(\/[A-Z]\w*([-+]\w+)*)+)$/.test(zone) ? makeClock(zone) : null;
  if (clocks.size < MOST_CLOCKS) clocks.set(zone, made);
  return made;
}

function makeClock(timeZone: string): Intl.DateTimeFormat | null {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    return null;
  }
}
