import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { HeldFolder } from '../support/holders.ts';
import { EMITTING, RARE } from '../support/people.ts';
import { commandIn, serveIn } from '../support/serving.ts';
import { suite } from '../support/suite.ts';

const test = suite('commands: human, runs cancel, policy explain', { timeoutMs: 120_000 });
let folder: HeldFolder;
test.before(async () => {
  folder = new HeldFolder();
  await folder.holdOpen(); // The servers stay up between the commands.
});
test.after(() => folder.remove());

const run = (args: string[]) => commandIn(folder, args);
const ask = (id: string) => run(['run', 'librarian', '--payload', JSON.stringify(EMITTING), '--run-id', id]);
const decide = (task: string, ...args: string[]) => run(['human', 'decide', task, ...args]);

async function jsonOf<T>(args: string[]): Promise<T> {
  const { code, stdout, stderr } = await run([...args, '--json']);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as T;
}

interface Told {
  outcome: string;
  task: { state: string; decision: { by: string; answer: string; note: string } };
  tasks: { task: string }[];
}

test('a run that waits says its task and what to type; that approves it, and the report follows', async () => {
  const { code, stdout } = await ask('first');
  assert.equal(code, 0);
  assert.match(stdout, /^task first\.0\.1$/m);
  assert.match(stdout, /anyone with the role operator is asked: a rare book .*it is in the safe/);
  const [, typed = ''] = /^to answer: agent-platform (.+)$/m.exec(stdout) ?? [];
  assert.equal(typed, 'human decide first.0.1 --approve --role operator');

  const listed = await run(['human', 'list']);
  assert.match(listed.stdout, /^first\.0\.1 +first-folio +librarian +operator +never /m);
  const shown = await run(['human', 'show', 'first.0.1']);
  for (const part of [/emit_event \(call \d+\)/, /escalation\.book_is_rare/, /look_up: .*rare/, /--edit FILE/])
    assert.match(shown.stdout, part);

  const done = await run(typed.split(' '));
  assert.equal(done.code, 0, done.stderr);
  assert.match(done.stderr, new RegExp(`^done: first\\.0\\.1 is decided: approve by ${userInfo().username}$`, 'm'));
  assert.match(done.stdout, /── librarian completed[\s\S]*emitted overdue/);
  const again = await run(typed.split(' '));
  assert.deepEqual([again.code, again.stdout], [0, done.stdout]);
});

test('a question that is not there, not theirs or decided already ends with exit 1 and its code', async () => {
  await ask('codes');
  const failing: [string[], RegExp][] = [
    [['nothing.0.1', '--approve'], /^error\[human\.unknown\]/],
    [['codes.0.1', '--approve', '--by', 'eve'], /^error\[human\.not_yours\][\s\S]*--role ROLE/],
    [['codes.0.1', '--approve', '--role', 'operator', '--tenant', 'village'], /^error\[human\.unknown\]/],
  ];
  for (const [args, says] of failing) {
    const { code, stdout, stderr } = await decide(args[0] ?? '', ...args.slice(1));
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, says);
  }
  const told = await jsonOf<Told>([
    'human',
    'decide',
    'codes.0.1',
    '--reject',
    'too rare',
    '--by',
    'Ada',
    '--role',
    'operator',
  ]);
  assert.deepEqual(
    [told.outcome, told.task.decision.answer, told.task.decision.note],
    ['refused', 'reject', 'too rare'],
  );
  const late = await decide('codes.0.1', '--approve', '--role', 'operator');
  assert.match(late.stderr, /^error\[human\.decided\]: Ada \(operator\) has decided already, at .*: reject, too rare/);
});

test('a command that is refused leaves one line in the log, as a warning, without a stack', async () => {
  const log = join(folder.cwd, '.agent-platform/agent-platform.log');
  const before = existsSync(log) ? readFileSync(log, 'utf8').length : 0;
  await decide('nothing.0.1', '--approve');
  const lines = readFileSync(log, 'utf8').slice(before).trim().split('\n');
  const told = lines.map((line) => JSON.parse(line) as { level: number; code?: string; stack?: string; err?: unknown });
  const line = told.find(({ code }) => code === 'human.unknown');
  assert.deepEqual([line?.level, line?.err], [40, undefined]);
  assert.ok(!lines.some((each) => each.includes('"stack"')));
  assert.ok(told.every(({ level }) => level < 50));
});

test('a command line that says nothing, two things or an unreadable edit is wrong, before anything is asked', async () => {
  const bad = join(folder.cwd, 'bad.json');
  writeFileSync(bad, '{"calls": [{"ordinal": "four"}]}');
  const wrong: [string[], RegExp][] = [
    [[], /takes one of --approve, .* got none/],
    [['--approve', '--reject', 'no'], /got approve and reject/],
    [['--reject', ''], /reject needs a note/],
    [['--edit', 'nothing.json'], /--edit takes a JSON file: ENOENT/],
    [['--edit', bad], /bad\.json: calls\.0\.ordinal: /],
  ];
  for (const [args, says] of wrong) {
    const { code, stderr } = await decide('first.0.1', ...args);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /^error\[usage\.invalid\]/);
    assert.match(stderr, says);
  }
  const cancel = await run(['runs', 'cancel', 'first']);
  assert.deepEqual([cancel.code, /--reason/.test(cancel.stderr)], [2, true]);
  const blank = await run(['runs', 'cancel', 'first', '--reason', '  ']);
  assert.deepEqual(
    [blank.code, blank.stderr],
    [2, 'error[usage.invalid]: reason: got the text "  ", expected more than blanks\n'],
  );
});

