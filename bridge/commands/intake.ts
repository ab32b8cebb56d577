import type { Runtime } from '../../actors/runtime.ts';
import { Publisher } from '../../runtime/bus/publish.ts';
import { Mailer } from '../../runtime/mail/mail.ts';
import type { Platform } from '../platform/platform.ts';
import { checkDiskSpace } from '../platform/disk-space.ts';

/**
 * The runtime as doors accept with it: where a worker waits for room, a door refuses at once with `storage.full`, so that
 * a full disk stops what comes in and leaves what is under way its place. An embedded server's disk is looked at before it
 * is full: once it was, the server stores nothing more until it is started anew.
 */
export function intakeOf({ nc, runtime, settings }: Platform): Runtime {
  const journal = runtime.journal.forDoors(() => checkDiskSpace(settings));
  return { ...runtime, journal, mailer: new Mailer(new Publisher(nc, 'refuse'), journal.objects) };
}
