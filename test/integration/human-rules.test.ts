import assert from 'node:assert/strict';
import { once } from 'node:events';
import { cancelRun } from '../../bridge/commands/cancel.ts';
import { decideTask } from '../../bridge/commands/decide.ts';
import { listTasks, showTask } from '../../bridge/views/human.ts';
import { explainPolicy } from '../../bridge/views/policy-explain.ts';
import { readRun } from '../../bridge/journals/runs.ts';
import { taskText } from '../../bridge/cli/render/task-text.ts';
import { PLAIN } from '../../bridge/terminal/terminal.ts';
import { journalsOf, timeline } from '../../bridge/cli/render/timeline.ts';
import { untilAtRest } from '../../bridge/follow/at-rest.ts';
import { testPeople } from '../../bridge/testing/people.ts';
import type { ModelProvider } from '../../runtime/model/provider.ts';
import { withChangedLibraries } from '../support/changed-library.ts';
import { LIBRARY, STOCK } from '../support/http.ts';
import { APPROVE, asked, decided, OPERATOR, RARE, refusal, REPORTING } from '../support/people.ts';
import { withPlatforms } from '../support/platform.ts';
import { suite } from '../support/suite.ts';
import { throwingTurns } from '../support/throwing.ts';

const test = suite('questions of every kind', { timeoutMs: 60_000 });
const platforms = withPlatforms(test);
const libraries = withChangedLibraries(test);
const { signal } = new AbortController();
const at = (run: string) => ({ tenant: 'town', run, path: '0' });

const RULE = 'target: human, reason: a rare book is looked at by a person';
const asking = (terms: string) => libraries({ 'agents/librarian.yaml': { [RULE]: `${RULE}, ${terms}` } });

test('when nobody decides in time the rule says what happens, and a later decision is told so', async () => {
  for (const [on_expiry, state, outcome] of [
    ['refuse', 'refused', 'refused'],
    ['approve', 'completed', 'approved'],
    ['escalate', 'escalated', 'escalated'],
  ] as const) {
    const opened = await platforms(asking(`due: 1h, on_expiry: ${on_expiry}`));
    const run = `late-${on_expiry}`;
    const { task } = await asked(opened, run, REPORTING);
    assert.ok(task.due !== null && task.on_expiry === on_expiry);
    const tree = await testPeople(opened).expire(task.task);
    assert.equal(tree.state, state);
    const shown = await showTask(opened.platform, task.task);
    assert.deepEqual([shown.state, shown.answers, shown.decision], ['expired', [], null]);
    assert.match(taskText(shown, 100, PLAIN), new RegExp(`^nobody decided by .*: ${outcome}$`, 'm'));
    const [code, message] = await refusal(decideTask(opened.platform, task.task, APPROVE));
    assert.deepEqual([code, message.includes(`nobody decided by ${task.due}`)], ['human.expired', true]);
    const expiry = explainPolicy(tree).find(({ about }) => about === 'expiry');
    assert.deepEqual([expiry?.what, expiry?.transition.from], [task.task, 'waiting_for_human']);
    assert.equal(expiry?.outcome, outcome);
    const words = timeline(journalsOf(tree)).flatMap((row) => row.words);
    assert.ok(words.includes(`nobody decided ${task.task} by ${task.due}: ${outcome}`));
  }
});

async function settledAfter(platform: Parameters<typeof untilAtRest>[0], run: string) {
  for (;;) {
    const tree = await untilAtRest(platform, at(run), signal);
    if (tree && tree.state !== 'waiting_for_human') return tree;
  }
}

test('the person whom the facts name may decide, whatever the case of the name, and whoever has the role', async () => {
  const opened = await platforms(asking('decides: {fact: /look_up/book, role: keeper}'));
  const { task } = await asked(opened, 'named', REPORTING);
  assert.deepEqual(task.decides, { name: RARE, role: 'keeper' });
  const [code, message] = await refusal(decideTask(opened.platform, task.task, APPROVE));
  assert.equal(code, 'human.not_yours');
  assert.match(message, /for first-folio or anyone with the role keeper, not for ada \(operator\)/);
  const { tree } = await decided(opened, task, { answer: 'approve', by: ' First-Folio ' });
  assert.equal(tree.state, 'completed');
  const { task: other } = await asked(opened, 'role', REPORTING);
  const { task: after } = await decided(opened, other, { answer: 'approve', by: 'bob', role: 'keeper' });
  assert.equal(after.decision?.role, 'keeper');
});

