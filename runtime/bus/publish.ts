import { setTimeout as pause } from 'node:timers/promises';
import { type JetStreamClient, type MsgHdrs, type NatsConnection, NatsError } from 'nats';
import { PlatformError } from '../../config/errors.ts';
import { GIVE_UP_MS, isAnswered, PAUSE_MS } from './patience.ts';
import { askLeader } from './stored.ts';

const ACK_TIMEOUT_MS = 5_000;
const FULL_PAUSE_MS = 1_000;
const MOST_FULL_PAUSE_MS = 15_000;
const WRONG_LAST_SEQUENCE = new Set([10071, 10164]);
/** No room: by a limit of the server (10023), of its tenant there (10047) or of the stream (10077). */
const NO_ROOM = new Set([10023, 10047, 10077]);

/** What to do while the server has no room: work in hand waits for it, a door refuses with `storage.full`. */
export type WhenFull = 'wait' | 'refuse';

/** Whether the server refused a publish because the subject already holds something else than expected. */
export function isWrongLastSequence(error: unknown): boolean {
  return error instanceof NatsError && WRONG_LAST_SEQUENCE.has(error.api_error?.err_code ?? 0);
}

/** Whether the server refused a publish because it has no room for it. */
export function isFull(error: unknown): boolean {
  return error instanceof NatsError && NO_ROOM.has(error.api_error?.err_code ?? 0);
}

/** Between tries while there is no room, twice as long each time: nothing announces that somebody made some. */
export function fullPause(tries: number): Promise<void> {
  return pause(Math.min(FULL_PAUSE_MS * 2 ** tries, MOST_FULL_PAUSE_MS));
}

export function storageFull(cause: unknown): PlatformError {
  const why = (cause as NatsError).api_error?.description ?? String(cause);
  const message = `the NATS server has no room for more (${why}); make room on its disk or raise its limit`;
  return new PlatformError('storage.full', message, { cause });
}

/**
 * Publishes until the server confirms. Sends are repeatable by design, so an ack that got lost is answered by sending
 * again; a subject that must hold one message is guarded by `once`.
 */
export class Publisher {
  private readonly nc: NatsConnection;
  private readonly js: JetStreamClient;
  private readonly whenFull: WhenFull;

  constructor(nc: NatsConnection, whenFull: WhenFull = 'wait') {
    this.nc = nc;
    this.js = nc.jetstream();
    this.whenFull = whenFull;
  }

  async publish(subject: string, body: unknown, headers?: MsgHdrs): Promise<void> {
    await this.confirmed(subject, body, { ...(headers && { headers }) });
  }

  /**
   * Publishes unless the subject holds a message already; true when this call created it. A refusal alone says nothing: what
   * stands in the way may be a copy that never reaches the other servers. So the stream's leader is asked for it, under the
   * subject at which it is stored.
   */
  async once(
    { subject, stream, stored = subject }: { subject: string; stream: string; stored?: string },
    body: unknown,
    headers?: MsgHdrs,
  ): Promise<boolean> {
    for (const until = performance.now() + GIVE_UP_MS; ; ) {
      try {
        await this.confirmed(subject, body, { ...(headers && { headers }), expect: { lastSubjectSequence: 0 } });
        return true;
      } catch (error) {
        if (!isWrongLastSequence(error)) throw error;
        const there = await askLeader(this.nc, stream, { last_by_subj: stored });
        if (there !== null) return false;
        if (performance.now() > until) throw error;
        await pause(PAUSE_MS);
      }
    }
  }

  /** Removes all messages of a subject from its stream. */
  async purge(stream: string, subject: string): Promise<void> {
    await this.nc.request(`$JS.API.STREAM.PURGE.${stream}`, JSON.stringify({ filter: subject }), {
      timeout: ACK_TIMEOUT_MS,
    });
  }

  private async confirmed(
    subject: string,
    body: unknown,
    options: { headers?: MsgHdrs; expect?: { lastSubjectSequence: number } },
  ): Promise<void> {
    const data = JSON.stringify(body);
    await untilAnswered(this.nc, this.whenFull, () =>
      this.js.publish(subject, data, { ...options, timeout: ACK_TIMEOUT_MS }).catch((error: unknown) => {
        if (!(error instanceof NatsError) || error.code !== 'MAX_PAYLOAD_EXCEEDED') throw error;
        throw new PlatformError(
          'message.too_large',
          `a message of ${Buffer.byteLength(data)} bytes to ${subject} is larger than the server accepts`,
        );
      }),
    );
  }
}

/**
 * Tries until the server has decided: what it cannot say now (no leader, a lost ack) is asked again for a while, and what it
 * has no room for as long as it takes, unless `whenFull` says otherwise.
 */
export async function untilAnswered<T>(nc: NatsConnection, whenFull: WhenFull, attempt: () => Promise<T>): Promise<T> {
  let deadline = performance.now() + GIVE_UP_MS;
  for (let full = 0; ; ) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof NatsError)) throw error;
      if (isFull(error)) {
        if (whenFull === 'refuse' || nc.isClosed()) throw storageFull(error);
        await fullPause(full++);
        deadline = performance.now() + GIVE_UP_MS;
        continue;
      }
      if (isAnswered(error) || nc.isClosed() || performance.now() > deadline) throw error;
      await pause(PAUSE_MS);
    }
  }
}
