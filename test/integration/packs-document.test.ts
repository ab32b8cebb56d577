import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { missingLines, readTutorial, writeTutorial } from '../support/document.ts';
import { suite } from '../support/suite.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const tutorial = readTutorial(new URL('../../docs/packs.md', import.meta.url));
let home = '';
let folder = '';

const test = suite('docs/packs.md, outside the repository', { timeoutMs: 120_000 });

/** What `npm link` in a checkout leaves behind: the command in the PATH, and the package where `npm root -g` says. */
test.before(() => {
  home = mkdtempSync(join(tmpdir(), 'packs-document-'));
  folder = join(home, 'work');
  mkdirSync(join(home, 'bin'));
  mkdirSync(join(home, 'global/lib/node_modules'), { recursive: true });
  symlinkSync(join(ROOT, 'bin/agent-platform.mjs'), join(home, 'bin/agent-platform'));
  symlinkSync(ROOT, join(home, 'global/lib/node_modules/agent-platform'));
  mkdirSync(folder);
  writeTutorial(tutorial, folder);
});
test.after(() => rmSync(home, { recursive: true, force: true }));

/** One line of the document, as a shell runs it. */
function shell(line: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const { PATH = '', HOME = '', XDG_CACHE_HOME } = process.env;
  const env = {
    PATH: `${join(home, 'bin')}:${PATH}`,
    HOME,
    npm_config_prefix: join(home, 'global'),
    ...(XDG_CACHE_HOME && { XDG_CACHE_HOME }),
  };
  return new Promise((done, fail) => {
    const child = spawn('sh', ['-c', line], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => void (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => void (stderr += text));
    child.on('error', fail);
    child.on('close', (code) => done({ code, stdout, stderr }));
  });
}

test('its files are a whole pack', () => {
  assert.deepEqual(
    [...tutorial.files.keys()],
    [
      'garden/pack.yaml',
      'garden/agents/gardener.yaml',
      'garden/agents/prompts/gardener.md',
      'garden/pack.ts',
      'garden/data/beds.csv',
      'agent-platform.yaml',
      'garden/garden.test.ts',
    ],
  );
});

for (const { lines, prints } of tutorial.commands) {
  test(`it prints what the document shows: ${lines.join('; ')}`, async () => {
    let output = '';
    for (const line of lines) {
      const { code, stdout, stderr } = await shell(line);
      assert.equal(code, 0, `${line}\n${stdout}${stderr}`);
      output += stdout;
    }
    assert.deepEqual(missingLines(prints, output), [], output);
  });
}

test.run();
