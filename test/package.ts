/**
 * `npm run test:package`: what `npm pack` gives is installed into an empty project and used there. About 45 s of CPU, so it
 * is no part of `npm test`.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PLATFORM_ROOT } from '../config/root.ts';

const home = mkdtempSync(join(tmpdir(), 'package-'));
const project = join(home, 'project');
const installed = join(project, 'node_modules/agent-platform');
const QUIET = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];

function run(command: string, args: readonly string[], cwd: string): string {
  console.log(`${command} ${args.join(' ')}`);
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], timeout: 120_000 });
}
const platform = (...args: string[]): string => run('npx', ['agent-platform', ...args], project);

try {
  mkdirSync(project);
  run('npm', ['pack', '--silent', '--pack-destination', home], PLATFORM_ROOT);
  const [tarball = ''] = readdirSync(home).filter((file) => file.endsWith('.tgz'));
  writeFileSync(join(project, 'package.json'), '{"name": "project", "version": "1.0.0"}');
  run('npm', ['install', ...QUIET, join(home, tarball)], project);

  const files = readdirSync(installed, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  const named = files.filter((file) =>
    readFileSync(join(file.parentPath, file.name), 'utf8').includes(PLATFORM_ROOT.replace(/\/$/, '')),
  );
  assert.deepEqual(named, [], 'no file names a folder of the machine that packed');

  platform('packs', 'new', 'my-pack');
  assert.match(platform('agents', 'validate', 'my-pack'), /^1 agent: no errors, no warnings/);

  // With a compiler, types are checked: by the platform, and by the project's own options.
  const { version } = JSON.parse(readFileSync(join(PLATFORM_ROOT, 'node_modules/typescript/package.json'), 'utf8')) as {
    version: string;
  };
  run('npm', ['install', ...QUIET, `typescript@${version}`], project);
  assert.equal(
    platform('agents', 'validate', 'my-pack').trim(),
    '1 agent: no errors, no warnings (with the pack my-pack)',
  );
  const compilerOptions = { strict: true, module: 'nodenext', target: 'es2023', noEmit: true, types: ['node'] };
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['my-pack', 'wrong.ts'] }));
  writeFileSync(join(project, 'package.json'), '{"name": "project", "version": "1.0.0", "type": "module"}');
  writeFileSync(
    join(project, 'wrong.ts'),
    "import { defineTool } from 'agent-platform/sdk';\n// @ts-expect-error a tool is no number\ndefineTool(1);\n",
  );
  run('npx', ['tsc'], project);

  run('node', ['--import', 'agent-platform/register', '--test', 'my-pack/my-pack.test.ts'], project);
  writeFileSync(join(project, 'agent-platform.yaml'), 'packs: [my-pack]\n');
  assert.match(platform('schedules', 'run-now', 'my_pack_check'), /3 runs, 1 waiting, 2 completed/);
  // A changed source is not run stale.
  const pack = join(project, 'my-pack/pack.ts');
  writeFileSync(pack, readFileSync(pack, 'utf8').replace('There are only', 'No more than'));
  const told = platform('run', 'my_pack', '--payload', '{"item": "pears"}', '--json');
  assert.equal((JSON.parse(told) as { report: { text: string } }).report.text, 'No more than 4 pears.');

  assert.match(run('npm', ['run', '-s', 'health-check'], installed), /11 runs, 7 completed, 4 waiting/);
  console.log('the package works');
} finally {
  rmSync(home, { recursive: true, force: true });
}
