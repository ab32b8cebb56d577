/**
 * When a crashed child is restarted, after OTP: with backoff, as long as it crashed at most `INTENSITY` times within
 * `PERIOD_MS`. Pure: the time is handed in.
 */
export const INTENSITY = 3;
export const PERIOD_MS = 60_000;
const FIRST_DELAY_MS = 100;

/** `delayMs` is null when the child has crashed too often; `crashes` are those that still count, this one included. */
export function restartDelay(earlier: readonly number[], now: number): { delayMs: number | null; crashes: number[] } {
  const crashes = [...earlier.filter((at) => now - at < PERIOD_MS), now];
  return { delayMs: crashes.length > INTENSITY ? null : FIRST_DELAY_MS * 4 ** (crashes.length - 1), crashes };
}
