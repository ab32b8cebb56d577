import type { JsMsg } from 'nats';
import type { Logger } from 'pino';

/** Mail whose receiver has no journal is dropped at this delivery, and comes again this much later until then. */
const DROPPED_AT = 5;
const ABSENT_MS = 1_000;

/** Mail that has no receiver, or that the fold already holds: then what follows from it may not have been sent. */
export async function layAside(
  message: JsMsg,
  how: 'drop' | 'duplicate' | 'resend',
  { log, mail, resend }: { log: Logger; mail: string; resend(): Promise<void> },
): Promise<void> {
  if (how === 'drop' && message.info.deliveryCount < DROPPED_AT) return message.nak(ABSENT_MS);
  if (how === 'drop') log.warn({ mail }, 'mail for an invocation that does not exist was dropped');
  if (how === 'resend') await resend();
  message.ack();
}
