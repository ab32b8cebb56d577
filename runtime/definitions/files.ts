import { readFile, realpath } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';

/**
 * Files of a pack. What a pack names lies inside its folder, symbolic links followed: a definition that someone else
 * wrote cannot put a file of the machine into a prompt.
 */
export type Opened = { ok: true; path: string; bytes: Uint8Array } | { ok: false; wrong: string };

/** Reads a file that a definition names, relative to `base`. Every failure is an outcome in words. */
export async function openInside(folder: string, base: string, name: string): Promise<Opened> {
  const found = await findInside(folder, base, name);
  if (!found.ok) return found;
  try {
    return { ok: true, path: found.path, bytes: await readFile(found.path) };
  } catch (error) {
    return { ok: false, wrong: `${JSON.stringify(name)} cannot be read (${codeOf(error)}), expected a text file` };
  }
}

/** The absolute path of something that a definition names, when it exists inside the pack's folder. */
export async function findInside(
  folder: string,
  base: string,
  name: string,
): Promise<{ ok: true; path: string } | { ok: false; wrong: string }> {
  const path = resolve(base, name);
  const outside = {
    ok: false as const,
    wrong: `${JSON.stringify(name)} leads out of the pack's folder, expected a path inside it`,
  };
  if (isAbsolute(name) || !contains(folder, path)) return outside;
  try {
    if (!contains(await realpath(folder), await realpath(path))) return outside;
  } catch (error) {
    const wrong = codeOf(error) === 'ENOENT' ? 'does not exist' : `cannot be opened (${codeOf(error)})`;
    return { ok: false, wrong: `${JSON.stringify(name)} ${wrong}, expected it at ${displayPath(path)}` };
  }
  return { ok: true, path };
}

/** How messages name a file: relative to the working directory when inside it, else absolute. */
export function displayPath(path: string): string {
  const near = relative(process.cwd(), path);
  return near === '' || near === '..' || near.startsWith(`..${sep}`) || isAbsolute(near) ? path : near;
}

export function codeOf(error: unknown): string {
  return String((error as NodeJS.ErrnoException | null)?.code ?? error);
}

function contains(folder: string, path: string): boolean {
  const inner = relative(folder, path);
  return inner !== '..' && !inner.startsWith(`..${sep}`) && !isAbsolute(inner);
}
