import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { NODE_ARGUMENTS } from '../config/root.ts';

/** `npm run verify`: everything that is checked without running the platform. Each check runs; those that fail are shown. */
const CHECKS: Record<string, string[]> = {
  format: ['node_modules/.bin/biome', 'format', '.'],
  lint: ['node_modules/.bin/oxlint', '--type-aware', '--deny-warnings'],
  types: ['node_modules/.bin/tsc'],
  layering: [process.execPath, ...NODE_ARGUMENTS, 'test/unit/layering.test.ts'],
  'dead code': ['node_modules/.bin/knip', '--no-progress'],
  'docs:errors': [process.execPath, ...NODE_ARGUMENTS, 'docs/errors.generate.ts', '--check'],
  'docs:schemas': [process.execPath, ...NODE_ARGUMENTS, 'test/unit/published.test.ts'],
};
const ROOT = fileURLToPath(new URL('..', import.meta.url));

function check(name: string, [command = '', ...args]: string[]): Promise<boolean> {
  return new Promise((resolve) => {
    const started = Date.now();
    const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const collect = (chunk: string) => void (output += chunk);
    child.stdout.setEncoding('utf8').on('data', collect);
    child.stderr.setEncoding('utf8').on('data', collect);
    child.on('error', (error) => void (output += `${error.message}\n`));
    child.on('close', (code) => {
      const ok = code === 0;
      console.log(`${ok ? 'ok  ' : 'FAIL'} ${((Date.now() - started) / 1000).toFixed(1).padStart(6)} s  ${name}`);
      if (!ok) console.log(output);
      resolve(ok);
    });
  });
}

const failed: string[] = [];
// Some checks look at the package as others see it, which is `dist/`.
if (!(await check('build', [process.execPath, 'bin/build.mjs']))) failed.push('build');
const waiting = Object.entries(CHECKS);
async function work(): Promise<void> {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    if (!(await check(...next))) failed.push(next[0]);
  }
}
await Promise.all([work(), work()]);
console.log(failed.length === 0 ? 'verified' : `failed: ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;
