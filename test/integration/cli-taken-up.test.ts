import assert from 'node:assert/strict';
import pino from 'pino';
import { startBatch } from '../../bridge/commands/start-batch.ts';
import { startRun } from '../../bridge/commands/start-run.ts';
import type { Platform } from '../../bridge/platform/platform.ts';
import type { Address } from '../../runtime/address.ts';
import type { Catalog } from '../../runtime/definitions/catalog.ts';
import { loadPacks } from '../../runtime/definitions/load.ts';
import { command } from '../support/command.ts';
import { HeldFolder } from '../support/holders.ts';
import { type Answer, KEY, withMessagesApi } from '../support/messages-api.ts';
import { playedAnswers } from '../support/played-api.ts';
import { commandIn, LIBRARY, serveIn } from '../support/serving.ts';
import { suite } from '../support/suite.ts';
import { claudeHere, untilEntries } from '../support/worker-here.ts';

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
/** What `run` tells an agent when nobody says otherwise. */
const INSTRUCTIONS = 'Do your task for this payload.';
const RUN = ['run', 'librarian', '--payload', '{"book": "emma"}', '--run-id', 'asked'];
const BATCH = ['schedules', 'run-now', 'weekly_stocktaking', '--batch', 'asked-batch'];
const claude = () => ({ ...LIBRARY, ANTHROPIC_API_KEY: KEY, ANTHROPIC_BASE_URL: api().url });

/** Begins it on Claude, and leaves it while Claude is busy. */
async function begun(start: (platform: Platform) => Promise<{ address: Address }>): Promise<void> {
  api().script(BUSY);
  const worker = await claudeHere(folder, api());
  const { address } = await start(worker.platform);
  await untilEntries(worker, address, ({ events }) => events.some(({ type }) => type === 'model.failed'));
  await worker.stop();
  api().seen.splice(0);
}

const beginRun = (run: string) => (platform: Platform) =>
  startRun(platform, { agent: 'librarian', instructions: INSTRUCTIONS, payload: { book: 'emma' }, run });
const beginBatch = (batch: string) => (platform: Platform) =>
  startBatch(platform, { schedule: 'weekly_stocktaking', batch });

test('is refused at once where nobody asks that model: its turns would be put off without end', async () => {
  for (const [args, what, begin] of [
    [RUN, 'the run asked', beginRun('asked')],
    [BATCH, 'the batch asked-batch', beginBatch('asked-batch')],
  ] as const) {
    await begun(begin);
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
  const worker = await claudeHere(folder, api());
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
  await worker.stop();
});

test('when the last worker that asks that model has ended, whoever follows is told, and waits no longer', async () => {
  const args = RUN.with(-1, 'left-alone');
  await begun(beginRun('left-alone'));
  api().script('silence');
  const up = serveIn(folder, ['up', '--model', 'anthropic'], claude());
  await up.line(/^serving/);
  let said = '';
  const onTold = (text: string): void => {
    said += text;
    if (said.includes('librarian: run left-alone')) up.signal('SIGKILL');
  };
  const left = await command(args, { cwd: folder.cwd, env: claude(), onTold });
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
