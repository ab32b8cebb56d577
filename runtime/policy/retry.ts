/**
 * When a model that did not answer is asked again. The wait is a schedule of the NATS server, so it survives every
 * process of ours. Pure.
 *
 * A wait that the API asks for is followed, and a spread is added: who was turned away together comes back apart. Without
 * one, half of an exponential step is fixed and half is spread. The spread is no chance: it follows from the run, the path
 * and the timer's name.
 *
 * An announced wait is no outage: a key that serves fewer requests than there are runs answers all of them in the end. So
 * such waits have a bound of their own, and their spread grows to minutes. 2,000 runs that each come back within ten
 * minutes ask 400 times a minute. On a key of 50 requests a minute one in eight gets in: a turn waits about ten times, as its
 * spread begins at seconds, and misses a hundred times in a row with a probability of (7/8)^100, two in a million. With many
 * more runs for such a key, some do run out of waits: the bound is a count.
 */
import type { Address } from '../address.ts';

/** Failures in a row that nothing announced, the first attempt included. */
export const MODEL_ATTEMPTS = 6;
/** Waits in a row that the API asked for. */
export const ANNOUNCED_WAITS = 100;

const FIRST_STEP_MS = 2_000;
const LONGEST_STEP_MS = 60_000;
const LONGEST_SPREAD_MS = 600_000;
/** Whoever asks for more is asked again all the same. */
const LONGEST_ASKED_MS = 3_600_000;

/** A turn whose model did not answer: whose it is, and what it has waited for so far. */
export interface Unanswered extends Pick<Address, 'run' | 'path'> {
  ordinal: number;
  /** Earlier failures in a row that nothing announced. */
  failures: number;
  /** Earlier waits in a row that the API asked for. */
  announced: number;
}

export interface Retry {
  /** The timer's. */
  name: string;
  wait_ms: number;
  /** Whether the API asked for the wait. */
  announced: boolean;
}

/** How the turn waits for its next attempt; null when there is none left. `askedMs`: what the API asks for, null or 0 when nothing. */
export function nextTry({ run, path, ordinal, failures, announced }: Unanswered, askedMs: number | null): Retry | null {
  const spread = (name: string): number => fraction(`${run} ${path} ${name}`);
  if (askedMs !== null && askedMs > 0) {
    if (announced >= ANNOUNCED_WAITS) return null;
    const name = announcedName(ordinal, announced + 1);
    const step = stepMs(announced + 1, LONGEST_SPREAD_MS);
    return { name, wait_ms: whole(Math.min(askedMs, LONGEST_ASKED_MS) + spread(name) * step), announced: true };
  }
  if (failures + 1 >= MODEL_ATTEMPTS) return null;
  const name = retryName(ordinal, failures + 1);
  const half = stepMs(failures + 1, LONGEST_STEP_MS) / 2;
  return { name, wait_ms: whole(half + spread(name) * half), announced: false };
}

function stepMs(times: number, longest: number): number {
  return Math.min(FIRST_STEP_MS * 2 ** (times - 1), longest);
}

/** Timers know milliseconds; none is too early. */
function whole(ms: number): number {
  return Math.ceil(ms);
}

/** The timer of the wait that follows the n-th failure in a row. */
export function retryName(ordinal: number, failures: number): string {
  return `retry-${ordinal}-${failures}`;
}

/** Which of the `MODEL_ATTEMPTS` a timer of that name begins, from 2 on; null for a timer that begins none. */
export function attemptOf(name: string): number | null {
  const failures = /^retry-\d+-(\d+)$/.exec(name)?.[1];
  return failures === undefined ? null : Number(failures) + 1;
}

/** The timer of the n-th wait in a row that the API asked for. */
export function announcedName(ordinal: number, announced: number): string {
  return `retry-${ordinal}-announced-${announced}`;
}

/** The timer of the n-th wait of a turn for a worker that may ask its model. */
export function elsewhereName(ordinal: number, waits: number): string {
  return `retry-${ordinal}-elsewhere-${waits}`;
}

/** Whether a timer of that name is such a wait. */
export function isElsewhere(name: string): boolean {
  return /^retry-\d+-elsewhere-/.test(name);
}

/** How long a run waits for a worker that may ask its model, having waited `times` before: a minute, then twice as long each time. */
export function waitElsewhere(times: number): number {
  return Math.min(60_000 * 2 ** times, LONGEST_ASKED_MS);
}

const LEFT_MINUTE_MS = 60_000;
const LEFT_STEP_MS = 1_000;
/** How long a round lasts: of a mail that comes each second, the server gives each worker one; of one each minute, it may give all to the same. */
const LEFT_ROUND_MS = 3_000;

/**
 * How long mail that is left to other workers waits, having waited so long: at first a second, then as long as before; in the
 * end it comes each minute, and then a few times in a row.
 */
export function waitForOthers(waitedMs: number): number {
  if (waitedMs < LEFT_MINUTE_MS) return Math.max(waitedMs, LEFT_STEP_MS);
  const inRound = waitedMs % LEFT_MINUTE_MS;
  return inRound < LEFT_ROUND_MS ? LEFT_STEP_MS : LEFT_MINUTE_MS - inRound;
}

/**
 * A fraction in [0, 1) of a text: FNV-1a, and the last step of MurmurHash3, without which texts that differ in their last
 * letter come out almost alike.
 */
function fraction(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