test('an edit from a file takes effect; asked again, the run goes on, and nobody is followed with --no-wait', async () => {
  await ask('edits');
  const { wants } = await jsonOf<{ wants: { calls: { ordinal: number }[] } }>(['human', 'show', 'edits.0.1']);
  const file = join(folder.cwd, 'edits.json');
  const input = { topic: 'overdue', data: { book: 'emma' } };
  writeFileSync(file, JSON.stringify({ calls: [{ ordinal: wants.calls[0]?.ordinal, input }] }));
  const edited = await jsonOf<Told>(['human', 'decide', 'edits.0.1', '--edit', file, '--role', 'operator']);
  assert.equal(edited.task.decision.answer, 'edit');

  await ask('again');
  const told = await jsonOf<Told>([
    'human',
    'decide',
    'again.0.1',
    '--ask-again',
    'is it lent?',
    '--role',
    'operator',
    '--no-wait',
  ]);
  assert.deepEqual([told.outcome, told.task.state, told.tasks], [null, 'decided', []]);
  const all = await run(['human', 'list', '--all']);
  assert.match(all.stdout, /^again\.0\.1 .*ask_again/m);
});

test('with up alive, a decision is taken by whoever is first, and says the same', async () => {
  const up = serveIn(folder, ['up']);
  await up.line(/^serving/);
  await ask('with-up');
  const done = await decide('with-up.0.1', '--approve', '--role', 'operator');
  assert.equal(done.code, 0, done.stderr);
  assert.match(done.stdout, /── librarian completed/);
  up.signal('SIGINT');
  assert.equal((await up.ended()).code, 0);
});

test('a run is cancelled, and again; an ended one is refused; a batch goes with its runs', async () => {
  await ask('cancels');
  const cancel = (id: string, ...args: string[]) => run(['runs', 'cancel', id, '--reason', 'by mistake', ...args]);
  const done = await cancel('cancels', '--by', 'Ada');
  assert.deepEqual([done.code, done.stdout], [0, 'cancels is cancelled, by Ada: by mistake; all of it has ended\n']);
  assert.deepEqual((await cancel('cancels')).stdout, done.stdout);
  assert.match((await cancel('first')).stderr, /^error\[run\.ended\]: the run "first" is completed/);
  assert.match((await cancel('nothing')).stderr, /^error\[run\.unknown\]/);

  const batch = await run(['schedules', 'run-now', 'weekly_stocktaking', '--batch', 'b']);
  assert.match(batch.stdout, /^ {2}agent-platform human decide b-first-folio\.0\.1 --approve --role operator$/m);
  assert.equal((await cancel('b')).code, 0);
  const { runs } = await jsonOf<{ runs: { run: string; state: string }[] }>(['runs', 'list', '--state', 'cancelled']);
  assert.deepEqual(runs.map((each) => each.run).sort(), ['b', 'b-first-folio', 'cancels']);
  const show = await run(['runs', 'show', 'cancels']);
  assert.match(show.stdout, /cancelled by Ada: by mistake/);
  assert.doesNotMatch(show.stdout, /allowed by/);
  const all = await run(['runs', 'show', 'cancels', '--verdicts']);
  assert.match(all.stdout, /admission allowed by [\s\S]*look_up \(call 2\) allowed by [\s\S]*cancelled by Ada/);
});

test('policy explain tells each decision with its rule and transition, in full with --json', async () => {
  const text = await run(['policy', 'explain', 'first']);
  assert.equal(text.code, 0, text.stderr);
  for (const part of [
    /admission: allowed/,
    /model\.replied: thinking → escalating\n {4}turn: escalated\n {4}escalated by escalation\.book_is_rare: /,
    /escalated: escalating → waiting_for_human/,
    /human\.decided: waiting_for_human → acting\n {4}decision first\.0\.1: approved/,
    /call look_up: allowed\n {4}input \{ "book": "first-folio" \}/,
  ]) {
    assert.match(text.stdout, part);
  }
  const { decisions } = await jsonOf<{ decisions: { about: string; definition: string; input: unknown }[] }>([
    'policy',
    'explain',
    'first',
  ]);
  const turn = decisions.filter(({ about }) => about === 'turn')[1];
  assert.deepEqual(turn?.input, {
    calls: [{ name: 'emit_event', input: { topic: 'overdue', data: { book: RARE } } }],
    report: null,
  });
  assert.ok(decisions.every(({ definition }) => /^[0-9a-f]{64}$/.test(definition)));
  assert.match((await run(['policy', 'explain', 'b'])).stderr, /^error\[run\.unknown\]: "b" is a batch/);
});

test.run();
