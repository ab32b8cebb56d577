import { mkdirSync, writeFileSync } from 'node:fs';
import { documentText, publishedDocuments } from './schemas.documents.ts';

/**
 * `npm run docs:schemas` writes the published documents from the schemas that the doors validate by. `--publish` also
 * writes them to published/, which later ones are held against: they may only grow.
 */
const folders = ['.', ...(process.argv.includes('--publish') ? ['published'] : [])];
for (const [name, document] of Object.entries(await publishedDocuments())) {
  for (const folder of folders) {
    const file = new URL(`${folder}/${name}`, import.meta.url);
    mkdirSync(new URL('.', file), { recursive: true });
    writeFileSync(file, documentText(document));
  }
}
