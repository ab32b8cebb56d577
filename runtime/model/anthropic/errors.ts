/** What went wrong with a call of the Messages API, as a coded error. No message of ours ever holds the key. */
import { APIConnectionError, APIError } from '@anthropic-ai/sdk';
import { PlatformError } from '../../../config/errors.ts';

/** A broken stream carries no status, only the kind of its error. */
const STATUS: Record<string, number> = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  api_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
};
const DENIED = new Set([401, 402, 403]);
/** Refused now, not for what the request says. */
const LATER = new Set([408, 409, 429]);

/** `secret` is cut out of whatever the other side says; `more` goes into the details. */
export function codedError(
  thrown: unknown,
  model: string,
  secret: string,
  more: Record<string, unknown> = {},
): PlatformError {
  if (thrown instanceof PlatformError) return thrown;
  const said = shortened(saidBy(thrown).replaceAll(secret, '(hidden)'));
  if (!(thrown instanceof APIError) || thrown instanceof APIConnectionError) {
    // A cut stream, a body that is no message, no connection, no answer in time.
    return new PlatformError('model.unavailable', `${model} did not answer: ${said}`, { details: more });
  }
  const status: number = thrown.status ?? STATUS[thrown.type ?? ''] ?? 500;
  const details = {
    ...more,
    status,
    ...(typeof thrown.requestID === 'string' && { request_id: thrown.requestID }),
  };
  if (DENIED.has(status)) {
    const remedy = status === 402 ? 'see to the billing of the key' : 'check ANTHROPIC_API_KEY and what it may use';
    return new PlatformError('model.denied', `${model} refused the key: ${said}; ${remedy}`, { details });
  }
  if (status >= 500 || LATER.has(status)) {
    const wait = retryAfterMs(thrown.headers);
    const message = `${model} cannot answer now: ${said}`;
    return new PlatformError('model.unavailable', message, {
      details: { ...details, ...(wait !== null && { retry_after_ms: wait }) },
    });
  }
  return new PlatformError('model.rejected', `${model} refused the request: ${said}`, { details });
}

/** A provider's sentence; a gateway may answer with a whole page. */
function shortened(text: string): string {
  return text.length <= LONGEST_SAID ? text : `${text.slice(0, LONGEST_SAID)}…`;
}

const LONGEST_SAID = 600;

/** Status, kind and sentence, such as `529 overloaded_error: Overloaded`. */
function saidBy(thrown: unknown): string {
  if (!(thrown instanceof APIError)) return thrown instanceof Error ? thrown.message : String(thrown);
  const { status, type, apiMessage } = thrown;
  if (apiMessage === null) return thrown.message;
  return `${[status, type].filter((part) => part !== undefined && part !== null).join(' ')}: ${apiMessage}`;
}

/** What the headers ask for, in milliseconds: seconds, or an HTTP date. */
function retryAfterMs(headers: Headers | undefined): number | null {
  const ms = Number.parseFloat(headers?.get('retry-after-ms') ?? '');
  if (Number.isFinite(ms) && ms >= 0) return ms;
  const after = headers?.get('retry-after') ?? '';
  if (/^\d+(\.\d+)?$/.test(after)) return Number(after) * 1000;
  const at = Date.parse(after);
  return Number.isNaN(at) ? null : Math.max(0, at - Date.now());
}
