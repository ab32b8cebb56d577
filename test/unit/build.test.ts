import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PLATFORM_ROOT } from '../../config/root.ts';
import { suite } from '../support/suite.ts';

/** A checkout in small: the builder, one source of the core, one pack of two files. */
const root = mkdtempSync(join(tmpdir(), 'build-'));
const test = suite('what commands run from');

test.before(() => {
  cpSync(join(PLATFORM_ROOT, 'bin'), join(root, 'bin'), { recursive: true });
  symlinkSync(join(PLATFORM_ROOT, 'node_modules'), join(root, 'node_modules'));
  writeFileSync(join(root, 'package.json'), '{"type": "module"}');
  for (const folder of ['config', 'packs/garden']) mkdirSync(join(root, folder), { recursive: true });
});
test.after(() => rmSync(root, { recursive: true }));

function build(files: Record<string, string>): { status: number | null; stderr: string } {
  for (const [file, text] of Object.entries(files)) writeFileSync(join(root, file), text);
  return spawnSync(process.execPath, [join(root, 'bin/build.mjs')], { encoding: 'utf8' });
}
const written = (file: string): string => readFileSync(join(root, 'dist', file), 'utf8').split('\n')[0] ?? '';

test('a source is written without its types, column by column the same, and anew when it has changed', () => {
  build({
    'config/a.ts': "export const a: number = (await import('./b.ts')).b;\n",
    'config/b.ts': 'export const b = 1;\n',
  });
  assert.equal(written('config/a.js'), "export const a         = (await import('./b.js')).b;");
  build({ 'config/b.ts': 'export const b = 22;\n' });
  assert.equal(written('config/b.js'), 'export const b = 22;');
});

test('a pack with a file that does not compile has no translation, and whoever loads it tells why; corrected, it has one', () => {
  const broken = {
    'packs/garden/beds.ts': 'export const beds: = 1;\n',
    'packs/garden/pack.ts': "import './beds.ts';\n",
  };
  assert.equal(build(broken).status, 0);
  assert.ok(!existsSync(join(root, 'dist/packs/garden')));
  build({ 'packs/garden/beds.ts': 'export const beds = 1;\n' });
  assert.equal(written('packs/garden/pack.js'), "import './beds.js';");
});

test('a source of the core that does not compile is named at its place', () => {
  const { status, stderr } = build({ 'config/a.ts': 'export const a: = 1;\n' });
  assert.equal(status, 1);
  assert.match(stderr, /config\/a\.ts:1:16: ERROR/);
});

test('what is readied for a package names no path of this machine, and an installed package writes nothing', () => {
  build({ 'config/a.ts': 'export const a: number = 1;\n' });
  assert.match(readFileSync(join(root, 'dist/config/a.js'), 'utf8'), /sourceURL=file:/);
  const ready = `import('${join(root, 'bin/build.mjs')}').then(({ forget, build }) => (forget(), build({ portable: true })))`;
  assert.equal(spawnSync(process.execPath, ['-e', ready]).status, 0);
  assert.equal(readFileSync(join(root, 'dist/config/a.js'), 'utf8'), 'export const a         = 1;\n\n');
  renameSync(join(root, 'config'), join(root, 'elsewhere'));
  try {
    writeFileSync(join(root, 'packs/garden/beds.ts'), 'export const beds = 2;\n');
    const { stdout } = spawnSync(process.execPath, [join(root, 'bin/build.mjs')], { encoding: 'utf8' });
    assert.equal(stdout, '0 files written to dist/\n');
  } finally {
    renameSync(join(root, 'elsewhere'), join(root, 'config'));
  }
  // A checkout that was packed writes all of it anew.
  build({});
  assert.match(readFileSync(join(root, 'dist/config/a.js'), 'utf8'), /sourceURL=file:/);
});

test('a pack outside is translated once per content', () => {
  const cache = join(root, 'cache');
  const file = join(root, 'outside.ts');
  const strip = `import('${join(root, 'bin/strip-types.mjs')}').then(({ strip }) => {
    process.stdout.write(strip(require('node:fs').readFileSync('${file}', 'utf8'), '${file}'));
  })`;
  const stripped = (text: string): string => {
    writeFileSync(file, text);
    const env = { ...process.env, XDG_CACHE_HOME: cache };
    return spawnSync(process.execPath, ['-e', strip], { encoding: 'utf8', env }).stdout;
  };
  const kept = () => readdirSync(join(cache, 'agent-platform/stripped'));
  assert.equal(stripped('const a: 1 = 1;'), 'const a    = 1;');
  const [first = ''] = kept();
  // What is kept is what the next process takes.
  writeFileSync(join(cache, 'agent-platform/stripped', first), 'kept');
  assert.equal(stripped('const a: 1 = 1;'), 'kept');
  assert.equal(stripped('const a: 2 = 2;'), 'const a    = 2;');
  assert.equal(stripped('const a: 1 = 1;'), 'kept');
  assert.equal(kept().length, 2);
});

test.run();
