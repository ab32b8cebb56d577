import assert from 'node:assert/strict';
import pino from 'pino';
import { startBatch } from '../../bridge/commands/start-batch.ts';
import { connectNats } from '../../runtime/bus/connect.ts';
import type { Catalog } from '../../runtime/definitions/catalog.ts';
import { loadPacks } from '../../runtime/definitions/load.ts';
import { Journal, type StoredEntry } from '../../runtime/journal/journal.ts';
import { isElsewhere } from '../../runtime/policy/retry.ts';
import { HeldFolder, type Opened } from '../support/holders.ts';
import { type Answer, KEY, withMessagesApi } from '../support/messages-api.ts';
import { playedAnswers } from '../support/played-api.ts';
import { commandIn, LIBRARY } from '../support/serving.ts';
import { suite } from '../support/suite.ts';
import { claudeHere, rehearsalHere, untilEntries } from '../support/worker-here.ts';

const test = suite('command line: a batch of another model taken up', { timeoutMs: 120_000 });
const api = withMessagesApi(test);
let folder: HeldFolder;
let servers: Opened;
let played: ReturnType<typeof playedAnswers>;
test.before(async () => {
  folder = new HeldFolder();
  servers = (await folder.holdOpen()).open; // The servers stay up between the commands.
  const packs = await loadPacks([LIBRARY.AGENT_PLATFORM_PACKS], { log: pino({ level: 'silent' }) });
  const agents = packs.flatMap((pack) => [...pack.agents.values()].map((agent) => ({ ...agent, pack })));
  played = playedAnswers({ agents: () => agents } as unknown as Catalog);
});
test.after(() => folder.remove());

const SHARDS = 4;
const BUSY: Answer = { status: 529, type: 'overloaded_error', headers: { 'x-should-retry': 'false' } };
const BATCH = ['schedules', 'run-now', 'weekly_stocktaking', '--batch', 'parked'];
/** A root, and a child of another root. */
const WAITING = [
  { run: 'parked-emma', path: '0' },
  { run: 'parked-persuasion', path: '0-1' },
] as const;
const UNUSED = /an Anthropic key was found and is not used/;
const claude = () => ({ ...LIBRARY, ANTHROPIC_API_KEY: KEY, ANTHROPIC_BASE_URL: api().url });

/** Begins the batch on Claude, of which two agents are busy, and leaves it as soon as both are waited for. */
async function begun(): Promise<void> {
  api().script((body) =>
    body.model === 'claude-haiku-5-5' || JSON.stringify(body.messages).includes('emma') ? BUSY : played(body),
  );
  const worker = await claudeHere(folder, api());
  const { address } = await startBatch(worker.platform, { schedule: 'weekly_stocktaking', batch: 'parked' });
  const failed = ({ events }: StoredEntry) => events.some(({ type }) => type === 'model.failed');
  await untilEntries(worker, address, failed, WAITING);
  await worker.stop();
}

const waitOf = ({ events }: StoredEntry) => {
  const failed = events.findLast((event) => event.type === 'model.failed');
  return failed?.retry && isElsewhere(failed.retry.name) ? failed.retry : null;
};

async function journals<T>(
  body: (nc: Awaited<ReturnType<typeof connectNats>>, journal: Journal) => Promise<T>,
): Promise<T> {
  const nc = await connectNats(servers.nats, { name: 'test' });
  try {
    return await body(nc, new Journal(nc, SHARDS));
  } finally {
    await nc.close();
  }
}

test('its runs and their sub-agents that wait for a worker that asks its model go on at once', async () => {
  await begun();
  const rehearsing = await rehearsalHere(folder);
  const parked = (entry: StoredEntry) => waitOf(entry) !== null;
  await untilEntries(rehearsing, { tenant: 'town', run: 'parked' }, parked, WAITING);
  await rehearsing.stop();

  api().script(played);
  const { code, stdout, stderr } = await commandIn(folder, [...BATCH, '--model', 'anthropic', '--json'], claude());
  assert.equal(code, 0, stderr);
  assert.match(JSON.parse(stdout).model, /^claude-/);
  await journals(async (_, journal) => {
    for (const { run, path } of WAITING) {
      const entries = await journal.read({ tenant: 'town', run, path });
      const at = entries.findLastIndex((entry) => waitOf(entry) !== null);
      const [parked, next] = entries.slice(at);
      assert.ok(parked && next, run);
      const due = Date.parse(waitOf(parked)?.at ?? '');
      assert.ok(Date.parse(next.at) < due - 1000, `${run} ${path} went on at ${next.at}, as its timer would have it`);
    }
  });
});

test('that a key is not used is said where this command’s own model answered, and nowhere else', async () => {
  const finished = await commandIn(folder, BATCH, claude());
  assert.equal(finished.code, 0, finished.stderr);
  assert.match(finished.stdout, /answered by claude-/);
  assert.doesNotMatch(finished.stderr, UNUSED);

  const run = ['run', 'librarian', '--payload', '{"book": "emma"}', '--run-id', 'one'];
  for (const args of [run, BATCH.with(-1, 'rehearsed')]) {
    assert.match((await commandIn(folder, args, claude())).stderr, UNUSED);
    const again = await commandIn(folder, args, claude());
    assert.deepEqual([again.code, UNUSED.test(again.stderr)], [0, false], 'nothing is answered any more');
  }
});

test('a run of that id that was started otherwise is refused, and what differs is named', async () => {
  const run = ['run', 'librarian', '--payload', '{"book": "emma"}', '--run-id', 'one'];
  const cases: [string[], RegExp][] = [
    [
      ['--instructions', 'Look closer.'],
      /--instructions "Do your task for this payload\.", not "Look closer\."; leave/,
    ],
    [['--as-of', '2026-01-01'], /--as-of 2026-11-14, not 2026-01-01; leave that option out to take it up, or give/],
    [['--data', folder.cwd, '--tenant', 'town'], /--data \S+shelf, not \S+holders-\S+; leave that option out/],
  ];
  for (const [more, says] of cases) {
    const { code, stdout, stderr } = await commandIn(folder, [...run, ...more], LIBRARY);
    assert.deepEqual([code, stdout], [1, ''], stderr);
    assert.match(stderr, /^error\[run\.exists\]: the run one was started with /);
    assert.match(stderr, says);
  }
  const batch = await commandIn(folder, run.with(-1, 'parked'), LIBRARY);
  assert.match(batch.stderr, /^error\[run\.exists\]: parked is a batch; give --run-id another id/);
  const half = await commandIn(folder, run.with(3, String.raw`{"book": "\ud83d"}`), LIBRARY);
  assert.equal(half.code, 2);
  assert.match(half.stderr, /^error\[usage\.invalid\]: --payload .*half of a surrogate pair/);
});

test.run();
