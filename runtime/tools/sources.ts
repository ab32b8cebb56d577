import type { LoadedPack } from '../definitions/resolved.ts';
import type { Source } from '../pack.ts';

/** The data folders that this process has open: each is read once, whatever number of runs uses it. */
export class Sources {
  private readonly open = new Map<string, Promise<Source>>();

  get(pack: LoadedPack, folder: string): Promise<Source> {
    const key = `${pack.manifest.metadata.name}\n${folder}`;
    let source = this.open.get(key);
    if (!source) {
      source = pack.code.open(folder);
      this.open.set(key, source);
      // A folder that could not be read is tried again by the next run.
      source.catch(() => this.open.delete(key));
    }
    return source;
  }

  async close(): Promise<void> {
    const sources = [...this.open.values()];
    this.open.clear();
    await Promise.allSettled(sources.map(async (source) => (await source).close()));
  }
}
