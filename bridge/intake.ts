import type { Runtime } from '../actors/runtime.ts';
import { Publisher } from '../runtime/bus/publish.ts';
import { Mailer } from '../runtime/mail/mail.ts';
import type { Platform } from './platform.ts';

/**
 * The runtime as doors accept with it: where a worker waits for room, a door refuses at once with `storage.full`, so that
 * a full disk stops what comes in and leaves what is under way its place.
 */
export function intakeOf({ nc, runtime }: Platform): Runtime {
  return { ...runtime, journal: runtime.journal.forDoors(), mailer: new Mailer(new Publisher(nc, 'refuse')) };
}
