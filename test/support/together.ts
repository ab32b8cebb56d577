/**
 * Runs several test files in one process, one after the other: `node … together.ts FILE…`. Unit files take less time than the
 * start of a process does; integration files use its servers one after the other. uvu's queue is filled first, so that a file
 * that forgot `.run()` is found as if it were alone.
 */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

interface UvuGlobals {
  UVU_DEFER: boolean;
  UVU_QUEUE: unknown[][];
  UVU_INDEX: number;
}
const uvu = globalThis as unknown as UvuGlobals;
uvu.UVU_DEFER = true;
uvu.UVU_QUEUE = [];

const { runQueued } = await import('./suite.ts');
for (const file of process.argv.slice(2)) {
  uvu.UVU_INDEX = uvu.UVU_QUEUE.push([file]) - 1;
  await import(pathToFileURL(resolve(file)).href);
}
await runQueued();
await (await import('./servers.ts')).stopSharedServers();
