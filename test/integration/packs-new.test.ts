import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PLATFORM_ROOT } from '../../config/root.ts';
import { command } from '../support/command.ts';
import { suite } from '../support/suite.ts';

const test = suite('packs new', { timeoutMs: 90_000 });
let cwd = '';

test.before.each(() => {
  cwd = realpathSync(mkdtempSync(join(tmpdir(), 'packs-new-')));
});
test.after.each(() => rmSync(cwd, { recursive: true, force: true }));

const packs = (...args: string[]) => command(['packs', 'new', ...args], { cwd });

function ownTest(file: string): Promise<string> {
  const register = join(PLATFORM_ROOT, 'bin/register.mjs');
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const args = ['--import', register, '--test', '--test-reporter', 'tap', file];
  const child = spawn(process.execPath, args, { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => void (output += text));
  return new Promise((done, fail) => child.on('error', fail).on('close', () => done(output)));
}

test('what it writes passes validation, types included, and its own test', async () => {
  const { code, stdout, stderr } = await packs('cold-store');
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^to check it: .*agents validate cold-store$/m);
  const checked = await command(['agents', 'validate', 'cold-store', '--json'], { cwd });
  const { ok, errors, warnings, remarks, agents } = JSON.parse(checked.stdout);
  assert.deepEqual([ok, errors, warnings, remarks, agents], [true, [], [], [], 1]);
  assert.match(await ownTest('cold-store/cold-store.test.ts'), /^# pass 2\n# fail 0$/m);
});

test('with --json it names what it wrote; an empty folder is taken, another name is given, and no name of the template stays', async () => {
  mkdirSync(join(cwd, 'Empty'));
  const { code, stdout, stderr } = await packs('Empty', '--name', 'cold-store', '--json');
  assert.equal(code, 0, stderr);
  const { pack, folder, files } = JSON.parse(stdout) as { pack: string; folder: string; files: string[] };
  assert.deepEqual([pack, folder], ['cold-store', join(cwd, 'Empty')]);
  const written = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  assert.deepEqual(written.map((entry) => join(entry.parentPath, entry.name)).sort(), [...files].sort());
  for (const file of files) assert.doesNotMatch(`${file}\n${readFileSync(file, 'utf8')}`, /my[-_]?pack/i);
});

test('what cannot be written is refused with a code, and nothing is left behind', async () => {
  mkdirSync(join(cwd, 'full'));
  writeFileSync(join(cwd, 'full/notes.txt'), 'mine');
  for (const [args, exit, says] of [
    [['full'], 1, /^error\[pack\.exists\]: .*full holds notes\.txt already; name a folder that is new or empty/],
    [['full/notes.txt', '--name', 'notes'], 1, /^error\[pack\.denied\]: .*notes\.txt cannot be written/],
    [['no/such'], 1, /^error\[pack\.denied\]: .*no does not exist; make it first/],
    [['Shelf'], 2, /^error\[usage\.invalid\]: .*got "Shelf", the name of the folder; give another one with --name/],
    [['shelf', '--name', 'a_b'], 2, /^error\[usage\.invalid\]: .*got "a_b"$/m],
    [['shelf', '--name', 'a'.repeat(51)], 2, /^error\[usage\.invalid\]/],
    [[], 2, /^error\[usage\.invalid\]: missing required argument 'dir'/],
  ] as const) {
    const { code, stdout, stderr } = await packs(...args);
    assert.deepEqual([code, stdout], [exit, ''], stderr);
    assert.match(stderr, says);
    assert.deepEqual(readdirSync(cwd, { recursive: true, encoding: 'utf8' }).sort(), ['full', 'full/notes.txt']);
  }
});

test.run();
