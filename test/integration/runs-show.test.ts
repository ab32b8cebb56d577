import assert from 'node:assert/strict';
import { connectNats } from '../../runtime/bus/connect.ts';
import { Journal } from '../../runtime/journal/journal.ts';
import { journalSubject, shardOf } from '../../runtime/subjects.ts';
import { HeldFolder, type Opened } from '../support/holders.ts';
import { commandIn } from '../support/serving.ts';
import { suite } from '../support/suite.ts';

const test = suite('command line: runs show', { timeoutMs: 90_000 });
let folder: HeldFolder;
let servers: Opened;
test.before(async () => {
  folder = new HeldFolder();
  servers = (await folder.holdOpen()).open; // The servers stay up between the commands.
});
test.after(() => folder.remove());

const SHARDS = 4;

/** Appends the last entry of a root once more, as something else. */
async function spoil(run: string, change: (entry: object) => string): Promise<void> {
  const nc = await connectNats(servers.nats, { name: 'test' });
  const address = { tenant: 'town', run, path: '0' };
  const { seq: _, ...last } = (await new Journal(nc, SHARDS).tail(address)) ?? assert.fail(`no journal of ${run}`);
  await nc.jetstream().publish(journalSubject(address, shardOf(run, SHARDS)), change(last));
  await nc.close();
}

test('a batch is shown with what can be read of its targets, and what was left out is said', async () => {
  const ran = await commandIn(folder, ['schedules', 'run-now', 'weekly_stocktaking', '--batch', 'stock']);
  assert.equal(ran.code, 0, ran.stderr);
  await spoil('stock-emma', (entry) => JSON.stringify({ ...entry, v: 99 }));
  await spoil('stock-first-folio', () => 'Bad JSON');
  const shown = await commandIn(folder, ['runs', 'show', 'stock']);
  assert.equal(shown.code, 0, shown.stderr);
  assert.match(shown.stdout, /^persuasion +completed +stock-persuasion$/m);
  assert.match(shown.stdout, /^emma +completed +stock-emma$/m, 'as its batch was told');
  assert.match(shown.stdout, /^first-folio +\S+ +stock-first-folio$/m);
  const said = [
    '1 journal was written by a newer version and is left out',
    '1 journal holds what is no entry and is left out',
  ];
  assert.deepEqual(shown.stderr.trimEnd().split('\n'), said);
  const json = await commandIn(folder, ['runs', 'show', 'stock', '--json']);
  assert.equal(json.code, 0, json.stderr);
  const { runs } = JSON.parse(json.stdout) as { runs: { target: string; outcome: string | null }[] };
  assert.equal(runs.length, 4);
  assert.equal(runs.find(({ target }) => target === 'first-folio')?.outcome, null);
  assert.deepEqual(json.stderr.trimEnd().split('\n'), said);
});

test.run();
