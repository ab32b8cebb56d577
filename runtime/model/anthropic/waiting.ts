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

/** What the headers ask for, in milliseconds: seconds, or an HTTP date; read as the SDK reads it. */
export function retryAfterMs(headers: Headers | undefined): number | null {
  const ms = Number.parseFloat(headers?.get('retry-after-ms') ?? '');
  if (Number.isFinite(ms) && ms >= 0) return ms;
  const after = headers?.get('retry-after') ?? '';
  const seconds = Number.parseFloat(after);
  if (Number.isFinite(seconds)) return seconds >= 0 ? seconds * 1000 : null;
  const at = Date.parse(after);
  return Number.isNaN(at) ? null : Math.max(0, at - Date.now());
}
