import { headers, type MsgHdrs } from 'nats';
import { z } from 'zod';
import type { Mailbox } from '../address.ts';
import type { Publisher } from '../bus/publish.ts';
import type { Invocation, Timer, Trace } from '../journal/entry.ts';
import type { AgentReport } from '../report.ts';
import { mailSubject, startSubject, timerSubject } from '../subjects.ts';

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
  | { type: 'resume' }
  | Tick;

/** A schedule's time has come. The server sends it; it is addressed to a schedule, not to an invocation. */
export interface Tick {
  type: 'tick';
  tenant: string;
  schedule: string;
  /** The data folder of the batch that it begins. */
  data: string;
}

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
  z.object({ type: z.literal('resume') }),
  z.object({ type: z.literal('tick'), tenant: z.string(), schedule: z.string(), data: z.string() }),
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

  constructor(publisher: Publisher) {
    this.publisher = publisher;
  }

  async post(to: Mailbox, mail: Mail, trace: Trace): Promise<void> {
    await this.publisher.publish(mailSubject(to), mail, traceHeaders(trace));
  }

  /** Wakes an invocation whose mail may be lost; refused while any of its mail is queued or in flight. */
  async resume(to: Mailbox, trace: Trace): Promise<void> {
    await this.publisher.once(mailSubject(to), { type: 'resume' } satisfies Mail, traceHeaders(trace));
  }

  /** Has the server post `timer.fired` at a time. Setting the same timer again replaces it. */
  async schedule(to: Mailbox, { name, at }: Timer, trace: Trace): Promise<void> {
    const carried = traceHeaders(trace);
    carried.set('Nats-Schedule', `@at ${at}`);
    carried.set('Nats-Schedule-Target', mailSubject(to));
    await this.publisher.publish(timerSubject(to, name), { type: 'timer.fired', name } satisfies Mail, carried);
  }

  /** Queues a root to begin, unless the same start is still queued or in flight. */
  async start(to: Mailbox, trace: Trace): Promise<void> {
    await this.publisher.once(startSubject(to), { type: 'start' } satisfies Mail, traceHeaders(trace));
  }
}

/** The trace as message headers: for whoever watches the bus; the journal has its own copy. */
function traceHeaders({ correlation_id, traceparent }: Trace): MsgHdrs {
  const carried = headers();
  carried.set('correlation-id', encodeURIComponent(correlation_id));
  if (traceparent) carried.set('traceparent', traceparent);
  return carried;
}
