import { readFileSync, writeFileSync } from 'node:fs';
import { errorsDocument } from './errors.document.ts';

/** `npm run docs:errors` writes errors.md from the registry; with `--check` it only compares and exits 1 when they differ. */
const file = new URL('errors.md', import.meta.url);
if (!process.argv.includes('--check')) {
  writeFileSync(file, errorsDocument());
} else if (readFileSync(file, 'utf8') !== errorsDocument()) {
  console.error('docs/errors.md is not what config/errors.ts says: run `npm run docs:errors`');
  process.exitCode = 1;
}
