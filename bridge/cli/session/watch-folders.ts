import { type FSWatcher, readdirSync, watch } from 'node:fs';
import { join } from 'node:path';

const ELSEWHERE = /^(node_modules|\..*)$/;

/**
 * Calls back after every change in the folders and below, hidden files and `node_modules` aside. Folder by folder: a watch
 * on files, which is what `recursive` means on Linux, is lost when an editor saves by renaming. Returns how to stop.
 */
export function watchFolders(folders: readonly string[], onChange: () => void): () => void {
  const watchers = new Map<string, FSWatcher>();
  const add = (folder: string): void => {
    for (const inner of foldersBelow(folder)) {
      if (watchers.has(inner)) continue;
      const watcher = watch(inner, (_event, name) => {
        if (name !== null && ELSEWHERE.test(name)) return;
        // The change may have been a new folder.
        add(inner);
        onChange();
      });
      const forget = (): void => void watchers.delete(inner);
      watcher.on('error', forget).on('close', forget);
      watchers.set(inner, watcher);
    }
  };
  for (const folder of folders) add(folder);
  return () => {
    for (const watcher of [...watchers.values()]) watcher.close();
  };
}

/** The folder and those below it; nothing of one that is gone. */
function foldersBelow(folder: string): string[] {
  try {
    const inner = readdirSync(folder, { withFileTypes: true }).filter(
      (entry) => entry.isDirectory() && !ELSEWHERE.test(entry.name),
    );
    return [folder, ...inner.flatMap(({ name }) => foldersBelow(join(folder, name)))];
  } catch {
    return [];
  }
}
