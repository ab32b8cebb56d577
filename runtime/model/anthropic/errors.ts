/** What went wrong with a call of the Messages API, as a coded error. No message of ours ever holds the key. */
import { APIConnectionError, APIError } from '@anthropic-ai/sdk';
import { PlatformError } from '../../../config/errors.ts';
import { retryAfterMs } from './waiting.ts';

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
/** Refused now, not for what the request says. */
const LATER = new Set([408, 409, 429]);

export interface Asked {
  model: string;
  /** Where the API is. */
  url: string;
  /** Cut out of whatever the other side says. */
  key: string;
}

/** `more` goes into the details. */
export function codedError(thrown: unknown, asked: Asked, more: Record<string, unknown> = {}): PlatformError {
  if (thrown instanceof PlatformError) return new PlatformError(thrown.code, thrown.message, { details: more });
  const { model, url, key } = asked;
  const said = shortened(saidBy(thrown).replaceAll(key, '(hidden)'));
  if (!(thrown instanceof APIError) || thrown instanceof APIConnectionError) {
    // A cut stream, a body that is no message, no connection, no answer in time.
    return new PlatformError('model.unavailable', `${model} did not answer at ${url}: ${said}`, { details: more });
  }
  const status: number = thrown.status ?? STATUS[thrown.type ?? ''] ?? 500;
  const details = {
    ...more,
    status,
    ...(typeof thrown.requestID === 'string' && { request_id: thrown.requestID }),
  };
  const remedy = remedyOf(status, thrown);
  if (remedy !== null) {
    return new PlatformError('model.denied', `${model} is refused: ${said}; ${remedy}`, { details });
  }
  if (status >= 500 || LATER.has(status)) {
    const wait = retryAfterMs(thrown.headers);
    return new PlatformError('model.unavailable', `${model} cannot answer now: ${said}`, {
      details: { ...details, ...(wait !== null && { retry_after_ms: wait }) },
    });
  }
  const tooLong = status === 413 || TOO_LONG.test(said);
  return new PlatformError('model.rejected', `${model} refused the request: ${said}`, {
    details: { ...details, ...(tooLong && { too_long: true }) },
  });
}

/** What is wrong with the key or the settings would be wrong for every request. Null: it is this one request's, or it passes. */
function remedyOf(status: number, { type, apiMessage }: APIError): string | null {
  const isUnpaid = type === 'invalid_request_error' && UNPAID.test(apiMessage ?? '');
  if (status === 402 || isUnpaid) return 'see to the billing of the key';
  if (status === 401 || status === 403) return 'check ANTHROPIC_API_KEY and what it may use';
  if (status === 404) return 'check the model’s id in the setting `models`, and the address in ANTHROPIC_BASE_URL';
  return null;
}

/** `prompt is too long: 215000 tokens > 200000 maximum`, `input length and max_tokens exceed context limit: …`. */
const TOO_LONG =
  /prompt is too long|exceeds? (the )?(model’s |model's )?(maximum )?context|context (limit|length|window)/i;

/** An empty balance is told as a wrong request. Further on, the words may be those of a prompt that is quoted. */
const UNPAID = /^(your )?credit balance/i;

/** A provider's sentence; a gateway may answer with a whole page. */
function shortened(text: string): string {
  return text.length <= LONGEST_SAID ? text : `${text.slice(0, LONGEST_SAID)}…`;
}

const LONGEST_SAID = 600;

/** Status, kind and sentence, such as `529 overloaded_error: Overloaded`; of what never got there, the innermost reason. */
function saidBy(thrown: unknown): string {
  if (!(thrown instanceof APIError)) return reasonOf(thrown);
  const { status, type, apiMessage } = thrown;
  if (apiMessage === null) return thrown instanceof APIConnectionError ? reasonOf(thrown) : thrown.message;
  return `${[status, type].filter((part) => part !== undefined && part !== null).join(' ')}: ${apiMessage}`;
}

/** `fetch failed` says nothing; what it was caused by does, such as `connect ECONNREFUSED 127.0.0.1:9`. */
function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  // A name with several addresses fails once for each.
  const cause = thrown instanceof AggregateError ? thrown.errors[0] : thrown.cause;
  return cause instanceof Error ? reasonOf(cause) : thrown.message;
}
