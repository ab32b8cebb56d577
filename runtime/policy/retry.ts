/**
 * When a model that did not answer is asked again. The wait is a schedule of the NATS server, so it survives every
 * process of ours. Pure.
 */
export const MODEL_ATTEMPTS = 6;
const FIRST_WAIT_MS = 2_000;
const LONGEST_WAIT_MS = 60_000;
/** Whoever asks for more is asked again all the same. */
const LONGEST_ASKED_MS = 3_600_000;

/** How long to wait before attempt `attempts + 1`; null when there is none left. What the model itself asks for goes first. */
export function retryWait(attempts: number, askedMs: number | null): number | null {
  if (attempts >= MODEL_ATTEMPTS) return null;
  const asked = Math.min(askedMs ?? 0, LONGEST_ASKED_MS);
  return Math.max(asked, Math.min(FIRST_WAIT_MS * 2 ** (attempts - 1), LONGEST_WAIT_MS));
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

/** The timer of the n-th wait of a turn for a worker that may ask its model. */
export function elsewhereName(ordinal: number, waits: number): string {
  return `retry-${ordinal}-elsewhere-${waits}`;
}

/** How long a run waits for a worker that may ask its model, having waited `times` before: a minute, then twice as long each time. */
export function waitElsewhere(times: number): number {
  return Math.min(60_000 * 2 ** times, LONGEST_ASKED_MS);
}
