import type { Logger } from 'pino';
import type { AppendObserver } from '../../runtime/journal/journal.ts';
import { askedIn } from '../journals/asked.ts';
import { awaited, modelWait, shortText } from '../journals/model-waits.ts';

/**
 * Logs what this process leaves waiting for a model or a person. Who foresaw the wait (an API that says when to come back, a
 * rule that wants a person's word) gets an `info`, the others a `warn`. A question itself is not logged: it holds evidence.
 */
export function logWaits(log: Logger): AppendObserver {
  return ({ run, path }, entry, { status }) => {
    if (status !== 'appended') return;
    const { agent, subject } = entry;
    const who = { agent, run, path, subject };
    const wait = modelWait([entry]);
    if (wait) {
      const { error, at, attempt, announced, worker } = wait;
      const said = { ...who, code: error.code, reason: shortText(error.message) };
      if (worker) log.warn(said, `waits for ${awaited(wait)}`);
      else log[announced ? 'info' : 'warn']({ ...said, asked_again: at, attempt }, `waits for ${awaited(wait)}`);
    }
    const task = askedIn(entry);
    if (task) {
      const { id, kind, rules, due } = task;
      log[kind === 'approval' ? 'info' : 'warn']({ ...who, task: id, kind, rules, due }, 'waits for a person');
    }
  };
}
