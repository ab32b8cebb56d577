import type { JsMsg } from 'nats';
import type { Deferral } from '../runtime/context/invocation.ts';
import type { JournaledEvent } from '../runtime/journal/entry.ts';
import type { Mail } from '../runtime/mail/mail.ts';
import { waitForOthers } from '../runtime/policy/retry.ts';
import { parseMailbox } from '../runtime/subjects.ts';
import type { JournalCursor } from './journal-cursor.ts';
import type { Runtime } from './runtime.ts';

/**
 * This worker cannot go on with the mail's receiver, and another one may: that is `told` in the journal, and the server
 * delivers the mail again, later. It is a new message by a timer, so that none of the deliveries of the mail is used up,
 * however long that takes.
 */
export async function leaveToOthers(
  { mailer, now }: Runtime,
  cursor: JournalCursor,
  message: JsMsg,
  mail: Mail,
  told: JournaledEvent[],
): Promise<void> {
  // Who was outrun leaves it as it is: it comes again by itself.
  if (told.length > 0 && (await cursor.advance(told)).status === 'fenced') return;
  const { deferred } = cursor.current.snapshot.context as { deferred?: Deferral | null };
  const time = now().getTime();
  const at = new Date(time + waitForOthers(deferred ? time - Date.parse(deferred.since) : 0)).toISOString();
  const { subject, headers: carried } = message;
  await mailer.again(parseMailbox(subject), { subject, mail, at, carried });
  message.ack();
}
