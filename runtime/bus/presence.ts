/** Says over NATS that somebody is there: who listens on a subject answers; where nobody does, the server says so at once. */
import { ErrorCode as NatsCode, type NatsConnection, NatsError, type Subscription } from 'nats';

const ASK_MS = 2_000;

/** Answers on the subject until it is unsubscribed. */
export function listen(nc: NatsConnection, subject: string, queue?: string): Subscription {
  return nc.subscribe(subject, {
    ...(queue !== undefined && { queue }),
    callback: (error, message) => {
      if (!error) message.respond();
    },
  });
}

/** Whether somebody listens. Who is too slow to say so counts as there. */
export async function isListened(nc: NatsConnection, subject: string): Promise<boolean> {
  try {
    await nc.request(subject, undefined, { timeout: ASK_MS });
    return true;
  } catch (error) {
    if (!(error instanceof NatsError)) throw error;
    return error.code !== NatsCode.NoResponders;
  }
}
