import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PlatformError } from '../../config/errors.ts';
import { resolveSettings } from '../../config/settings.ts';
import { suite } from '../support/suite.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const EXPORTED = /^export (?:async )?(?:class|interface|type|const|function) (\w+)/gm;
const LINK = /\[[^\]]*\]\(([^)\s]+)\)/g;

/** Markdown files that people read; agents' prompts are Markdown too and hold no links. */
function documents(folder = ROOT): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.name.startsWith('.') || entry.name === 'node_modules') return [];
    if (entry.isDirectory()) return documents(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

/** Text outside code blocks, fenced or indented, and without inline code. */
function prose(file: string): string {
  return readFileSync(file, 'utf8')
    .replaceAll(/^```[\s\S]*?^```/gm, '')
    .replaceAll(/^ {4}.*$/gm, '')
    .replaceAll(/`[^`\n]*`/g, '');
}

/** The names under which a reader's browser finds the headings of a file. */
function anchors(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** The settings that there are, as the refusal of an unknown one lists them. */
function settingsKeys(): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'docs-'));
  try {
    writeFileSync(join(folder, 'agent-platform.yaml'), 'unheard_of: 1\n');
    resolveSettings({ cwd: folder, env: {} });
  } catch (error) {
    assert.ok(error instanceof PlatformError);
    return /known are (.+)$/.exec(error.message)?.[1]?.split(', ') ?? [];
  } finally {
    rmSync(folder, { recursive: true });
  }
  return [];
}

/** The table of docs/settings.md: key → the cells behind it. */
function settingsTable(): Map<string, string[]> {
  const rows = readFileSync(join(ROOT, 'docs/settings.md'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  return new Map(
    rows.map((row) => {
      const [key = '', ...cells] = row
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('`', ''));
      return [key, cells];
    }),
  );
}

const test = suite('documents');

test('docs/settings.md has every setting, its variable and its default, and README stays short', () => {
  const table = settingsTable();
  const keys = settingsKeys();
  assert.ok(keys.length > 0);
  assert.deepEqual([...table.keys()], keys);
  const defaults = resolveSettings({ cwd: tmpdir(), env: {} }) as unknown as Record<string, unknown>;
  for (const [key, [variables = '', written = '']] of table) {
    assert.ok(variables.split(', ').includes(`AGENT_PLATFORM_${key.toUpperCase()}`), key);
    const value = defaults[key.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())];
    const none = value === undefined || (Array.isArray(value) && value.length === 0);
    const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
    const shown = key === 'state_dir' ? relative(tmpdir(), String(value)) : isMap ? 'below' : String(value);
    assert.equal(written, none ? '–' : shown, key);
  }
  const words = readFileSync(join(ROOT, 'README.md'), 'utf8').split(/\s+/).filter(Boolean).length;
  assert.ok(words <= 1_500, `README has ${words} words`);
});

test('every decision is listed in docs/adr/README.md by its own title, and says what it must', () => {
  const folder = join(ROOT, 'docs/adr');
  const index = readFileSync(join(folder, 'README.md'), 'utf8');
  const files = readdirSync(folder).filter((file) => file !== 'README.md');
  assert.ok(files.length > 0);
  for (const [at, file] of files.sort().entries()) {
    assert.match(file, /^\d{4}-[a-z-]+\.md$/);
    assert.equal(Number(file.slice(0, 4)), at + 1, `${file} is out of number`);
    const text = readFileSync(join(folder, file), 'utf8');
    const title = /^# (.+)$/m.exec(text)?.[1] ?? '';
    assert.ok(index.includes(`[${title}](${file})`), `${file} is not listed as «${title}»`);
    for (const part of ['**Status**: ', '## Problem', '## Decision', '## Alternatives']) {
      assert.ok(text.includes(part), `${file} has no ${part}`);
    }
  }
});

test('every name of the glossary is one of the code, and its words are in order', () => {
  const rows = [
    ...readFileSync(join(ROOT, 'docs/glossary.md'), 'utf8').matchAll(/^\| ([^|]+) \| ([^|]+) \| [^|]+ \|$/gm),
  ].slice(1);
  const words = rows.map(([, word = '']) => word);
  assert.deepEqual(words, words.toSorted());
  const exported = new Set(
    ['config', 'runtime', 'actors', 'bridge'].flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.ts'))
        .flatMap((file) =>
          [...readFileSync(join(ROOT, folder, file), 'utf8').matchAll(EXPORTED)].map(([, name]) => name),
        ),
    ),
  );
  const names = rows.flatMap(([, , cell = '']) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name));
  assert.ok(names.length > 20);
  assert.deepEqual(
    names.filter((name) => !exported.has(name)),
    [],
  );
});

test('every source that a document names by its path is there', () => {
  const named = /`((?:config|runtime|actors|bridge|packs|test|bin)\/[\w./-]+\.(?:ts|mjs))`/g;
  const lost = documents().flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(named)].flatMap(([, path = '']) =>
      existsSync(join(ROOT, path)) ? [] : [`${relative(ROOT, file)}: ${path}`],
    ),
  );
  assert.deepEqual(lost, []);
});

test('every relative link leads to a file, and its anchor to a heading', () => {
  const broken = documents().flatMap((file) =>
    [...prose(file).matchAll(LINK)].flatMap(([, target = '']) => {
      if (/^[a-z]+:/.test(target)) return [];
      const [path = '', anchor] = target.split('#');
      const to = path === '' ? file : resolve(dirname(file), path);
      const found = existsSync(to) && (anchor === undefined || (statSync(to).isFile() && anchors(to).includes(anchor)));
      return found ? [] : [`${relative(ROOT, file)}: ${target}`];
    }),
  );
  assert.deepEqual(broken, []);
});

test.run();
