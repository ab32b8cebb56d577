import type { JsMsg } from 'nats';
import type { Logger } from 'pino';

/** Mail whose receiver has no journal is dropped at this delivery, and comes again this much later until then. */
const DROPPED_AT = 5;
const ABSENT_MS = 1_000;

export function dropLate(message: JsMsg, mail: string, log: Logger): void {
  if (message.info.deliveryCount < DROPPED_AT) return message.nak(ABSENT_MS);
  log.warn({ mail }, 'mail for an invocation that does not exist was dropped');
  message.ack();
}
