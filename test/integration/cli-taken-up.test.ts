import assert from 'node:assert/strict';
import pino from 'pino';
import type { Catalog } from '../../runtime/definitions/catalog.ts';
import { loadPacks } from '../../runtime/definitions/load.ts';
import { command, type CommandOptions, type CommandResult } from '../support/command.ts';
import { HeldFolder } from '../support/holders.ts';
import { type Answer, KEY, withMessagesApi } from '../support/messages-api.ts';
import { playedAnswers } from '../support/played-api.ts';
import { commandIn, LIBRARY, serveIn, type Serving } from '../support/serving.ts';
import { suite } from '../support/suite.ts';

const test = suite('command line: a run of another model taken up', { timeoutMs: 120_000 });
const api = withMessagesApi(test);
let folder: HeldFolder;
let played: ReturnType<typeof playedAnswers>;
test.before(async () => {
  folder = new HeldFolder();
  await folder.holdOpen(); // The servers stay up between the commands.
  const packs = await loadPacks([LIBRARY.AGENT_PLATFORM_PACKS], { log: pino({ level: 'silent' }) });
  const agents = packs.flatMap((pack) => [...pack.agents.values()].map((agent) => ({ ...agent, pack })));
  played = playedAnswers({ agents: () => agents } as unknown as Catalog);
});
test.after(() => folder.remove());

const BUSY: Answer = { status: 529, type: 'overloaded_error', headers: { 'x-should-retry': 'false' } };
const RUN = ['run', 'librarian', '--payload', '{"book": "emma"}', '--run-id', 'asked'];
const BATCH = ['schedules', 'run-now', 'weekly_stocktaking', '--batch', 'asked-batch'];
const claude = () => ({ ...LIBRARY, ANTHROPIC_API_KEY: KEY, ANTHROPIC_BASE_URL: api().url });

/** Begins it on Claude, and leaves it while Claude is busy. */
async function begun(args: string[]): Promise<void> {
  api().script(BUSY);
  const { code, stderr } = await untilSaid([...args, '--model', 'anthropic'], /cannot answer now/, (kill) =>
    kill('SIGINT'),
  );
  assert.equal(code, 130, stderr);
  api().seen.splice(0);
}

/** Runs a command and does something as soon as it has said that. */
function untilSaid(
  args: string[],
  pattern: RegExp,
  then: (kill: (signal: NodeJS.Signals) => void) => void,
): Promise<CommandResult> {
  let said = '';
  const onStderr: CommandOptions['onStderr'] = (text, kill) => {
    const before = pattern.test(said);
    said += text;
    if (!before && pattern.test(said)) then(kill);
  };
  return command(args, { cwd: folder.cwd, env: claude(), onStderr });
}

async function onClaude(): Promise<Serving> {
  const up = serveIn(folder, ['up', '--model', 'anthropic'], claude());
  await up.line(/^serving/);
  return up;
}

test('is refused at once where nobody asks that model: its turns would be put off without end', async () => {
  for (const [args, what] of [
    [RUN, 'the run asked'],
    [BATCH, 'the batch asked-batch'],
  ] as const) {
    await begun([...args]);
    for (const json of [[], ['--json']]) {
      const { code, stdout, stderr } = await commandIn(folder, [...args, ...json], claude());
      assert.deepEqual([code, stdout], [2, ''], stderr);
      const says = `${what} began with the model anthropic, which this command was not told to ask`;
      assert.ok(stderr.startsWith(`error[usage.invalid]: ${says}`), stderr);
      assert.match(stderr, /add --model anthropic, or start one: `worker --model anthropic`/);
    }
  }
  assert.equal(api().seen.length, 0);
});

test('beside a worker that asks that model it is followed to its end, by no worker that would be in the way', async () => {
  api().script(played);
  const up = await onClaude();
  const done = await commandIn(folder, [...RUN, '--json'], LIBRARY);
  assert.equal(done.code, 0, done.stderr);
  assert.match(JSON.parse(done.stdout).model, /^claude-/);
  const batch = await commandIn(folder, [...BATCH, '--json'], LIBRARY);
  assert.equal(batch.code, 0, batch.stderr);
  const { model, results } = JSON.parse(batch.stdout);
  assert.match(model, /^claude-/);
  assert.equal(results.length, 4);
  const shown = await commandIn(folder, ['runs', 'show', 'asked'], LIBRARY);
  assert.doesNotMatch(shown.stdout, /was not started with --model/);

  // Who decides is not in its way either.
  const decided = await commandIn(
    folder,
    ['human', 'decide', 'asked-batch-first-folio.0.1', '--approve', '--role', 'operator', '--json'],
    LIBRARY,
  );
  assert.equal(decided.code, 0, decided.stderr);
  assert.equal(JSON.parse(decided.stdout).outcome, 'completed');
  up.signal('SIGTERM');
  await up.ended();
});

test('when the last worker that asks that model has ended, whoever follows is told, and waits no longer', async () => {
  const args = RUN.with(-1, 'left-alone');
  await begun(args);
  api().script('silence');
  const up = await onClaude();
  const left = await untilSaid(args, /librarian: run left-alone/, () => up.signal('SIGKILL'));
  assert.deepEqual([left.code, left.stdout], [2, '']);
  assert.match(left.stderr, /error\[usage\.invalid\]: the run left-alone began with the model anthropic/);
});

test('a run that was rehearsed is taken up by a command that asks Claude, and played', async () => {
  const rehearsed = RUN.with(-1, 'rehearsed');
  const first = await commandIn(folder, rehearsed, LIBRARY);
  assert.equal(first.code, 0, first.stderr);
  const again = await commandIn(folder, [...rehearsed, '--model', 'anthropic', '--json'], claude());
  assert.equal(again.code, 0, again.stderr);
  assert.deepEqual([JSON.parse(again.stdout).model, api().seen.length], ['rehearsal', 0]);
});

test.run();
