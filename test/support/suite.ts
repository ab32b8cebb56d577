import { writeSync } from 'node:fs';
import * as uvu from 'uvu';
import { CLOSING } from './closing.ts';

/**
 * The only door to uvu. By itself uvu exits 0 when a hook throws, when `.run()` is forgotten and when a suite is empty,
 * and waits for ever on a hung socket. Here:
 *
 * 1. A throwing `before` fails every test of its suite; a throwing `after` is one failure more.
 * 2. `before.each`, the test and `after.each` are one unit: its time is bounded, and `after.each` always runs.
 * 3. A suite without tests, and a suite whose `.run()` is missing, are failures.
 * 4. What keeps the process alive after the last test (a socket, a child process) is a failure and is named.
 * 5. The settings of whoever runs the tests are out of reach, of child processes as well. What says where programs and
 *    caches are stays.
 * 6. The last line of the process is `CLOSING {"passed":…,"failed":…}`; the runner takes its absence for a failure.
 *
 * There is no `skip` and no `only`.
 */
export interface Suite {
  (name: string, body: Body): void;
  before: Hook;
  after: Hook;
  run(): void;
}

export interface SuiteOptions {
  /** Milliseconds for one test with its `each` hooks. */
  timeoutMs?: number;
  /** Milliseconds for one `before` or `after`: long enough to fetch and start servers. */
  hookTimeoutMs?: number;
}

type Body = () => unknown;
interface Hook {
  (body: Body): void;
  each(body: Body): void;
}

const SETTINGS = /^(ANTHROPIC_|AGENT_PLATFORM_|NATS_URL$|REDIS_URL$)/;
for (const name of Object.keys(process.env)) if (SETTINGS.test(name)) delete process.env[name];

const LINGER_MS = 5_000;

const tally = { suites: 0, finished: 0, tests: 0, passed: 0, failures: [] as string[] };
const unfinished = new Set<string>();

export function suite(name: string, { timeoutMs = 30_000, hookTimeoutMs = 180_000 }: SuiteOptions = {}): Suite {
  const inner = uvu.suite(name);
  const beforeEach: Body[] = [];
  const afterEach: Body[] = [];
  let declared = 0;
  let beforeFailed: Error | null = null;
  tally.suites += 1;
  unfinished.add(name);

  const test = ((title: string, body: Body) => {
    declared += 1;
    tally.tests += 1;
    inner(title, async () => {
      if (beforeFailed) throw beforeFailed;
      await within(timeoutMs, title, () => inOrder(beforeEach, body, afterEach));
      tally.passed += 1;
    });
  }) as Suite;

  test.before = hook(beforeEach, (body) =>
    inner.before(async () => {
      if (beforeFailed) return;
      await within(hookTimeoutMs, 'before', body).catch((error: Error) => {
        beforeFailed = error;
      });
    }),
  );
  test.after = hook(afterEach, (body) =>
    inner.after(async () => {
      await within(hookTimeoutMs, 'after', body).catch((error: Error) => {
        tally.failures.push(`${name}: after: ${error.stack ?? error.message}`);
      });
    }),
  );
  test.run = () => {
    if (declared === 0) tally.failures.push(`${name}: the suite has no tests`);
    inner.after(() => {
      unfinished.delete(name);
      tally.finished += 1;
      if (tally.finished === tally.suites) setTimeout(lingering, LINGER_MS).unref();
    });
    inner.run();
  };
  return test;
}

/** Runs what several files declared; a file by itself is run by uvu when it has been imported. */
export const runQueued = (): Promise<void> => uvu.exec();

function hook(each: Body[], once: (body: Body) => void): Hook {
  return Object.assign(once, { each: (body: Body) => void each.push(body) });
}

async function inOrder(before: Body[], body: Body, after: Body[]): Promise<void> {
  try {
    for (const each of before) await each();
    await body();
  } finally {
    for (const each of after) await each();
  }
}

/** Runs a body; rejects with an Error (uvu reads `name` and `stack`) when it throws or takes longer than `ms`. */
async function within(ms: number, what: string, body: Body): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`«${what}» did not end within ${ms} ms`)), ms);
  });
  try {
    await Promise.race([Promise.resolve().then(body), late]);
  } catch (error) {
    throw printable(error, what);
  } finally {
    clearTimeout(timer);
  }
}

/** uvu reads `details` of an error as the text of a diff, and dies of ours, which are fields. */
function printable(error: unknown, what: string): Error {
  if (!(error instanceof Error)) return new Error(`«${what}» threw ${String(error)}`);
  if (!('details' in error) || typeof error.details === 'string') return error;
  const plain = new Error(error.message, { cause: error.cause });
  plain.stack = error.stack ?? plain.message;
  return plain;
}

/** Unreferenced, so it fires only when something else keeps the process alive. */
function lingering(): void {
  tally.failures.push(
    `the tests ended, but the process is kept alive by: ${process.getActiveResourcesInfo().join(', ')}`,
  );
  process.exit(1);
}

process.on('exit', () => {
  for (const name of unfinished) tally.failures.push(`${name}: never finished: was .run() called?`);
  for (const failure of tally.failures) writeSync(2, `  FAIL  ${failure}\n`);
  const failed = tally.tests - tally.passed + tally.failures.length;
  if (failed > 0) process.exitCode = 1;
  writeSync(1, `\n${CLOSING}${JSON.stringify({ passed: tally.passed, failed })}\n`);
});
