import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding } from '../../bridge/doctor/finding.ts';
import { dataFolder } from '../support/customer-data.ts';
import { HeldFolder } from '../support/holders.ts';
import { CUSTOMER_SUCCESS } from '../support/platform.ts';
import { commandIn, LIBRARY, serveIn } from '../support/serving.ts';
import { suite } from '../support/suite.ts';

const test = suite('data of several packs', { timeoutMs: 90_000 });
const BOTH = { ...LIBRARY, AGENT_PLATFORM_PACKS: `${CUSTOMER_SUCCESS}:${LIBRARY.AGENT_PLATFORM_PACKS}` };
const OWN = dataFolder();
let folder: HeldFolder;
let shelf = '';

test.before.each(() => {
  folder = new HeldFolder();
  shelf = join(folder.cwd, 'shelf');
  mkdirSync(shelf);
  writeFileSync(join(shelf, 'books.csv'), 'book,state\nulysses,on the shelf\n');
});
test.after.each(() => folder.remove());

const run = (...args: string[]) => commandIn(folder, args, BOTH);
const read = (book: string, ...args: string[]) =>
  run('run', 'librarian', '--payload', JSON.stringify({ book }), '--json', ...args);

test('who serves refuses one folder for several packs, before anything starts', async () => {
  for (const command of [['up'], ['up', '--no-worker'], ['worker']]) {
    const { code, stdout, stderr } = await run(...command, '--data', OWN);
    assert.deepEqual([code, stdout], [2, ''], stderr);
    assert.match(
      stderr,
      /^error\[settings\.invalid\]: data: one folder, .* several packs \(customer-success, library\)/,
    );
    assert.ok(stderr.includes(`--data customer-success=${OWN}`), stderr);
    assert.deepEqual(readdirSync(folder.cwd), ['shelf']);
  }
});

test('what lists the schedules of all packs refuses it too; doctor says so', async () => {
  const { code, stderr } = await run('schedules', 'list', '--data', OWN);
  assert.equal(code, 2, stderr);
  assert.match(stderr, /^error\[settings\.invalid\]: data: one folder/m);
  const doctor = JSON.parse((await run('doctor', '--json', '--data', OWN)).stdout) as { findings: Finding[] };
  const found = doctor.findings.filter(({ part }) => part === 'data');
  assert.equal(found.length, 1);
  assert.match(found[0]?.text ?? '', /^settings\.invalid: data: one folder/);
});

test('a broken pack stops what needs its code, and nobody who looks at records', async () => {
  const pack = join(folder.cwd, 'broken');
  mkdirSync(pack);
  writeFileSync(join(pack, 'pack.yaml'), 'kind: Pack\nmetadata: {name: broken}\n');
  const look = (...args: string[]) => commandIn(folder, args, { ...LIBRARY, AGENT_PLATFORM_PACKS: pack });
  for (const command of [['up'], ['schedules', 'list']]) {
    const { code, stderr } = await look(...command);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /error\[definitions\.invalid\]/);
  }
  for (const [what, command] of [
    ['runs', ['runs', 'list']],
    ['tasks', ['human', 'list']],
    ['quarantined', ['runs', 'quarantined']],
  ] as const) {
    const { code, stdout, stderr } = await look(...command, '--json');
    assert.equal(code, 0, stderr);
    assert.deepEqual(JSON.parse(stdout), { [what]: [] });
  }
  const { stderr } = await look('runs', 'show', 'none');
  assert.match(stderr, /^error\[run\.unknown\]/m);
  // Whether there is an agent of that name only the packs know.
  assert.match((await look('runs', 'list', '--agent', 'any')).stderr, /error\[definitions\.invalid\]/);
});

test('packs that are not loaded are named, before anything starts', async () => {
  const { code, stderr } = await run('up', '--data', 'libary=./shelf');
  assert.equal(code, 2);
  assert.match(
    stderr,
    /^error\[settings\.invalid\]: data: no loaded pack is called libary; there are: customer-success, library$/m,
  );
  assert.deepEqual(readdirSync(folder.cwd), ['shelf']);
  const { stdout } = await run('doctor', '--json', '--data', 'libary=./shelf');
  assert.match(stdout, /no loaded pack is called libary/);
});

test('each pack has data of its own, those not named keep theirs', async () => {
  writeFileSync(join(folder.cwd, 'agent-platform.yaml'), `data: {customer-success: ${OWN}, library: ./shelf}\n`);
  const up = serveIn(folder, ['up', '--json'], BOTH);
  const { serving } = JSON.parse(await up.line(/serving/));
  assert.deepEqual(serving.packs, ['customer-success', 'library']);
  const book = JSON.parse((await read('ulysses')).stdout);
  assert.deepEqual([book.outcome, book.report.text], ['completed', 'ulysses: on the shelf']);
  const checked = await run('schedules', 'run-now', 'weekly_health_check', '--json');
  assert.deepEqual(
    JSON.parse(checked.stdout).results.map(({ target }: { target: string }) => target),
    ['one'],
  );
  // A command that names an agent means its pack by a plain folder; the other packs are not asked.
  const own = await run('doctor', '--json', '--data', `customer-success=${OWN}`);
  assert.match(own.stdout, /library reads [^"]*test\/packs\/library\/shelf/);
  const plain = await read('ulysses', '--data', './shelf', '--run-id', 'plain');
  assert.equal(JSON.parse(plain.stdout).outcome, 'completed', plain.stderr);
});

test.run();
