import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { command } from '../support/command.ts';
import { suite } from '../support/suite.ts';

const BIN = resolve(import.meta.dirname, '../../bin/agent-platform.mjs');
const LIBRARY = resolve(import.meta.dirname, '../packs/library');
let folder = '';

const test = suite('agents validate and schema print', { timeoutMs: 60_000 });
test.before.each(() => {
  folder = mkdtempSync(join(tmpdir(), 'validate-'));
  cpSync(LIBRARY, join(folder, 'library'), { recursive: true });
});
test.after.each(() => rmSync(folder, { recursive: true }));

function change(file: string, from: string, to: string): void {
  const path = join(folder, 'library', file);
  const text = readFileSync(path, 'utf8');
  assert.ok(text.includes(from));
  // As an editor saves: a new file takes the place of the old one.
  writeFileSync(`${path}.new`, text.replace(from, to));
  renameSync(`${path}.new`, path);
}

test('warnings alone exit 0, errors exit 1; each has a line of its own, and the last line counts; no server is started', async () => {
  const warned = await command(['agents', 'validate', 'library'], { cwd: folder });
  assert.equal(warned.code, 0, warned.stderr);
  assert.match(warned.stdout, /^Warnings\nlibrary\/agents\/finder\.yaml:10:14 sub_agents\.0: /);
  assert.match(warned.stdout, /\n3 agents: no errors, 3 warnings \(with the pack library\)\n$/);

  change('agents/finder.yaml', 'decision_style: assertive', 'decision_style: bold');
  change('pack.yaml', 'agent: librarian', 'agent: librarien');
  const wrong = await command(['agents', 'validate', 'library', '--no-types', '--json'], { cwd: folder });
  assert.equal(wrong.code, 1);
  const { ok, errors } = JSON.parse(wrong.stdout) as { ok: boolean; errors: { file: string; path: string }[] };
  assert.equal(ok, false);
  assert.deepEqual(
    errors.map(({ file, path }) => [file, path]),
    [
      ['library/agents/finder.yaml', 'core_context.characteristics.decision_style'],
      ['library/pack.yaml', 'schedules.weekly_stocktaking.agent'],
    ],
  );
  assert.equal(existsSync(join(folder, '.agent-platform')), false);
});

test('a folder of agent files is checked against a pack by folder or by name', async () => {
  cpSync(join(folder, 'library/agents'), join(folder, 'drafts'), { recursive: true });
  const byFolder = await command(['agents', 'validate', 'drafts', '--pack', 'library'], { cwd: folder });
  assert.equal(byFolder.code, 0, byFolder.stdout + byFolder.stderr);
  const env = { AGENT_PLATFORM_PACKS: LIBRARY };
  const byName = await command(['agents', 'validate', 'drafts', '--pack', 'library'], { cwd: tmpdir(), env });
  assert.equal(byName.code, 1);
  assert.match(byName.stderr, /error\[pack\.not_found\].*drafts/);
  const unknown = await command(['agents', 'validate', 'drafts', '--pack', 'archive'], { cwd: folder, env });
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /got "archive"; there are: library/);
});

test('--watch checks again after a change, of code too, and ends well on Ctrl-C', async () => {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, [BIN, 'agents', 'validate', 'library', '--no-types', '--watch'], {
    cwd: folder,
    env: { PATH, HOME },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let wake = (): void => {};
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      wake();
    });
  }
  const until = async (what: RegExp): Promise<void> => {
    while (!what.test(output)) {
      assert.equal(child.exitCode ?? child.signalCode, null, output);
      await new Promise<void>((resolve) => (wake = resolve));
    }
    output = '';
  };
  const late = setTimeout(() => child.kill('SIGKILL'), 40_000);
  const closed = new Promise<number | null>((resolve) => child.on('close', resolve).on('exit', () => wake()));
  try {
    await until(/no errors, 3 warnings/);
    change('pack.ts', "name: 'look_up'", "name: 'look_down'");
    await until(/1 error, 3 warnings/);
    change('pack.ts', "name: 'look_down'", "name: 'look_up'");
    await until(/no errors, 3 warnings/);
    child.kill('SIGINT');
    assert.equal(await closed, 0);
  } finally {
    clearTimeout(late);
    child.kill('SIGKILL');
  }
});

test('schema print gives what is committed for editors', async () => {
  for (const kind of ['agent', 'pack']) {
    const { code, stdout } = await command(['schema', 'print', kind]);
    assert.equal(code, 0);
    assert.equal(stdout, readFileSync(resolve(import.meta.dirname, `../../docs/schemas/${kind}.schema.json`), 'utf8'));
  }
  assert.equal((await command(['schema', 'print', 'tool'])).code, 2);
});

test.run();
