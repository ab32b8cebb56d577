/**
 * Module hooks, run by Node in a thread of their own.
 *
 * 1. A `.ts` file outside of `node_modules` is a module, also in a folder without a package.json that says so, and runs with
 *    its types removed.
 * 2. `agent-platform/…` always means this very platform, wherever the importing file lies and whatever is installed beside
 *    it: two copies of the contracts would not know each other's errors and schemas.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { strip } from './strip-types.mjs';

const OWN_NAME = 'agent-platform/';
const TYPESCRIPT = /^file:.*\.ts(?=$|\?)/;
const RELATIVE = /^\.{1,2}\//;

let own = { parentURL: '', conditions: [] };

/** `sources`: the platform itself runs from its sources, not from `dist/`. */
export function initialize({ parentURL, sources }) {
  own = { parentURL, conditions: sources ? ['agent-platform-sources'] : [] };
}

export async function resolve(specifier, context, next) {
  // The package's own `exports` say what there is: as if one of its files had asked.
  if (specifier.startsWith(OWN_NAME)) {
    return next(specifier, {
      ...context,
      parentURL: own.parentURL,
      conditions: [...context.conditions, ...own.conditions],
    });
  }
  const { parentURL = '' } = context;
  if (!RELATIVE.test(specifier) || !TYPESCRIPT.test(parentURL)) return next(specifier, context);
  if (specifier.endsWith('.ts'))
    return { url: new URL(specifier, parentURL).href, format: 'module', shortCircuit: true };
  try {
    return await next(specifier, context);
  } catch (error) {
    // `./beds.js` and `./beds` are what other compilers have people write for `./beds.ts`.
    for (const candidate of [specifier.replace(/\.js$/, '.ts'), `${specifier}.ts`, `${specifier}/index.ts`]) {
      const found = await next(candidate, context).catch(() => null);
      if (found !== null) return found;
    }
    throw error;
  }
}

export async function load(url, context, next) {
  if (!TYPESCRIPT.test(url) || url.includes('/node_modules/')) return next(url, context);
  const path = fileURLToPath(url.replace(/\?.*$/, ''));
  return { format: 'module', source: strip(readFileSync(path, 'utf8'), path), shortCircuit: true };
}
