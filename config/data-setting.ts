/**
 * The setting `data`: one folder, or one for each pack. In YAML a map, `data: {library: ./shelf}`; as text
 * `library=./shelf`, one option for each pack, in the environment separated as paths are. A folder whose own name looks
 * like that is written with `./` in front.
 */
import { delimiter, resolve } from 'node:path';
import { z } from 'zod';

/** A folder, or pack → folder. Absolute once the settings are resolved. */
export type DataSetting = string | Readonly<Record<string, string>>;

/** Names of packs, as `pack.yaml` may give them, in front of a folder. */
const OF_PACK = /^([a-z][a-z0-9-]*)=(.*)$/s;

const folder = z.string().trim().min(1);
const ofPacks = z.record(z.string().regex(/^[a-z][a-z0-9-]*$/), folder).refine((map) => Object.keys(map).length > 0);

export const dataSetting: z.ZodType<DataSetting> = z
  .union([folder, z.array(folder).min(1), ofPacks])
  .transform((written, context) => {
    if (typeof written === 'object' && !Array.isArray(written)) return written;
    const setting = fromText([written].flat());
    if (setting !== null) return setting;
    context.addIssue({ code: 'custom', message: 'several folders, and not each for another pack' });
    return z.NEVER;
  });

function fromText(written: readonly string[]): DataSetting | null {
  const [only = '', ...more] = written;
  if (more.length === 0 && !OF_PACK.test(only)) return only;
  const pairs = written.flatMap((text) => (OF_PACK.test(text) ? text.split(delimiter) : [text])).map(pairOf);
  const packs = new Set(pairs.map((pair) => pair?.[0]));
  return pairs.every((pair) => pair !== null) && packs.size === pairs.length ? Object.fromEntries(pairs) : null;
}

function pairOf(text: string): [pack: string, folder: string] | null {
  const [, pack, path = ''] = OF_PACK.exec(text) ?? [];
  return pack === undefined || path.trim() === '' ? null : [pack, path.trim()];
}

export function absoluteData(data: DataSetting, base: string): DataSetting {
  if (typeof data === 'string') return resolve(base, data);
  return Object.fromEntries(Object.entries(data).map(([pack, path]) => [pack, resolve(base, path)]));
}

export function dataText(data: DataSetting): string {
  if (typeof data === 'string') return data;
  return Object.entries(data)
    .map(([pack, path]) => `${pack}=${path}`)
    .join(', ');
}

/** The folder that a person named for a pack; undefined leaves the pack its own. */
export function namedData(data: DataSetting | undefined, pack: string): string | undefined {
  if (data === undefined || typeof data === 'string') return data;
  return Object.hasOwn(data, pack) ? data[pack] : undefined;
}