test('a broken rule is not lifted by an approval: it is edited, sent back or rejected', async () => {
  const enforce = `enforce:
    - {id: only_emma, before: [emit_event], require: "input.data.book == 'emma'", message: only emma is ever overdue}
  escalation_rules:`;
  const opened = await platforms(libraries({ 'agents/librarian.yaml': { 'escalation_rules:': enforce } }));
  const emit = (book: string) => [{ name: 'emit_event', input: { topic: 'overdue', data: { book } } }];
  const script = [emit('one'), emit('two'), emit('three')];
  const { task } = await asked(opened, 'breach', { book: 'emma', script });
  assert.equal(task.kind, 'breach');
  const shown = await showTask(opened.platform, task.task);
  assert.deepEqual(shown.answers, ['edit', 'reject', 'ask_again']);
  const [call] = shown.wants.calls;
  assert.match(call?.refused ?? '', /only emma is ever overdue/);
  const [code, message] = await refusal(decideTask(opened.platform, task.task, APPROVE));
  assert.deepEqual([code, /cannot be approved/.test(message)], ['human.refused', true]);
  const input = { topic: 'overdue', data: { book: 'emma' } };
  const edits = { calls: [{ ordinal: call?.ordinal ?? 0, input }] };
  const { tree } = await decided(opened, task, { answer: 'edit', ...OPERATOR, edits });
  const made = tree.context.turns.flatMap((turn) => turn.calls).find(({ ordinal }) => ordinal === call?.ordinal);
  assert.deepEqual([made?.status, made?.input], ['ok', input]);
  const told = explainPolicy(tree);
  const refused = told.filter(({ about, outcome }) => about === 'call' && outcome === 'refused');
  assert.deepEqual(
    refused.map(({ input: each }) => (each as typeof input).data.book),
    ['one', 'two', 'three'],
  );
  assert.ok(
    refused.every(({ rules }) => rules.some(({ rule, answer }) => /only_emma/.test(rule) && answer === 'refused')),
  );
  const answers = told.filter(({ about }) => about === 'decision').map(({ outcome }) => outcome);
  assert.deepEqual(answers, ['refused', 'approved with edits']);
  const anew = told.findLast(({ about }) => about === 'call');
  assert.deepEqual([anew?.transition.event, anew?.outcome, anew?.input], ['human.decided', 'allowed', input]);
  assert.ok(anew?.rules.some(({ rule, answer }) => rule === 'enforce.only_emma' && answer === 'allowed'));
  const words = timeline(journalsOf(tree)).flatMap((row) => row.words);
  assert.ok(words.some((line) => /^emit_event \(call \d+\) as edited allowed by .*enforce\.only_emma/.test(line)));
});

test('a rule that the agent itself asks by is shown with what the agent says', async () => {
  const opened = await platforms(LIBRARY);
  const asks = { name: 'escalate', input: { condition: 'book_is_rare', reason: 'its binding is gold' } };
  const { task } = await asked(opened, 'by-itself', { book: 'emma', script: [[asks]] });
  const shown = await showTask(opened.platform, task.task);
  const expected = { rule: 'book_is_rare', ok: false, reason: 'the agent asks: its binding is gold' };
  assert.deepEqual(shown.evidence.verdicts, [expected]);
  assert.match(taskText(shown, 100, PLAIN), /the rules say:\n {2}book_is_rare: the agent asks: its binding is gold/);
});

test('what several rules say in the same words is said once, with all their names', async () => {
  const opened = await platforms(LIBRARY);
  const { task } = await asked(opened, 'in-words');
  const shown = await showTask(opened.platform, task.task);
  const verdicts = ['report.valid', 'enforce.only_emma'].map((rule) => ({ rule, ok: false, reason: 'not so' }));
  const text = taskText({ ...shown, evidence: { ...shown.evidence, verdicts } }, 100, PLAIN);
  assert.match(text, /the rules say:\n {2}report\.valid, enforce\.only_emma: not so\n\n/);
});

test('a deadline that passed is told as what failed it', async () => {
  const budget = { 'autonomy:': 'autonomy:\n  budget: {deadline: 1s}' };
  const hangs = (inner: ModelProvider): ModelProvider => ({
    ...inner,
    reply: async (request, stop) => {
      await once(stop, 'abort');
      return inner.reply(request, stop);
    },
  });
  const opened = await platforms({ ...libraries({ 'agents/librarian.yaml': budget }), model: hangs });
  const tree = await opened.run({ ...STOCK, run: 'too-late' });
  const by = tree.context.deadline ?? '';
  const told = explainPolicy(tree).find(({ about }) => about === 'deadline');
  assert.deepEqual([told?.outcome, told?.reason], ['failed', `it did not end by ${by}`]);
  const words = timeline(journalsOf(tree)).flatMap((row) => row.words);
  assert.ok(words.includes(`it did not end by ${by}: failed`));
});

