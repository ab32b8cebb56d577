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

/** How long a run waits for a worker that may ask its model, having waited `times` before: a minute, then twice as long each time. */
export function waitElsewhere(times: number): number {
  return Math.min(60_000 * 2 ** times, LONGEST_ASKED_MS);
}
