import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import pino from 'pino';
import { openPlatform } from '../../bridge/platform/platform.ts';
import { command, type CommandOptions, type CommandResult, withHeldState } from '../support/command.ts';
import { CUSTOMER_SUCCESS } from '../support/platform.ts';
import { testSettings } from '../support/servers.ts';
import { suite } from '../support/suite.ts';

const test = suite('command line: run-now', { timeoutMs: 120_000 });
const stateDir = withHeldState(test);
const SCHEDULE = 'weekly_health_check';

function runNow(args: string[], options?: CommandOptions): Promise<CommandResult> {
  return command(['schedules', 'run-now', SCHEDULE, '--state-dir', stateDir(), ...args], options);
}

/** Messages per stream, read through connections of our own. */
async function countMessages(): Promise<Record<string, number>> {
  const settings = testSettings(process.cwd(), { stateDir: stateDir(), packs: [CUSTOMER_SUCCESS] });
  const platform = await openPlatform(settings, pino({ level: 'silent' }));
  try {
    const streams = await platform.jsm.streams.list().next();
    return Object.fromEntries(streams.map(({ config, state }) => [config.name, state.messages]));
  } finally {
    await platform.close();
  }
}

test('a batch gives one JSON document, most urgent first, and its documents lie where it says', async () => {
  const { code, stdout, stderr } = await runNow(['--batch', 'first', '--json']);
  assert.equal(code, 0, stderr);
  assert.equal(stdout.trimEnd().split('\n').length, 1);
  const document = JSON.parse(stdout);
  assert.deepEqual(Object.keys(document), ['batch', 'schedule', 'model', 'as_of', 'results', 'totals', 'error']);
  assert.deepEqual([document.batch, document.schedule, document.model], ['first', SCHEDULE, 'rehearsal']);
  assert.deepEqual(document.totals.outcomes, { completed: 7, waiting: 4 });
  assert.ok(document.totals.usage.turns > 0 && document.totals.wall_ms > 0);

  const [first] = document.results;
  assert.deepEqual([first.target, first.outcome, first.waiting], ['acme-corp', 'completed', null]);
  assert.deepEqual([first.run, first.renewal_days], ['first-acme-corp', 60]);
  const folder = join(stateDir(), 'reports', 'first');
  const documents = document.results.flatMap((each: { briefing: string | null }) => each.briefing ?? []);
  assert.deepEqual(readdirSync(folder).sort(), documents.map((path: string) => path.slice(folder.length + 1)).sort());
  assert.equal(statSync(first.briefing).mode & 0o777, 0o600);
  assert.match(readFileSync(first.briefing, 'utf8'), /^# Acme Corp/);

  const waiting = document.results.filter((each: { outcome: string }) => each.outcome === 'waiting');
  for (const each of waiting) assert.ok(each.waiting.rule && each.waiting.reason && each.alert === null);
});

test('the same batch again prints the same results and adds no message to any stream', async () => {
  const before = await countMessages();
  const again = await runNow(['--batch', 'first', '--json']);
  assert.equal(again.code, 0, again.stderr);
  assert.equal(JSON.parse(again.stdout).results.length, 11);
  assert.deepEqual(await countMessages(), before);
  // What stays is the due time of each question that waits.
  assert.equal(before['MAIL'], 4);
});

test('the table stands on stdout and remarks on stderr; nothing is coloured in a pipe', async () => {
  const { code, stdout, stderr } = await runNow(['--batch', 'first']);
  assert.equal(code, 0, stderr);
  assert.match(
    stdout,
    /^weekly_health_check as of \d{4}-\d\d-\d\d, answered by rehearsal\nbatch first: 11 runs, 7 completed, 4 waiting/,
  );
  assert.match(stdout, /^Acme Corp +urgent_intervention +from watch/m);
  assert.match(stdout, /waits:/);
  assert.match(stdout, /runs show first-acme-corp/);
  assert.ok(!stdout.includes('\u001b'));
  for (const line of stdout.split('\n').filter((each) => !/agent-platform/.test(each)))
    assert.ok(line.length <= 120, line);
});

test('one target prints its report, the documents in full', async () => {
  const { code, stdout } = await runNow(['--target', 'acme-corp', '--batch', 'one']);
  assert.equal(code, 0);
  const written = readFileSync(join(stateDir(), 'reports', 'one', 'acme-corp.md'), 'utf8');
  assert.ok(stdout.includes(written.trimEnd()));
  const { stdout: json } = await runNow(['--target', 'acme-corp', '--batch', 'one', '--json']);
  const document = JSON.parse(json);
  assert.equal(document.results.length, 1);
  assert.deepEqual([document.report.run, document.report.outcome], ['one-acme-corp', 'completed']);
});

test('a batch id that was started otherwise is refused, and says how', async () => {
  const cases: [string[], RegExp][] = [
    [['--batch', 'first', '--as-of', '2026-01-01'], /was started with --as-of/],
    [['--batch', 'first', '--target', 'acme-corp'], /was started with all targets/],
    [['--batch', 'first-acme-corp'], /is a run of an agent/],
  ];
  for (const [args, says] of cases) {
    const { code, stdout, stderr } = await runNow(args);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /^error\[run\.exists\]: /);
    assert.match(stderr, says);
  }
});

test('an unknown target or schedule leaves nothing behind', async () => {
  const before = await countMessages();
  const target = await runNow(['--target', 'nobody']);
  assert.deepEqual([target.code, target.stdout], [1, '']);
  assert.match(target.stderr, /^error\[target\.unknown\]: .*"nobody".*acme-corp/m);
  const schedule = await command(['schedules', 'run-now', 'nothing', '--state-dir', stateDir()]);
  assert.match(schedule.stderr, /^error\[schedule\.unknown\]: .*weekly_health_check/m);
  assert.deepEqual(await countMessages(), before);
});

test('SIGINT and SIGTERM end a batch with their exit code, and the same batch id finishes it', async () => {
  for (const [signal, exit] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    const batch = `stopped-${signal}`;
    let sent = false;
    const stopped = await runNow(['--batch', batch], {
      onStderr: (text, kill) => {
        if (!sent && text.includes(`batch ${batch}`)) kill(signal);
        sent ||= text.includes(`batch ${batch}`);
      },
    });
    assert.deepEqual([stopped.code, stopped.stdout], [exit, '']);
    assert.match(stopped.stderr, new RegExp(`interrupted: the same command with \`--batch ${batch}\` finishes it`));
    const finished = await runNow(['--batch', batch, '--json']);
    assert.equal(finished.code, 0, finished.stderr);
    assert.deepEqual(JSON.parse(finished.stdout).totals.outcomes, { completed: 7, waiting: 4 });
  }
});

test.run();