test('a delegate asks on its own, its question has its path, and its parent goes on with what was decided', async () => {
  const rules = { 'autonomy:': 'autonomy:\n  requires_human_approval: [report]' };
  const opened = await platforms(libraries({ 'agents/finder.yaml': rules }));
  const { tree, task } = await asked(opened, 'deep', { book: 'persuasion' });
  assert.equal(tree.state, 'acting');
  assert.deepEqual([task.task, task.path, task.agent], ['deep.0-1.1', '0-1', 'finder']);
  const { tree: after } = await decided(opened, task, APPROVE);
  assert.equal((await settledAfter(opened.platform, 'deep')).state, 'completed');
  assert.equal(after.children[0]?.state, 'completed');
  const { task: rejected } = await asked(opened, 'deep-rejected', { book: 'persuasion' });
  await decided(opened, rejected, { answer: 'reject', ...OPERATOR, note: 'look again yourself' });
  const ended = await settledAfter(opened.platform, 'deep-rejected');
  assert.deepEqual([ended.state, ended.children[0]?.state], ['completed', 'refused']);
});

test('what was set aside is asked about: approved it goes on from its journal, rejected it stays failed', async () => {
  const opened = throwingTurns(await platforms(LIBRARY));
  for (const run of ['set-aside', 'left-aside']) assert.equal((await opened.run({ ...STOCK, run })).state, 'failed');
  await opened.worker.stop();
  const good = await platforms(LIBRARY);
  const tasks = (await listTasks(good.platform, { limit: 100 })).filter(({ kind }) => kind === 'quarantine');
  assert.deepEqual(tasks.map(({ task }) => task).sort(), ['left-aside.0.1', 'set-aside.0.1']);
  const shown = await showTask(good.platform, 'set-aside.0.1');
  assert.deepEqual([shown.answers, shown.error?.code], [['approve', 'reject'], 'activation.quarantined']);
  assert.deepEqual(shown.wants, { calls: [], report: null });

  await decideTask(good.platform, 'set-aside.0.1', APPROVE);
  assert.equal((await untilEnded(good.platform, 'set-aside')).context.report?.text, 'emma: on the shelf');
  const reject = { answer: 'reject', ...OPERATOR, note: 'not worth it' } as const;
  assert.equal((await decideTask(good.platform, 'left-aside.0.1', reject)).state, 'decided');
  const left = await readRun(good.platform.runtime.journal, at('left-aside'));
  assert.equal(left?.state, 'failed');
  assert.ok(!(await listTasks(good.platform, { limit: 100 })).some(({ kind }) => kind === 'quarantine'));
});

async function untilEnded(platform: Parameters<typeof untilAtRest>[0], run: string) {
  for (;;) {
    const tree = await untilAtRest(platform, at(run), signal);
    if (tree && tree.state !== 'failed') return tree;
  }
}

test('a failed run that a person is asked about is cancelled, too, and nobody is asked any more', async () => {
  const opened = throwingTurns(await platforms(LIBRARY));
  assert.equal((await opened.run({ ...STOCK, run: 'given-up' })).state, 'failed');
  const done = await cancelRun(opened.platform, at('given-up'), { by: 'ada', reason: 'not needed' });
  assert.equal(done.state, 'cancelled');
  assert.equal((await showTask(opened.platform, 'given-up.0.1')).state, 'closed');
});

test('a run asks twice: each question is of its own, and the later one names the earlier', async () => {
  const opened = await platforms(asking('before: [emit_event]'));
  const look = (book: string) => [{ name: 'look_up', input: { book } }];
  const emit = (book: string) => [{ name: 'emit_event', input: { topic: 'overdue', data: { book } } }];
  const { task } = await asked(opened, 'twice', { book: RARE, script: [look(RARE), emit(RARE), emit('emma')] });
  await decided(opened, task, { answer: 'ask_again', ...OPERATOR, note: 'is it not lent?' });
  const open = (await listTasks(opened.platform, { limit: 100 })).filter(({ run }) => run === 'twice');
  assert.deepEqual(
    open.map((each) => each.task),
    ['twice.0.2'],
  );
  const shown = await showTask(opened.platform, 'twice.0.2');
  assert.deepEqual(
    shown.earlier.map((each) => [each.task, each.decision?.answer]),
    [['twice.0.1', 'ask_again']],
  );
});

test.run();
