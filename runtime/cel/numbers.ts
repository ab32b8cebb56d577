import { MAX_INT } from './syntax.ts';
import { Duration, type Result, Timestamp, Uint, Undecided, type Value } from './values.ts';

/**
 * Arithmetic and conversions of numbers. A result that does not fit its type is undecided, and so is one that is not finite.
 * JSON has one kind of number, so `int` and `double` may be computed with each other: that makes a double. Pure.
 */
export type Sign = '+' | '-' | '*' | '/' | '%';

const MIN_INT = -MAX_INT - 1n;
const MAX_UINT = 2n ** 64n - 1n;
const TOO_LARGE = new Undecided('the number is too large');

/** Undefined when there is no such operation between the two. */
export function calculate(sign: Sign, a: Value, b: Value): Result | undefined {
  if (typeof a === 'bigint' && typeof b === 'bigint') return whole(sign, a, b, asInt);
  if (a instanceof Uint && b instanceof Uint) return whole(sign, a.value, b.value, asUint);
  const left = asDouble(a);
  const right = asDouble(b);
  if (left === undefined || right === undefined) return undefined;
  if (left instanceof Undecided) return left;
  if (right instanceof Undecided) return right;
  // Whole numbers of JSON are doubles; for others the specification has no remainder.
  if (sign === '%' && !(Number.isInteger(left) && Number.isInteger(right)))
    return new Undecided('only whole numbers leave a rest');
  return finite(work(sign, left, right));
}

export function negate(value: Value): Result | undefined {
  if (typeof value === 'bigint') return asInt(-value);
  return typeof value === 'number' ? -value : undefined;
}

function whole(sign: Sign, a: bigint, b: bigint, fit: (value: bigint) => Result): Result {
  if (b === 0n && (sign === '/' || sign === '%')) return new Undecided('it divides by zero');
  if (sign === '+') return fit(a + b);
  if (sign === '-') return fit(a - b);
  if (sign === '*') return fit(a * b);
  return fit(sign === '/' ? a / b : a % b);
}

function work(sign: Sign, a: number, b: number): number {
  if (sign === '+') return a + b;
  if (sign === '-') return a - b;
  if (sign === '*') return a * b;
  return sign === '/' ? a / b : a % b;
}

function asDouble(value: Value): number | Undecided | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'bigint') return undefined;
  return BigInt(Number(value)) === value
    ? Number(value)
    : new Undecided(`${value} is too large to be mixed with fractions`);
}

function asInt(value: bigint): Result {
  return value < MIN_INT || value > MAX_INT ? TOO_LARGE : value;
}

function asUint(value: bigint): Result {
  return value < 0n || value > MAX_UINT ? TOO_LARGE : new Uint(value);
}

function finite(value: number): Result {
  return Number.isFinite(value) ? value : new Undecided('the number is not finite');
}

export function toInt(value: Value): Result | undefined {
  if (typeof value === 'bigint') return value;
  if (value instanceof Uint) return asInt(value.value);
  // The last double below 2⁶³ is far below it: what may have been rounded up to a limit is none.
  if (typeof value === 'number') return Math.abs(value) < 2 ** 63 ? BigInt(Math.trunc(value)) : TOO_LARGE;
  if (value instanceof Timestamp || value instanceof Duration) return secondsOf(value.nanos);
  if (typeof value !== 'string') return undefined;
  return /^-?\d{1,19}$/.test(value) ? asInt(BigInt(value)) : new Undecided('the text is no whole number');
}

/** Seconds are counted downwards, so that each has the same length, before 1970 too. */
function secondsOf(nanos: bigint): bigint {
  const seconds = nanos / 1_000_000_000n;
  return nanos < 0n && nanos % 1_000_000_000n !== 0n ? seconds - 1n : seconds;
}

export function toUint(value: Value): Result | undefined {
  if (value instanceof Uint) return value;
  if (typeof value === 'bigint') return asUint(value);
  if (typeof value === 'number') return value >= 0 && value < 2 ** 64 ? new Uint(BigInt(Math.trunc(value))) : TOO_LARGE;
  if (typeof value !== 'string') return undefined;
  return /^\d{1,20}$/.test(value) ? asUint(BigInt(value)) : new Undecided('the text is no whole number above zero');
}

export function toDouble(value: Value): Result | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Uint) return Number(value.value);
  if (typeof value !== 'string') return undefined;
  return /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value)
    ? finite(Number(value))
    : new Undecided('the text is no number');
}

/** The digits of a number; those that are written with an exponent have no form that everybody agrees on. */
export function digitsOf(value: number): Result {
  const text = String(value);
  return text.includes('e') ? new Undecided(`the number ${text} has no plain digits`) : text;
}
