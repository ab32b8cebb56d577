import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { FROM_SOURCES, PLATFORM_ROOT } from '../../config/root.ts';

/**
 * Imports a pack's file, TypeScript or not, from any folder. It can import `agent-platform/sdk`, which is always this very
 * platform.
 */
export async function importPath(path: string): Promise<unknown> {
  const translated = FROM_SOURCES ? null : translation(path);
  if (translated === null) await hook();
  return import(pathToFileURL(translated ?? path).href);
}

/** What a file of a pack that lies in the platform's own folder was translated to; null for other files. */
function translation(path: string): string | null {
  const inside = relative(PLATFORM_ROOT, path);
  if (inside.startsWith('..') || !inside.endsWith('.ts')) return null;
  const translated = join(PLATFORM_ROOT, 'dist', inside.replace(/\.ts$/, '.js'));
  return existsSync(translated) ? translated : null;
}

/** Node's hooks cost each later import some time, so they are registered for packs that need them. */
async function hook(): Promise<void> {
  const hooks = (await import(pathToFileURL(join(PLATFORM_ROOT, 'bin/hook.mjs')).href)) as {
    hook(sources: boolean): void;
  };
  hooks.hook(FROM_SOURCES);
}
