/**
 * Mail that the server delivers no more stays in the work queue: nobody gets it, and it stands in the way of every wake-up
 * of its receiver. Either it was delivered too often, which the server says once, in an advisory; or it was acknowledged,
 * and a server that was killed remembers that, but not that it removed it.
 */
import { type JetStreamManager, type NatsConnection, NatsError, type StoredMsg } from 'nats';
import type { Logger } from 'pino';
import { openReader } from '../runtime/bus/reader.ts';
import { ADVISORIES_STREAM, MAIL_STREAM, MAX_DELIVERIES_SUBJECT } from '../runtime/subjects.ts';

interface Advisory {
  /** ISO time. */
  timestamp: string;
  consumer: string;
  stream_seq: number;
  deliveries: number;
}

/** Removes it, and returns how much it was. */
export async function removeDeadMail(nc: NatsConnection, log: Logger): Promise<number> {
  const jsm = await nc.jetstreamManager();
  return (await removeGivenUp(nc, jsm, log)) + (await removeAcknowledged(jsm, log));
}

/** What lies below all that its consumer has acknowledged, and below all that it still holds. */
async function removeAcknowledged(jsm: JetStreamManager, log: Logger): Promise<number> {
  let removed = 0;
  for await (const { name, ack_floor, config } of jsm.consumers.list(MAIL_STREAM)) {
    const subject = config.filter_subject;
    if (subject === undefined) continue;
    for (let mail = await firstOf(jsm, subject); mail && mail.seq <= ack_floor.stream_seq; ) {
      if (await jsm.streams.deleteMessage(MAIL_STREAM, mail.seq, false).catch(falseWhenNone)) removed += 1;
      log.warn({ subject: mail.subject, seq: mail.seq, consumer: name }, 'mail that was acknowledged was still there');
      mail = await firstOf(jsm, subject);
    }
  }
  return removed;
}

/** The oldest message that a filter matches. */
function firstOf(jsm: JetStreamManager, next_by_subj: string): Promise<StoredMsg | null> {
  return jsm.streams.getMessage(MAIL_STREAM, { seq: 1, next_by_subj } as never).catch(nullWhenNone);
}

async function removeGivenUp(nc: NatsConnection, jsm: JetStreamManager, log: Logger): Promise<number> {
  let removed = 0;
  for await (const { timestamp, consumer, stream_seq: seq, deliveries } of advisories(nc)) {
    const mail = await mailAt(jsm, seq);
    // Sequences begin anew with a new stream: what came after the advisory is other mail.
    if (mail === null || mail.time >= new Date(timestamp)) continue;
    if (!(await jsm.streams.deleteMessage(MAIL_STREAM, seq, false).catch(falseWhenNone))) continue;
    removed += 1;
    log.warn({ subject: mail.subject, seq, consumer, deliveries }, 'mail that is delivered no more was removed');
  }
  return removed;
}

async function* advisories(nc: NatsConnection): AsyncGenerator<Advisory> {
  const from = { filterSubjects: [MAX_DELIVERIES_SUBJECT] };
  const { messages, pending, close } = await openReader(nc, ADVISORIES_STREAM, from);
  let left = pending;
  try {
    if (left === 0) return;
    for await (const message of messages) {
      yield JSON.parse(message.string()) as Advisory;
      left -= 1;
      if (left <= 0) return;
    }
  } finally {
    close();
  }
}

async function mailAt(jsm: JetStreamManager, seq: number): Promise<StoredMsg | null> {
  return jsm.streams.getMessage(MAIL_STREAM, { seq }).catch(nullWhenNone);
}

function nullWhenNone(error: unknown): null {
  if (error instanceof NatsError && error.api_error?.code === 404) return null;
  throw error;
}

/** Somebody acknowledged it, or removed it, a moment ago. */
function falseWhenNone(error: unknown): false {
  if (error instanceof NatsError && error.api_error !== undefined) return false;
  throw error;
}
