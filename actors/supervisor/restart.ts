/**
 * When a crashed child is restarted, after OTP: with backoff, as long as it crashed at most `restartIntensity` times within
 * `restartPeriodMs`. Pure: the time is handed in.
 */
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 10_000;

/** How much a worker bears of one child before it ends it. */
export interface Limits {
  /** Restarts within the period. */
  readonly restartIntensity: number;
  readonly restartPeriodMs: number;
  /** Claims in a row that get it no further; deliveries alone would condemn healthy parents. */
  readonly maxStalls: number;
}

/** `delayMs` is null when the child has crashed too often; `crashes` are those that still count, this one included. */
export function restartDelay(
  earlier: readonly number[],
  now: number,
  { restartIntensity, restartPeriodMs }: Limits,
): { delayMs: number | null; crashes: number[] } {
  const crashes = [...earlier.filter((at) => now - at < restartPeriodMs), now];
  const delayMs = Math.min(FIRST_DELAY_MS * 4 ** (crashes.length - 1), LONGEST_DELAY_MS);
  return { delayMs: crashes.length > restartIntensity ? null : delayMs, crashes };
}
