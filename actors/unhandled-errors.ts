/**
 * Errors that nobody waits for: a rejected promise that was not awaited, a throw in a timer. Left to itself, Node ends the
 * process for one, and with it the work of all siblings. Where it came out of an effect, it is that invocation's, and told
 * so; anything else is a mistake of the platform itself, and ends the process as before.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { inspect } from 'node:util';
import type { Logger } from 'pino';
import type { Mailbox } from '../runtime/address.ts';

const whose = new AsyncLocalStorage<Mailbox>();

/** Runs work so that what strays from it is known to be this invocation's. */
export function attributed<T>(to: Mailbox, work: () => T): T {
  return whose.run(to, work);
}

/** From now on, strays of effects are logged and nothing more. `tell` shows what ends the process. Returns how to end that. */
export function handleUnhandledErrors(log: Logger, tell: (text: string) => void): () => void {
  const heard = (err: unknown): void => {
    const to = whose.getStore();
    if (to) {
      log.error({ err, ...to }, 'something threw where nobody waits for it; its call goes on');
      return;
    }
    log.fatal({ err }, 'something threw where nobody waits for it');
    // As Node would have ended it, had nobody listened.
    tell(inspect(err));
    process.exit(1);
  };
  process.on('unhandledRejection', heard);
  process.on('uncaughtException', heard);
  return () => {
    process.off('unhandledRejection', heard);
    process.off('uncaughtException', heard);
  };
}
