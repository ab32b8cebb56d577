/**
 * What a door answers to what was thrown: one table for every door. Codes that are not listed are the platform's own
 * trouble; their messages may name folders and servers, so that they are logged and never shown.
 */
import { ErrorCode as NatsErrorCode, NatsError } from 'nats';
import { describeError, type ErrorCode, PlatformError } from '../../config/errors.ts';
import { redisTrouble } from '../../runtime/memory/trouble.ts';

/** HTTP statuses; other doors send them along with the code. */
export type RefusalStatus =
  | 400
  | 401
  | 403
  | 404
  | 405
  | 408
  | 409
  | 413
  | 415
  | 421
  | 422
  | 431
  | 500
  | 503
  | 504
  | 507;

export interface Refused {
  status: RefusalStatus;
  code: ErrorCode;
  /** May be shown to whoever asked. */
  message: string;
  /** The platform's own trouble: whoever answers logs what was thrown. */
  unexpected: boolean;
}

const NO_MEMORY = 'the platform cannot use its memory now; its operator has the details';

/** `shown` is what the caller reads instead of a message that may name a folder or a server. */
const REFUSALS: Partial<Record<ErrorCode, { status: RefusalStatus; shown?: string }>> = {
  'request.invalid': { status: 400 },
  'request.too_large': { status: 413 },
  'request.unauthorized': { status: 401 },
  'request.media_type': { status: 415 },
  'request.host_refused': { status: 421 },
  'request.path_unknown': { status: 404 },
  'request.method_unknown': { status: 405 },
  'agent.unknown': { status: 404 },
  'schedule.unknown': { status: 404 },
  'target.unknown': { status: 404 },
  'tenant.unknown': { status: 404 },
  'run.unknown': { status: 404 },
  'run.exists': { status: 409 },
  'run.ended': { status: 409 },
  'run.unserved': { status: 503 },
  'human.unknown': { status: 404 },
  'human.not_yours': { status: 403 },
  'human.decided': { status: 409 },
  'human.expired': { status: 409 },
  'human.refused': { status: 422 },
  'human.unconfirmed': { status: 504 },
  'run.invalid': { status: 400 },
  'subject.unknown': { status: 422, shown: 'the data does not know the subject that the payload names' },
  'admission.refused': { status: 422 },
  'message.too_large': { status: 413 },
  'data.missing': { status: 503, shown: 'the data folder of this platform, or a part of it, is missing' },
  'data.invalid': { status: 503, shown: 'the data of this platform cannot be read; its operator has the details' },
  'model.no_player': { status: 503 },
  'model.no_key': { status: 503, shown: 'this platform has no key for its model; its operator has the details' },
  'journal.newer': { status: 503 },
  'journal.invalid': { status: 500 },
  'platform.busy': { status: 503 },
  'platform.not_ready': { status: 503 },
  'redis.unreachable': { status: 503, shown: NO_MEMORY },
  'redis.full': { status: 503, shown: NO_MEMORY },
  'redis.read_only': { status: 503, shown: NO_MEMORY },
  'redis.denied': { status: 503, shown: NO_MEMORY },
  'memory.incomplete': { status: 503, shown: NO_MEMORY },
  'storage.full': { status: 507, shown: 'the platform has no room for more; its operator has the details' },
};

const UNEXPECTED = 'something went wrong that was not expected to; the log has the details';
const NOT_NOW = 'a server that the platform needs does not answer now; ask again';
/** Trouble of the platform's that a caller is told from a bug: asking again later may do. */
const OPERATORS = new Set<ErrorCode>([
  'data.missing',
  'data.invalid',
  'journal.newer',
  'journal.invalid',
  'redis.unreachable',
  'redis.full',
  'redis.read_only',
  'redis.denied',
  'memory.incomplete',
  'storage.full',
  'model.no_key',
]);

/** What a connection to NATS throws while a server is away, has no leader, or is too slow. */
const AWAY = new Set<string>([
  NatsErrorCode.Timeout,
  NatsErrorCode.NoResponders,
  NatsErrorCode.ConnectionClosed,
  NatsErrorCode.ConnectionDraining,
  NatsErrorCode.ConnectionRefused,
  NatsErrorCode.ConnectionTimeout,
  NatsErrorCode.Disconnect,
]);
/** The same in words of our own. */
const AWAY_CODES = new Set<string>(['nats.unreachable', 'nats.unavailable', 'services.lost']);

/** Whether NATS does not answer now: asking again later may do. */
function isAway(error: unknown): boolean {
  if (error instanceof PlatformError) return AWAY_CODES.has(error.code);
  return error instanceof NatsError && (AWAY.has(error.code) || error.api_error?.code === 503);
}

export function refusalOf(thrown: unknown): Refused {
  if (isAway(thrown)) return { status: 503, code: 'platform.not_ready', message: NOT_NOW, unexpected: true };
  const error = redisTrouble(thrown);
  const { code, message } = describeError(error, 'platform.unexpected');
  const known = error instanceof PlatformError ? REFUSALS[code] : undefined;
  if (!known) return { status: 500, code: 'platform.unexpected', message: UNEXPECTED, unexpected: true };
  return { status: known.status, code, message: known.shown ?? message, unexpected: OPERATORS.has(code) };
}

/** The body of a refusal, at every door. */
export function refusalBody({ code, message }: Pick<Refused, 'code' | 'message'>): {
  error: { code: ErrorCode; message: string };
} {
  return { error: { code, message } };
}
