import { PlatformError } from '../../config/errors.ts';
import type { LoadedPack } from '../definitions/resolved.ts';
import type { PackCode, Source } from '../pack.ts';

/** The data folders that this process has open: each is read once by a pack's code, whatever number of runs uses it. */
export class Sources {
  /** By the code that opened them: made with other parameters, it may open them otherwise. */
  private readonly open = new Map<PackCode, Map<string, Promise<Source>>>();

  get(pack: LoadedPack, folder: string): Promise<Source> {
    const folders = this.open.get(pack.code) ?? new Map<string, Promise<Source>>();
    this.open.set(pack.code, folders);
    let source = folders.get(folder);
    if (!source) {
      source = openSource(pack, folder);
      folders.set(folder, source);
      // A folder that could not be read is tried again by the next run.
      source.catch(() => folders.delete(folder));
    }
    return source;
  }

  async close(): Promise<void> {
    const sources = [...this.open.values()].flatMap((folders) => [...folders.values()]);
    this.open.clear();
    await Promise.allSettled(sources.map(async (source) => (await source).close()));
  }
}

/**
 * Opens a data folder by a pack's own code, which may throw anything: what is no coded error becomes `data.invalid`, and so
 * does a source that runs could not be dated by.
 */
export async function openSource(pack: LoadedPack, folder: string): Promise<Source> {
  const who = `the pack ${pack.manifest.metadata.name}`;
  let source: Source;
  try {
    source = await pack.code.open(folder);
  } catch (error) {
    if (error instanceof PlatformError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new PlatformError('data.invalid', `${who} could not open ${folder}: ${message}`, { cause: error });
  }
  const asOf: unknown = source?.asOf;
  if (typeof asOf === 'string' && isDate(asOf)) return source;
  await source?.close?.();
  const got = asOf === undefined ? 'undefined' : JSON.stringify(asOf);
  const message = `${who} opened ${folder} with asOf ${got}, expected the latest day of the data as in 2026-01-31`;
  throw new PlatformError('data.invalid', message);
}

function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}
