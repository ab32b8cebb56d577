import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { command, commandProcess, type CommandResult, withHeldState, withStateDir } from '../support/command.ts';
import { suite } from '../support/suite.ts';

const test = suite('command line', { timeoutMs: 120_000 });
/** The same, on servers that are held, so that each command joins them instead of starting its own. */
const serving = suite('command line on running servers', { timeoutMs: 120_000 });
const alone = withStateDir(test);
const held = withHeldState(serving);
let stateDir = alone;
serving.before(() => {
  stateDir = held;
});
const PAYLOAD = '{"account_id": "acme-corp"}';

function run(...args: string[]): Promise<CommandResult> {
  return command([...args, '--state-dir', stateDir()]);
}

async function refused(args: string[], exit: number, says: RegExp): Promise<void> {
  const { code, stdout, stderr } = await run(...args);
  assert.deepEqual([code, stdout], [exit, ''], stderr);
  assert.match(stderr, says);
  assert.ok(!/\n\s+at /.test(stderr), `a stack trace: ${stderr}`);
}

test('every command has help with a description and an example, and exits 0', async () => {
  const commands = [
    'schedules list',
    'schedules run-now',
    'run',
    'runs list',
    'runs show',
    'agents list',
    'agents show',
    'memory search',
  ];
  for (const name of commands) {
    const { code, stdout } = await run(...name.split(' '), '--help');
    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`^Usage: agent-platform.* ${name.split(' ').at(-1)} `));
    assert.match(stdout, /Examples?:\n {2}agent-platform /);
  }
});

