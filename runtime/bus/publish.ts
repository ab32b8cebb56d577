import { setTimeout as pause } from 'node:timers/promises';
import { type JetStreamClient, type MsgHdrs, type NatsConnection, NatsError } from 'nats';
import { PlatformError } from '../../config/errors.ts';

const ACK_TIMEOUT_MS = 5_000;
/** A leader change takes seconds, once half a minute: senders wait it out. */
const GIVE_UP_MS = 60_000;
/** Between tries while the stream has no leader: that answer comes at once, and nothing announces the leader. */
export const PAUSE_MS = 250;
const WRONG_LAST_SEQUENCE = new Set([10071, 10164]);

/** Whether the server refused a publish because the subject already holds something else than expected. */
export function isWrongLastSequence(error: unknown): boolean {
  return error instanceof NatsError && WRONG_LAST_SEQUENCE.has(error.api_error?.err_code ?? 0);
}

/** Whether the server decided on a publish; a stream without a leader (503) has not, nor has a lost ack. */
export function isAnswered(error: NatsError): boolean {
  return error.api_error !== undefined && error.api_error.code !== 503;
}

/**
 * Publishes until the server confirms. Sends are repeatable by design, so an ack that got lost is answered by sending
 * again; a subject that must hold one message is guarded by `once`.
 */
export class Publisher {
  private readonly nc: NatsConnection;
  private readonly js: JetStreamClient;

  constructor(nc: NatsConnection) {
    this.nc = nc;
    this.js = nc.jetstream();
  }

  async publish(subject: string, body: unknown, headers?: MsgHdrs): Promise<void> {
    await this.confirmed(subject, body, { ...(headers && { headers }) });
  }

  /** Publishes unless the subject holds a message already; true when this call created it. */
  async once(subject: string, body: unknown, headers?: MsgHdrs): Promise<boolean> {
    try {
      await this.confirmed(subject, body, { ...(headers && { headers }), expect: { lastSubjectSequence: 0 } });
      return true;
    } catch (error) {
      if (isWrongLastSequence(error)) return false;
      throw error;
    }
  }

  private async confirmed(
    subject: string,
    body: unknown,
    options: { headers?: MsgHdrs; expect?: { lastSubjectSequence: number } },
  ): Promise<void> {
    const data = JSON.stringify(body);
    const deadline = performance.now() + GIVE_UP_MS;
    for (;;) {
      try {
        await this.js.publish(subject, data, { ...options, timeout: ACK_TIMEOUT_MS });
        return;
      } catch (error) {
        if (!(error instanceof NatsError)) throw error;
        if (error.code === 'MAX_PAYLOAD_EXCEEDED') {
          throw new PlatformError(
            'message.too_large',
            `a message of ${data.length} bytes to ${subject} is larger than the server accepts`,
          );
        }
        if (isAnswered(error) || this.nc.isClosed() || performance.now() > deadline) throw error;
        await pause(PAUSE_MS);
      }
    }
  }
}
