import { headers, type MsgHdrs } from 'nats';
import { z } from 'zod';
import type { Mailbox } from '../address.ts';
import { digestOf } from '../digest.ts';
import type { Publisher } from '../bus/publish.ts';
import type { Decision, Edits, Invocation, Timer, Trace } from '../journal/entry.ts';
import { type Swap, swapInvocation, swapReport } from '../journal/by-reference.ts';
import type { Objects } from '../journal/objects.ts';
import type { Json } from '../json.ts';
import type { AgentReport } from '../report.ts';
import { MAIL_STREAM, mailSubject, startSubject, timerSubject } from '../subjects.ts';

/**
 * Mail to an invocation. It may arrive more than once: the receiver's fold ignores what it already holds. Mail never
 * carries a message id: the server would swallow a re-send after the ack, and the wake-up with it.
 */
export type Mail =
  | { type: 'start' }
  | { type: 'invoke'; invocation: Invocation }
  | { type: 'child.reported'; from: { run: string; path: string }; report: AgentReport }
  | { type: 'timer.fired'; name: string }
  | { type: 'retry'; by: string }
  | { type: 'human.decided'; decision: Decision; edits: Edits | null }
  /** `spares`: what has failed is left as it is, and what a person is or was asked in or had go on. */
  | { type: 'cancel'; by: string; reason: string; spares?: true }
  | { type: 'resume' }
  | Tick;

/** A schedule's time has come. The server sends it; it is addressed to a schedule, not to an invocation. */
export interface Tick {
  type: 'tick';
  tenant: string;
  schedule: string;
  /** The data folder of the batch that it begins. */
  data: string;
  /** The line that it comes from, by which it is named; those of earlier releases have none. */
  cron?: string;
}

const Value = z.custom<Json>((value) => value !== undefined);

/** Checked to the last field: what a person's door writes is judged by rules that rely on its shape. */
const DecisionMail = z.object({
  id: z.string(),
  task: z.string(),
  answer: z.enum(['approve', 'edit', 'reject', 'ask_again']),
  by: z.string(),
  role: z.string().nullable(),
  note: z.string(),
  at: z.iso.datetime(),
}) satisfies z.ZodType<Decision>;

const EditsMail = z.object({
  calls: z.array(z.object({ ordinal: z.int(), input: Value })).exactOptional(),
  report: z.object({ text: z.string(), data: Value }).exactOptional(),
}) satisfies z.ZodType<Edits>;

const Envelope = z.discriminatedUnion('type', [
  z.object({ type: z.literal('start') }),
  z.object({
    type: z.literal('invoke'),
    invocation: z.custom<Invocation>((value) => typeof value === 'object' && value !== null),
  }),
  z.object({
    type: z.literal('child.reported'),
    from: z.object({ run: z.string(), path: z.string() }),
    report: z.custom<AgentReport>((value) => typeof value === 'object' && value !== null),
  }),
  z.object({ type: z.literal('timer.fired'), name: z.string() }),
  z.object({ type: z.literal('retry'), by: z.string() }),
  z.object({ type: z.literal('human.decided'), decision: DecisionMail, edits: EditsMail.nullable() }),
  z.object({
    type: z.literal('cancel'),
    by: z.string(),
    reason: z.string(),
    spares: z.literal(true).exactOptional(),
  }),
  z.object({ type: z.literal('resume') }),
  z.object({
    type: z.literal('tick'),
    tenant: z.string(),
    schedule: z.string(),
    data: z.string(),
    cron: z.string().exactOptional(),
  }),
]);

/** Parses a message's body; null when it is no mail of ours. */
export function parseMail(text: string): Mail | null {
  try {
    return Envelope.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** Posts mail and returns when the server has it. */
export class Mailer {
  private readonly publisher: Publisher;
  private readonly objects: Objects;

  constructor(publisher: Publisher, objects: Objects) {
    this.publisher = publisher;
    this.objects = objects;
  }

  /** Large values in it go by reference; the receiver makes it whole. */
  async post(to: Mailbox, mail: Mail, trace: Trace): Promise<void> {
    const cut = await swapMail(mail, (value) => this.objects.cut(value));
    await this.publisher.publish(mailSubject(to), cut, traceHeaders(trace));
  }

  /** A mail as it was before it was posted. @throws PlatformError `object.missing` */
  async whole(mail: Mail): Promise<Mail> {
    return swapMail(mail, (value) => this.objects.whole(value));
  }

  /** Wakes an invocation whose mail may be lost; refused while any of its mail is queued or in flight. */
  async resume(to: Mailbox, trace: Trace): Promise<void> {
    await this.publisher.once(
      { subject: mailSubject(to), stream: MAIL_STREAM },
      { type: 'resume' } satisfies Mail,
      traceHeaders(trace),
    );
  }

  /** Has the server post `timer.fired` at a time. Setting the same timer again replaces it. */
  async schedule(to: Mailbox, { name, at }: Timer, trace: Trace): Promise<void> {
    const carried = traceHeaders(trace);
    carried.set('Nats-Schedule', `@at ${at}`);
    carried.set('Nats-Schedule-Target', mailSubject(to));
    await this.publisher.publish(timerSubject(to, name), { type: 'timer.fired', name } satisfies Mail, carried);
  }

  /** Has the server deliver a mail again at a time, as it came: for a worker that can go on with its receiver. */
  async again(to: Mailbox, { subject, mail, at, carried }: MailAgain): Promise<void> {
    const again = headers();
    for (const name of TRACE_HEADERS) {
      const value = carried?.get(name) ?? '';
      if (value !== '') again.set(name, value);
    }
    again.set('Nats-Schedule', `@at ${at}`);
    again.set('Nats-Schedule-Target', subject);
    // One for each mail: different mail to one receiver does not replace each other.
    const name = `again-${digestOf(mail).slice(0, 16)}`;
    await this.publisher.publish(timerSubject(to, name), mail, again);
  }

  /** Cancels a timer; one that fired already is ignored by whoever set it. */
  async unschedule(to: Mailbox, name: string): Promise<void> {
    await this.publisher.purge(MAIL_STREAM, timerSubject(to, name));
  }

  /** Queues a root to begin, unless the same start is still queued or in flight. */
  async start(to: Mailbox, trace: Trace): Promise<void> {
    await this.publisher.once(
      { subject: startSubject(to), stream: MAIL_STREAM },
      { type: 'start' } satisfies Mail,
      traceHeaders(trace),
    );
  }
}

/** A mail as it came. */
export interface MailAgain {
  subject: string;
  mail: Mail;
  /** ISO time. */
  at: string;
  carried: MsgHdrs | undefined;
}

const TRACE_HEADERS = ['correlation-id', 'traceparent'];

async function swapMail(mail: Mail, swap: Swap): Promise<Mail> {
  if (mail.type === 'invoke') return { ...mail, invocation: await swapInvocation(mail.invocation, swap) };
  return mail.type === 'child.reported' ? { ...mail, report: await swapReport(mail.report, swap) } : mail;
}

/** The trace as message headers: for whoever watches the bus; the journal has its own copy. */
function traceHeaders({ correlation_id, traceparent }: Trace): MsgHdrs {
  const carried = headers();
  carried.set('correlation-id', encodeURIComponent(correlation_id));
  if (traceparent) carried.set('traceparent', traceparent);
  return carried;
}
