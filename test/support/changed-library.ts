import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Suite } from './suite.ts';

const LIBRARY = resolve(import.meta.dirname, '../packs/library');

/** Text by text that is replaced in a file of the pack. */
export type Changes = Record<string, Record<string, string>>;

/** Copies of the library pack with other rules, removed after the suite's last test. */
export function withChangedLibraries(test: Suite): (changes: Changes) => { packs: string[] } {
  const folders: string[] = [];
  test.after(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));
  return (changes) => {
    const folder = mkdtempSync(join(tmpdir(), 'library-'));
    folders.push(folder);
    cpSync(LIBRARY, folder, { recursive: true });
    for (const [file, replaced] of Object.entries(changes)) {
      let text = readFileSync(join(folder, file), 'utf8');
      for (const [from, to] of Object.entries(replaced)) {
        assert.ok(text.includes(from), `${file} has no ${from}`);
        text = text.replace(from, to);
      }
      writeFileSync(join(folder, file), text);
    }
    return { packs: [folder] };
  };
}
