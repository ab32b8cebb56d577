import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { NODE_ARGUMENTS } from '../config/root.ts';
import { CLOSING } from './support/closing.ts';

/**
 * Runs every `*.test.ts` below this folder, a few processes at once, each in a process group of its own: integration files
 * first, each in a process of its own unless they share servers, then the unit files, several per process. `--at-once N`
 * changes how many processes that are; other arguments keep the files whose path contains one of them. Output of a file is
 * shown when it failed. The last line is `N passed, N failed` (tests); exit 1 on any failure, and when nothing ran.
 */
const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const ROOT = join(FOLDER, '..');
const TOGETHER = join(FOLDER, 'support/together.ts');
/** Files that one process runs one after the other. */
const UNIT_FILES = 12;
const SHARING_FILES = 5;
const FILE_TIMEOUT_MS = 300_000;
const GROUP_TIMEOUT_MS = 600_000;
const USUAL = Math.min(4, Math.max(3, availableParallelism()));

interface FileResult {
  passed: number;
  failed: number;
  output: string;
}

const running = new Set<ChildProcess>();

/** What each process runs: what takes long begins first. */
function findTests(filters: string[]): string[][] {
  const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => relative(ROOT, join(FOLDER, file)))
    .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
    .sort((a, b) => a.localeCompare(b));
  const integration = files.filter((file) => file.includes('integration'));
  const sharing = integration.filter(sharesServers);
  return [
    ...integration.filter((file) => !sharing.includes(file)).map((file) => [file]),
    ...inShares(sharing, SHARING_FILES),
    ...inShares(
      files.filter((file) => !integration.includes(file)),
      UNIT_FILES,
    ),
  ];
}

/** Its tests leave the servers as they are, so that the next file can use them (`support/servers.ts`). */
function sharesServers(file: string): boolean {
  return readFileSync(join(ROOT, file), 'utf8').includes(' = withPlatforms(');
}

function inShares(files: readonly string[], size: number): string[][] {
  return Array.from({ length: Math.ceil(files.length / size) }, (_, share) =>
    files.slice(share * size, (share + 1) * size),
  );
}

function runFiles(files: readonly string[]): Promise<FileResult> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...NODE_ARGUMENTS, ...(files.length > 1 ? [TOGETHER] : []), ...files], {
      cwd: ROOT,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(child);
    let output = '';
    const collect = (chunk: string) => void (output += chunk);
    child.stdout.setEncoding('utf8').on('data', collect);
    child.stderr.setEncoding('utf8').on('data', collect);
    const mostMs = files.length > 1 ? GROUP_TIMEOUT_MS : FILE_TIMEOUT_MS;
    const timer = setTimeout(() => {
      output += `\nkilled: did not end within ${mostMs / 1000} s\n`;
      killGroup(child);
    }, mostMs);
    // A child of the test may hold the pipes open: the group is killed on exit, so that `close` comes.
    child.on('exit', () => killGroup(child));
    child.on('error', (error) => void (output += error.message));
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      running.delete(child);
      resolve(judge(signal ?? code, output));
    });
  });
}

/** The file's own count; a file that did not close properly, or exited non-zero without a failure, failed once more. */
function judge(code: number | NodeJS.Signals | null, output: string): FileResult {
  const closing = output.split('\n').findLast((line) => line.startsWith(CLOSING));
  if (closing === undefined)
    return {
      passed: 0,
      failed: 1,
      output: `${output}\nended with ${code} before its last test: is \`.run()\` missing?\n`,
    };
  const { passed, failed } = JSON.parse(closing.slice(CLOSING.length)) as { passed: number; failed: number };
  if (failed > 0 || (code === 0 && passed > 0)) return { passed, failed, output };
  return { passed, failed: 1, output: `${output}\nexited with ${code} after ${passed} passed tests\n` };
}

function killGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The group is already gone.
  }
}

/** Of several files those in whose part of the output something failed; all, when the process itself did. */
function failuresIn(output: string, files: readonly string[]): readonly string[] {
  const found = files.filter((file, at) => {
    const from = output.indexOf(file);
    const next = files[at + 1];
    const to = next === undefined ? -1 : output.indexOf(next, from);
    return from >= 0 && output.slice(from, to < 0 ? output.length : to).includes(' FAIL ');
  });
  return found.length > 0 ? found : files;
}

function stop(): void {
  for (const child of running) killGroup(child);
  process.exit(130);
}

process.on('SIGINT', stop);
process.on('SIGTERM', stop);

const { values, positionals } = parseArgs({ allowPositionals: true, options: { 'at-once': { type: 'string' } } });
const atOnce = Number(values['at-once'] ?? USUAL);
if (!Number.isInteger(atOnce) || atOnce < 1) throw new Error(`--at-once takes a number of processes, got ${atOnce}`);

const waiting = findTests(positionals);
let passed = 0;
let failed = 0;
const failedFiles: string[] = [];

async function work(): Promise<void> {
  for (let files = waiting.shift(); files !== undefined; files = waiting.shift()) {
    const started = Date.now();
    const result = await runFiles(files);
    const file = files.length === 1 ? files[0] : `${files[0]} … ${files.at(-1)}`;
    passed += result.passed;
    failed += result.failed;
    const seconds = ((Date.now() - started) / 1000).toFixed(1).padStart(6);
    console.log(
      `${result.failed === 0 ? 'ok  ' : 'FAIL'} ${seconds} s  ${file}  (${result.passed} of ${result.passed + result.failed})`,
    );
    if (result.failed > 0) failedFiles.push(...(files.length === 1 ? files : failuresIn(result.output, files)));
    if (result.failed > 0) console.log(result.output.replaceAll(/^/gm, '     '));
  }
}

await Promise.all(Array.from({ length: atOnce }, work));
if (passed + failed === 0) console.log('no test file matches');
if (failedFiles.length > 0) console.log(`failed: ${failedFiles.join(', ')}`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
console.log(`${passed} passed, ${failed} failed`);
