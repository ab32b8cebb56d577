/** Which waits belong to the SDK: short ones, in place. A long one belongs to the durable timer, which no process has to outlive. */
import type { Middleware } from '@anthropic-ai/sdk';

const LONGEST_IN_PLACE_MS = 2_000;

/** An answer that asks for a longer wait is not tried again here; it becomes `model.unavailable` at once. */
export const leaveLongWaits: Middleware = async (request, next) => {
  const response = await next(request);
  if (response.ok || (retryAfterMs(response.headers) ?? 0) <= LONGEST_IN_PLACE_MS) return response;
  const { status, statusText, body } = response;
  const headers = new Headers(response.headers);
  headers.set('x-should-retry', 'false');
  return new Response(body, { status, statusText, headers });
};

/**
 * What the headers ask for, in milliseconds: seconds, or an HTTP date. Read as the SDK reads it, so that both mean the same
 * wait: `retry-after-ms` counts unless it is 0 or no number, and what is not positive is no wish.
 */
export function retryAfterMs(headers: Headers | undefined): number | null {
  const ms = Number.parseFloat(headers?.get('retry-after-ms') ?? '');
  const asked = ms || afterMs(headers?.get('retry-after') ?? '');
  return Number.isFinite(asked) && asked > 0 ? asked : null;
}

/** NaN for what is neither seconds nor a date. */
function afterMs(after: string): number {
  const seconds = Number.parseFloat(after);
  return Number.isNaN(seconds) ? Date.parse(after) - Date.now() : seconds * 1000;
}
