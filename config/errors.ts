/**
 * The registry of coded errors. Every error that leaves a function of ours carries one of these codes; across processes
 * only the code is matched, never the prose. `docs/errors.md` is generated from this table (`npm run docs:errors`).
 *
 * A message at the throw site says what was expected, what was got, and how to fix it; the table says what the code means.
 */
export const ERRORS = {
  'settings.invalid': 'A setting has a value of the wrong type or an unknown key.',
  'state.denied': 'The state folder cannot be created, read or written.',
  'state.in_use':
    'The embedded servers of this state folder run otherwise than asked and cannot be joined: with another durability, by another version, or not all of them.',
  'state.not_empty': 'A backup can be restored only into a state without runs and memories, and this one has some.',
  'state.half_restored':
    'Restoring a backup into this state broke off; nothing works on it until it is restored again.',
  'services.unavailable': 'nats-server or redis-server is not installed and could not be fetched on this machine.',
  'services.start_failed': 'An embedded server was started and did not come up.',
  'services.lost':
    'The keeper of the embedded servers ended while in use, or one of them ended again and again and was given up.',
  'nats.unreachable': 'No NATS server answers at the given address.',
  'nats.too_old': 'The NATS server is older than 2.14, or has JetStream disabled.',
  'nats.denied': 'The NATS server refused the login.',
  'nats.unavailable':
    'The NATS server answers, but not for its streams: its cluster has no leader now, or is too slow. It is worth trying again.',
  'nats.too_few':
    'The NATS server cannot keep as many copies of a stream as nats_replicas says: it has too few servers.',
  'redis.unreachable': 'No Redis server answers at the given address, or the one that does cannot serve yet.',
  'redis.too_old': 'The Redis server is older than 8 and has no vector sets.',
  'redis.denied': 'The Redis server refused the login or a command.',
  'redis.full':
    'The Redis server has no memory left: it takes no writes until its maxmemory is raised or keys are removed.',
  'redis.read_only':
    'The Redis server takes no writes: it is a replica, its disk fails, or too few replicas follow it.',
  'definitions.invalid':
    'A pack, an agent definition, a prompt or a parameters file is wrong; every finding has its file, line and column.',
  'pack.not_found': 'A pack folder named in the settings does not exist or has no pack.yaml.',
  'pack.exists': 'The folder that a new pack is to be written to holds something already.',
  'pack.denied': 'The folder of a new pack cannot be written.',
  'agent.unknown': 'No loaded pack defines an agent of that name.',
  'schedule.unknown': 'No loaded pack declares a schedule of that name.',
  'schedule.refused': 'The NATS server does not take a schedule’s cron line; the one before it, and all others, go on.',
  'topic.unknown': 'No loaded pack declares a topic of that name.',
  'target.unknown': 'The data has no target of that id.',
  'tenant.unknown': 'This platform does not serve that tenant.',
  'subject.unknown': 'The data does not know what the run or memory is to be about.',
  'request.invalid': 'A request is malformed: not JSON, a field missing, unknown or of the wrong type.',
  'request.too_large': 'A request is larger than the setting max_request_bytes.',
  'request.unauthorized': 'A request carries no bearer token, or a wrong one.',
  'request.media_type': 'A request’s body is not JSON by its content type.',
  'request.host_refused': 'Without a token, a request must name this machine itself in its Host header.',
  'request.path_unknown': 'The HTTP door has no such path.',
  'request.method_unknown': 'The path exists, but not with this method; the header Allow lists those it takes.',
  'run.unknown': 'No journal exists for that run.',
  'run.not_failed': 'Only a failed invocation can be retried.',
  'run.ended': 'The run has ended already; there is nothing left to cancel.',
  'run.unserved':
    'No worker that is alive can go on with the run: no loaded pack has its agent, or what it began with.',
  'run.cancelled': 'The run was cancelled; who did it and why stand in its journal.',
  'human.unknown': 'There is no such question to a person.',
  'human.decided': 'Somebody has decided already; who, what and when are named.',
  'human.expired': 'Nobody decided in time; what the rule says for that case has happened.',
  'human.not_yours': 'This question is for another person or role.',
  'human.rejected': 'A person rejected what the invocation wanted to do; who and why are named.',
  'human.refused': 'The decision does not fit: an edit breaks a rule, or the question cannot be answered that way.',
  'human.unconfirmed': 'The decision is queued, but no worker has taken it yet; it is not known to count.',
  'budget.deadline': 'An invocation did not end by its deadline.',
  'run.batch_ended':
    'The batch has failed or was cancelled earlier; its result is kept, and only a new batch runs again.',
  'run.exists': 'A run or batch of that id exists already, and was started with other options.',
  'run.invalid': 'A request to start a run is malformed: its id, payload or subject.',
  'data.missing': 'A data folder, file or column is missing.',
  'data.no_reader': 'Tables are to be read, and the package that reads them, @duckdb/node-api, is not installed.',
  'data.invalid': 'A data file holds a value of the wrong type; file, line, column and value are named.',
  'journal.fenced': 'Another writer appended to this journal first.',
  'journal.newer': 'A journal entry was written by a newer version of the platform.',
  'journal.invalid': 'What a journal holds at the named position is no entry.',
  'journal.cut_off': 'The server fell silent while the journals were gone through; what came so far was not all.',
  'journal.diverged': 'A journal folds to another state than its entry says.',
  'prompt.diverged': 'A prompt composed again from the records is not the one that the journal says was sent.',
  'prompt.unknown': 'The invocation has no model turn of that number.',
  'object.missing': 'The object store does not hold, whole, a large value that a journal names.',
  'storage.full': 'The NATS server has no room for more: its disk, its storage limit or a stream is full.',
  'backup.exists': 'The folder that a backup is to be written to holds something already.',
  'backup.invalid': 'A folder is no complete backup: a file is missing, cut off or changed.',
  'message.too_large': 'A message is larger than the server accepts.',
  'admission.refused': 'A supervisor refused an invocation; the rule is named.',
  'model.unavailable':
    'The model cannot answer now: overloaded, rate-limited, unreachable or too slow. It is asked again later.',
  'model.failed': 'The model did not answer.',
  'model.rejected':
    'The model refuses the request as wrong; asking again the same way would fail again, so a person decides.',
  'model.denied':
    'The model refuses the key (wrong, not allowed, not paid for), or there is no such model. The batch ends.',
  'model.no_key': 'A model that needs a key was chosen, and there is none, or one that no request can carry.',
  'model.no_player':
    'The rehearsal model cannot answer for an agent whose pack supplies no player for it; the agent needs a real model.',
  'tool.timed_out': 'A tool took longer than the setting tool_timeout_ms.',
  'tool.failed': 'A tool threw or timed out.',
  'tool.malformed': 'A tool returned a result that its output schema does not allow; nothing of it was kept.',
  'activation.crashed': 'An actor threw; its invocation ended as failed.',
  'activation.quarantined':
    'An invocation crashed too often, or was taken up again and again without getting any further: it was ended as failed.',
  'turns.exhausted': 'An invocation used up its model turns without reporting.',
  'memory.invalid': 'A memory has a field of the wrong type.',
  'memory.incomplete': 'The index of long-term memory could not be made complete, so a recall could miss memories.',
  'platform.busy': 'As many requests of this kind are open as the platform serves at once; try again later.',
  'platform.not_ready': 'The platform is up, but cannot write its journal or reach a server it needs.',
  'platform.unexpected': 'Something threw that was not expected to; the log has the details.',
  'usage.invalid': 'The command line is wrong: an unknown command, a missing or malformed option.',
} as const;

export type ErrorCode = keyof typeof ERRORS;

/** An error with a stable code. `details` are fields for machines; the message is for people. */
export class PlatformError extends Error {
  override readonly name = 'PlatformError';
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; details?: Record<string, unknown> } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }
}

/** The code and message of anything that was thrown, as it is journaled and reported. */
export function describeError(error: unknown, fallback: ErrorCode): { code: ErrorCode; message: string } {
  const message = shortened(error instanceof Error ? error.message : String(error));
  return { code: error instanceof PlatformError ? error.code : fallback, message };
}

/** Longest message, in characters: what is thrown may carry a whole document, and goes through journals and mail. */
const LONGEST = 20_000;

function shortened(message: string): string {
  if (message.length <= LONGEST) return message;
  return `${message.slice(0, LONGEST)} … (${message.length - LONGEST} more characters)`;
}
