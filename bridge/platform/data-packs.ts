/** Holds the setting `data` against the packs that are loaded: a folder means one pack, and packs that it names are there. */
import { PlatformError } from '../../config/errors.ts';
import type { Settings } from '../../config/settings.ts';
import type { LoadedPack } from '../../runtime/definitions/resolved.ts';

/** @throws PlatformError `settings.invalid` for a pack that is not loaded */
export function checkNamedPacks({ data }: Settings, packs: readonly LoadedPack[]): void {
  if (data === undefined || typeof data === 'string') return;
  const known = namesOf(packs);
  const strangers = Object.keys(data).filter((name) => !known.includes(name));
  if (strangers.length === 0) return;
  throw new PlatformError(
    'settings.invalid',
    `data: no loaded pack is called ${strangers.join(' or ')}; there are: ${known.join(', ') || 'none'}`,
  );
}

/**
 * For whoever asks all of these packs: one folder cannot be the data of several.
 * @throws PlatformError `settings.invalid`
 */
export function checkOneMeaning({ data }: Settings, packs: readonly LoadedPack[]): void {
  const [first = '', ...more] = namesOf(packs);
  if (typeof data !== 'string' || more.length === 0) return;
  throw new PlatformError(
    'settings.invalid',
    `data: one folder, ${data}, cannot be the data of several packs (${[first, ...more].join(', ')}); say whose it is: ` +
      `\`data: {${first}: ${data}}\` in agent-platform.yaml, or --data ${first}=${data}`,
  );
}

function namesOf(packs: readonly LoadedPack[]): string[] {
  return [...new Set(packs.map(({ manifest }) => manifest.metadata.name))];
}
