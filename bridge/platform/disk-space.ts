import { join } from 'node:path';
import { PlatformError } from '../../config/errors.ts';
import { diskSpaceOf } from '../../config/services/disk.ts';
import type { Settings } from '../../config/settings.ts';

/**
 * Refuses when the embedded NATS server has less room than the setting `disk_reserve_mb` keeps. A server of your own is
 * asked by writing to it: where its disk is cannot be seen from here.
 * @throws PlatformError `storage.full`
 */
export function checkDiskSpace({ natsUrl, stateDir, diskReserveMb }: Settings): void {
  if (natsUrl !== undefined) return;
  const { free, reserve } = diskSpaceOf(join(stateDir, 'services'), diskReserveMb);
  if (free >= reserve) return;
  throw new PlatformError(
    'storage.full',
    `the disk of ${stateDir} has ${inMb(free)} MB left, and ${inMb(reserve)} MB are kept for work in hand; make room, or ` +
      'lower disk_reserve_mb',
    { details: { free, reserve } },
  );
}

function inMb(bytes: number): number {
  return Math.floor(bytes / 2 ** 20);
}
