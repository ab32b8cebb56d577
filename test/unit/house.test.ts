import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NODE_ARGUMENTS } from '../../config/root.ts';
import { CLOSING } from '../support/closing.ts';
import { suite } from '../support/suite.ts';

/** The guard of the test house: what uvu alone would let pass must fail. */
const SUITE = new URL('../support/suite.ts', import.meta.url).href;
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
let folder = '';

const test = suite('test house');

test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'house-'));
});
test.after(() => rmSync(folder, { recursive: true }));

/** Runs a test file with this body; `test` is its suite. */
function run(
  body: string,
  options = '{}',
  env: Record<string, string> = {},
): { code: number | null; passed: number; failed: number; output: string } {
  const file = join(mkdtempSync(join(folder, 'case-')), 'sample.ts');
  writeFileSync(file, `import { suite } from '${SUITE}'; const test = suite('sample', ${options});\n${body}\n`);
  const { status, stdout, stderr } = spawnSync(process.execPath, [...NODE_ARGUMENTS, file], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });
  const closing = stdout.trimEnd().split('\n').at(-1) ?? '';
  assert.ok(closing.startsWith(CLOSING), `no closing line:\n${stdout}${stderr}`);
  return { code: status, ...JSON.parse(closing.slice(CLOSING.length)), output: stdout + stderr };
}

function expect(body: string, expected: { passed: number; failed: number; says?: RegExp }, options?: string): void {
  const result = run(body, options);
  const { code, passed, failed } = result;
  assert.deepEqual({ passed, failed }, { passed: expected.passed, failed: expected.failed }, result.output);
  assert.equal(code, expected.failed > 0 ? 1 : 0);
  if (expected.says) assert.match(result.output, expected.says);
}

test('passing tests pass, and their hooks run around them', () => {
  expect(
    `const seen = []; test.before.each(() => seen.push('b')); test.after.each(() => seen.push('a'));
     test('one', () => {}); test('two', () => { if (seen.join('') !== 'bab') throw new Error(seen.join('')); }); test.run();`,
    { passed: 2, failed: 0 },
  );
});

test('a throwing test fails, and the tests after it still run', () => {
  expect(`test('one', () => { throw new Error('broken'); }); test('two', () => {}); test.run();`, {
    passed: 1,
    failed: 1,
    says: /broken/,
  });
});

test('a throwing before fails every test of the suite', () => {
  expect(
    `test.before(() => { throw new Error('no server'); }); test('one', () => {}); test('two', () => {}); test.run();`,
    {
      passed: 0,
      failed: 2,
      says: /no server/,
    },
  );
});

test('a throwing after is a failure of its own', () => {
  expect(`test.after(() => { throw new Error('left behind'); }); test('one', () => {}); test.run();`, {
    passed: 1,
    failed: 1,
    says: /left behind/,
  });
});

test('a throwing after.each fails its test and not the following ones', () => {
  expect(
    `let n = 0; test.after.each(() => { if (++n === 1) throw new Error('not clean'); });
     test('one', () => {}); test('two', () => {}); test.run();`,
    { passed: 1, failed: 1, says: /not clean/ },
  );
});

test('a forgotten run fails', () => {
  expect(`test('one', () => {});`, { passed: 0, failed: 2, says: /was \.run\(\) called/ });
});

test('an empty suite fails', () => {
  expect('test.run();', { passed: 0, failed: 1, says: /no tests/ });
});

test('a hung test ends at its timeout', () => {
  expect(
    `test('hangs', () => new Promise(() => {})); test('two', () => {}); test.run();`,
    { passed: 1, failed: 1, says: /did not end within 50 ms/ },
    '{ timeoutMs: 50 }',
  );
});

test('a rejection that nobody awaits fails the file', () => {
  expect(
    `test('one', async () => { void Promise.reject(new Error('lost')); await new Promise((r) => setTimeout(r, 50)); }); test.run();`,
    {
      passed: 0,
      failed: 2,
      says: /lost/,
    },
  );
});

test('settings in the environment reach neither a test nor what it starts; where programs and caches are does', () => {
  const settings = {
    ANTHROPIC_API_KEY: 'sk-1',
    ANTHROPIC_CUSTOM_HEADERS: 'authorization: Bearer evil',
    AGENT_PLATFORM_MODELS: 'nonsense',
    NATS_URL: 'nats://nowhere:1',
    REDIS_URL: 'redis://nowhere:1',
  };
  const body = `import { execFileSync } from 'node:child_process';
    const names = ${JSON.stringify(Object.keys(settings))};
    const below = () => JSON.parse(execFileSync(process.execPath, ['-p', 'JSON.stringify(process.env)'], { encoding: 'utf8' }));
    test('none', () => {
      for (const env of [process.env, below()]) {
        const found = names.filter((name) => name in env);
        if (found.length > 0 || env.XDG_CACHE_HOME !== '/cache' || !env.PATH) throw new Error('found ' + found);
      }
    });
    test.run();`;
  const { passed, failed, output } = run(body, '{}', { ...settings, XDG_CACHE_HOME: '/cache' });
  assert.deepEqual([passed, failed], [1, 0], output);
});

test('the runner fails when no file matches', () => {
  const runner = join(ROOT, 'test/run.ts');
  const none = spawnSync(process.execPath, [...NODE_ARGUMENTS, runner, 'no-such-file'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  assert.equal(none.status, 1);
  assert.equal(none.stdout.trimEnd().split('\n').at(-1), '0 passed, 0 failed');
});

test.run();
