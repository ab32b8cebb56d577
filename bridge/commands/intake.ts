import type { Runtime } from '../../actors/runtime.ts';
import { PlatformError } from '../../config/errors.ts';
import type { Address } from '../../runtime/address.ts';
import { isNewId, refuseNewId } from '../../runtime/ids.ts';
import type { Trace } from '../../runtime/journal/entry.ts';
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

/** What is recorded under an id that is none any more may be asked for again. */
export async function checkNew({ runtime }: Platform, address: Address): Promise<void> {
  if (isNewId(address.run) || (await runtime.journal.tail(address)) !== null) return;
  refuseNewId(address.run);
}

/** A door that names a tenant serves that of this platform and no other. */
export function checkTenant(asked: string | null | undefined, own: string): void {
  if (asked === null || asked === undefined || asked === own) return;
  throw new PlatformError('tenant.unknown', `this platform serves the tenant ${own}, not ${JSON.stringify(asked)}`);
}

export function newTrace({ runtime }: Platform): Trace {
  return { correlation_id: runtime.id() };
}
