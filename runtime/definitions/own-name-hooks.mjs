/**
 * Module hooks, run by Node in a thread of their own, which is why they are plain JavaScript.
 *
 * 1. `agent-platform/…` always means this very platform, wherever the importing file lies and whatever is installed
 *    beside it: two copies of the contracts would not know each other's errors and schemas.
 * 2. A pack's TypeScript is a module, also in a folder without a package.json that says so.
 */
const OWN_NAME = 'agent-platform/';
/** What the TypeScript loader makes of a `.ts` file that it takes for CommonJS may carry a query, also an escaped one. */
const TYPESCRIPT = /^(file:.*?\.ts)(?=\?|%3F|$)/i;

let self = '';

export function initialize(url) {
  self = url;
}

export async function resolve(specifier, context, next) {
  // The package's own `exports` say what there is: as if one of its files had asked.
  if (specifier.startsWith(OWN_NAME)) return next(specifier, { ...context, parentURL: self });
  const found = await next(specifier, context);
  const file = found.format === 'commonjs' ? TYPESCRIPT.exec(found.url)?.[1] : undefined;
  if (file === undefined || file.includes('/node_modules/')) return found;
  return { ...found, url: file, format: 'module' };
}
