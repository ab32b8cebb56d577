import { fileURLToPath } from 'node:url';

const here = new URL('..', import.meta.url);

/** Commands run from the translation in `dist/`, tests from the sources. */
export const FROM_SOURCES = !here.pathname.endsWith('/dist/');

/** The platform's own folder: where its package.json and `bin/` lie. */
export const PLATFORM_ROOT = fileURLToPath(FROM_SOURCES ? here : new URL('..', here));

/** Has a child process of Node run files of the platform as this one does. */
export const NODE_ARGUMENTS: readonly string[] = FROM_SOURCES
  ? ['--import', new URL('bin/sources.mjs', here).href]
  : [];
