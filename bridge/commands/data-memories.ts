/** Memories that a data folder brings along. */
import type { LoadedPack } from '../../runtime/definitions/resolved.ts';
import type { Source } from '../../runtime/source.ts';
import { dataOf, type Platform } from '../platform/platform.ts';

const seeded = new WeakMap<Source, Promise<unknown>>();

/** Loads the memories that a pack's data folder brings along; loading them again adds nothing. */
export async function loadMemories(platform: Platform, pack: LoadedPack): Promise<void> {
  const { folder, tenant } = dataOf(platform.settings, pack);
  if (folder !== null) await seedOnce(platform, await platform.runtime.sources.get(pack, folder), tenant);
}

/** Once per process. */
export async function seedOnce({ runtime }: Platform, source: Source, tenant: string): Promise<void> {
  let seeding = seeded.get(source);
  if (!seeding) {
    seeding = source.memories().then((memories) => runtime.memory.seed(tenant, memories));
    seeded.set(source, seeding);
    seeding.catch(() => seeded.delete(source));
  }
  await seeding;
}