test('a wrong command line exits 2 and says what was wrong', async () => {
  await refused([], 2, /^error\[usage\.invalid\]: a command is missing/);
  await refused(['fly'], 2, /^error\[usage\.invalid\]: unknown command 'fly'/);
  await refused(['runs', 'list', '--limt', '3'], 2, /^error\[usage\.invalid\]: unknown option '--limt'/);
  await refused(['runs', 'list', '--limit', '0'], 2, /^error\[usage\.invalid\]: --limit takes .*"0"/);
  await refused(['runs', 'show'], 2, /^error\[usage\.invalid\]: missing required argument/);
  await refused(['schedules', 'run-now', 'x', '--as-of', '2026-02-30'], 2, /--as-of takes a date .*"2026-02-30"/);
  await refused(['schedules', 'run-now', 'x', '--batch', '../x'], 2, /--batch takes .*"\.\.\/x"/);
  await refused(
    ['run', 'a', '--payload', '{x'],
    2,
    /^error\[usage\.invalid\]: --payload takes a JSON object .*got \{x/,
  );
  await refused(['run', 'a', '--payload', '[1]'], 2, /^error\[run\.invalid\]: .*got a list/);
  await refused(
    ['agents', 'list', '--model', 'oracle'],
    2,
    /^error\[usage\.invalid\]: .*'oracle'.* rehearsal, anthropic/,
  );
  assert.ok(!existsSync(stateDir()), 'nothing was begun');
});

test('the process of a command ends with its exit code, and writes results and errors on their streams', async () => {
  assert.deepEqual(await commandProcess(['agents', 'list', '--json']), await command(['agents', 'list', '--json']));
  const wrong = await commandProcess(['fly']);
  assert.deepEqual([wrong.code, wrong.stdout], [2, '']);
  assert.match(wrong.stderr, /^error\[usage\.invalid\]: unknown command 'fly'\n/);
});

test('agents are shown without any server, schedules with their next time', async () => {
  const agents = await run('agents', 'list', '--json');
  const names = JSON.parse(agents.stdout).agents.map((each: { name: string }) => each.name);
  assert.deepEqual(names, ['account_health_main', 'csm_briefing', 'risk_analysis']);
  const shown = await run('agents', 'show', 'risk_analysis');
  assert.deepEqual(
    [...shown.stdout.matchAll(/^── (\d) /gm)].map(([, n]) => n),
    ['1', '2', '3', '4', '5', '6'],
  );
  assert.match(shown.stdout, /^definition [0-9a-f]{64}$/m);
  await refused(['agents', 'show', 'nobody'], 1, /^error\[agent\.unknown\]: .*risk_analysis/);
  assert.ok(!existsSync(stateDir()));
  assert.match((await run('schedules', 'list')).stdout, /weekly_health_check +0 0 6 \* \* 1 +when `up` runs/);
  assert.equal((await run('schedules', 'resume', 'weekly_health_check')).code, 0);
  const armed = JSON.parse((await run('schedules', 'list', '--json')).stdout).schedules[0];
  assert.match(armed.next, /T06:00:00\.000Z$/);
  assert.match((await run('schedules', 'pause', 'weekly_health_check')).stdout, /is paused/);
  assert.match((await run('schedules', 'list')).stdout, /weekly_health_check +0 0 6 \* \* 1 +paused/);
});

test('without a pack the error says where to name one', async () => {
  const { code, stderr } = await command(['agents', 'list'], { cwd: tmpdir() });
  assert.equal(code, 1);
  assert.match(stderr, /^error\[pack\.not_found\]: .*agent-platform\.yaml/);
});

serving('a run prints its report; asked again under its id it is the same run', async () => {
  const first = await run('run', 'account_health_main', '--payload', PAYLOAD, '--run-id', 'mine', '--json');
  assert.equal(first.code, 0, first.stderr);
  const document = JSON.parse(first.stdout);
  assert.deepEqual([document.run, document.outcome, document.subject], ['mine', 'completed', 'acme-corp']);
  const again = JSON.parse(
    (await run('run', 'account_health_main', '--payload', PAYLOAD, '--run-id', 'mine', '--json')).stdout,
  );
  assert.deepEqual(again.report, document.report);
  const other = ['run', 'account_health_main', '--payload', '{"account_id": "lumen-retail"}', '--run-id', 'mine'];
  await refused(other, 1, /^error\[run\.exists\]: .*acme-corp/m);
});

serving(
  'a sub-agent started from outside is refused in its journal: the rule is printed and the exit is 1',
  async () => {
    const { code, stdout } = await run('run', 'risk_analysis', '--payload', PAYLOAD, '--run-id', 'sub');
    assert.equal(code, 1);
    assert.match(stdout, /role\.allows_start: risk_analysis has the role sub_agent/);
    const { stdout: shown } = await run('runs', 'show', 'sub');
    assert.match(shown, /refused by role\.allows_start/);
  },
);

serving('a run is shown from its journal: eighteen entries of three agents, in words', async () => {
  const { stdout } = await run('runs', 'show', 'mine');
  assert.match(stdout, /^18 entries, 7 model turns, rehearsal/m);
  assert.match(
    stdout,
    /└─ risk_analysis 0-1 {2}completed, 8 entries\n {3}└─ csm_briefing 0-1-1 {2}completed, 2 entries/,
  );
  assert.match(stdout, /turn 1: get_account_metrics, get_account_lifecycle \(rehearsal\)/);
  const document = JSON.parse((await run('runs', 'show', 'mine', '--json')).stdout);
  assert.equal(document.entries.length, 18);
  assert.deepEqual([document.tenant, document.outcome, document.tree.children.length], ['sample', 'completed', 1]);
  await refused(
    ['runs', 'list', '--agent', 'nope'],
    1,
    /^error\[agent\.unknown\]: no agent or schedule is called nope/,
  );
  await refused(['runs', 'show', 'none-such'], 1, /^error\[run\.unknown\]: .*"none-such"/);
  await refused(['runs', 'show', 'mine', '--tenant', 'other'], 1, /^error\[run\.unknown\]: .*of the tenant other/);
});

serving('runs are listed with state and entries, the latest first, and --limit cuts the list', async () => {
  const { runs } = JSON.parse((await run('runs', 'list', '--json')).stdout);
  assert.deepEqual(
    runs.map((each: { run: string; state: string; entries: number }) => [each.run, each.state, each.entries]),
    [
      ['sub', 'refused', 2],
      ['mine', 'completed', 18],
    ],
  );
  const cut = JSON.parse((await run('runs', 'list', '--limit', '1', '--json')).stdout);
  assert.deepEqual(cut.runs.length, 1);
});

serving('memories are found by their words, of one subject when it is named', async () => {
  const { stdout } = await run('memory', 'search', 'weekly active users fell', '--subject', 'acme-corp', '--json');
  const { memories } = JSON.parse(stdout);
  assert.ok(memories.length >= 2);
  for (const each of memories) assert.deepEqual([each.subject, each.scope], ['acme-corp', 'risk_analysis']);
  await refused(['memory', 'search', 'x', '--scope', 'nobody'], 1, /^error\[agent\.unknown\]: .*risk_analysis/m);
});

test.run();
serving.run();
