/** How long whoever reads and writes waits for a server that has not decided. */
import { setTimeout as pause } from 'node:timers/promises';
import { type NatsConnection, NatsError } from 'nats';
import { PlatformError } from '../../config/errors.ts';

/** A leader change takes seconds, once half a minute: senders and readers wait it out. */
export const GIVE_UP_MS = 60_000;
/** Between tries while the stream has no leader: that answer comes at once, and nothing announces the leader. */
export const PAUSE_MS = 250;

/** A read that came to nothing, and may come to something in a moment. */
export class Unread extends Error {}

/** Whether the server decided on a request; a stream without a leader (503) has not, nor has a lost answer. */
export function isAnswered(error: NatsError): boolean {
  return error.api_error !== undefined && error.api_error.code !== 503;
}

/** Whether a server has not decided, and may do so in a moment. */
export function isUndecided(error: unknown): boolean {
  return error instanceof Unread || (error instanceof NatsError && !isAnswered(error));
}

/** What is not decided is asked again for a while. */
export async function patiently<T>(nc: NatsConnection, ask: () => Promise<T>): Promise<T> {
  for (const until = performance.now() + GIVE_UP_MS; ; ) {
    try {
      return await ask();
    } catch (error) {
      if (!isUndecided(error) || nc.isClosed() || performance.now() > until) throw error;
      await pause(PAUSE_MS);
    }
  }
}

/** The error for people where a server did not decide for as long as it was waited for; any other stays as it is. */
export function orUnavailable(error: unknown): unknown {
  if (!isUndecided(error)) return error;
  const why = (error as Error).message;
  return new PlatformError(
    'nats.unavailable',
    `NATS did not answer for its streams (${why}); does its cluster have a leader? Try again`,
    { cause: error },
  );
}
