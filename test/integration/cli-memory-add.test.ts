import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { dataFolder } from '../support/customer-data.ts';
import { HeldFolder } from '../support/holders.ts';
import { commandIn, LIBRARY, serveIn } from '../support/serving.ts';
import { suite } from '../support/suite.ts';

const test = suite('memory add', { timeoutMs: 90_000 });
const PACKS = {
  ...LIBRARY,
  AGENT_PLATFORM_PACKS: resolve(import.meta.dirname, '../../packs/customer-success'),
  AGENT_PLATFORM_DATA: dataFolder({
    'accounts.csv': ['a b.*,Odd Ltd,active,growth,100.50,2026-01-01,2027-01-01,Ann Lee,#ann'],
    'usage.csv': ['a b.*,u1,2026-06-30,reports'],
    'tickets.csv': ['T-1,a b.*,2026-06-01,'],
    'nps.csv': ['a b.*,2026-06-02,9'],
  }),
};
const WANTED = ['memory', 'add', '--subject', 'a b.*', '--kind', 'quirk'];
let folder: HeldFolder;

// One holder for all tests, so that the servers start once.
test.before(async () => {
  folder = new HeldFolder();
  await serveIn(folder, ['up', '--no-worker'], PACKS).line(/^serving/);
});
test.after(() => folder.remove());

const add = (...args: string[]) => commandIn(folder, args, PACKS);

test('a memory is stored under an id that is printed, is found by its subject, and is stored once', async () => {
  const words = 'Usage dips in each first week of a quarter.';
  const rest = ['--date', '2026-11-02', '--dip-percent', '12.5', '--resolved-by', 'self', '--assessment', 'watch'];
  const first = await add(...WANTED, ...rest, words);
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stdout, /^person-[0-9a-f]{16}\n$/);
  const again = JSON.parse((await add(...WANTED, ...rest, '--json', words)).stdout);
  assert.equal(again.id, first.stdout.trim());
  assert.deepEqual([again.created, again.date, again.subject], [false, '2026-11-02', 'a b.*']);
  const found = JSON.parse((await add('memory', 'search', 'dips quarter', '--subject', 'a b.*', '--json')).stdout);
  assert.equal(found.memories.length, 1);
  const [{ id, text, dip_percent, resolved_by, assessment }] = found.memories;
  assert.deepEqual([id, text, dip_percent, resolved_by, assessment], [again.id, words, 12.5, 'self', 'watch']);
});

test('without a date it is of today', async () => {
  const before = new Date().toISOString().slice(0, 10);
  const { stdout } = await add(...WANTED, '--json', 'Of today.');
  assert.ok([before, new Date().toISOString().slice(0, 10)].includes(JSON.parse(stdout).date));
});

test('what is wrong is refused with its field and value, and nothing is stored', async () => {
  for (const [args, exit, says] of [
    [['--kind', 'rumour', 'x'], 1, /^error\[memory\.invalid\]: .*kind: .*"rumour"/],
    [['--dip-percent', '120', 'x'], 1, /^error\[memory\.invalid\]: .*dip_percent: .*120/],
    [['--resolved-by', 'luck', 'x'], 1, /^error\[memory\.invalid\]: .*resolved_by: .*"luck"/],
    [[''], 1, /^error\[memory\.invalid\]: .*text: /],
    [['--date', '2026-02-30', 'x'], 2, /^error\[usage\.invalid\]: --date takes a date .*"2026-02-30"/],
    [['--dip-percent', 'deep', 'x'], 2, /^error\[usage\.invalid\]: --dip-percent takes a number .*"deep"/],
    [['--subject', 'zz-unknown', 'x'], 1, /^error\[subject\.unknown\]: the data folder .* knows no "zz-unknown"/],
    [['--scope', 'nobody', 'x'], 1, /^error\[agent\.unknown\]: no agent called nobody/],
  ] as const) {
    const { code, stdout, stderr } = await add(...WANTED, ...args);
    assert.deepEqual([code, stdout], [exit, ''], stderr);
    assert.match(stderr, says);
  }
  const missing = await add('memory', 'add', '--kind', 'quirk', 'x');
  assert.match(missing.stderr, /^error\[usage\.invalid\]: required option '--subject <id>'/);
  const found = JSON.parse((await add('memory', 'search', 'x', '--subject', 'a b.*', '--json')).stdout);
  assert.ok(found.memories.every(({ text }: { text: string }) => text !== 'x'));
  const stranger = JSON.parse((await add('memory', 'search', 'x', '--subject', 'zz-unknown', '--json')).stdout);
  assert.deepEqual(stranger.memories, []);
});

test.run();
