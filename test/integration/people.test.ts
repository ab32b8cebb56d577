import assert from 'node:assert/strict';
import { once } from 'node:events';
import { startRun } from '../../bridge/commands/start-run.ts';
import { openTask } from '../../runtime/context/invocation.ts';
import { MAIL_STREAM } from '../../runtime/subjects.ts';
import {
  ARCHIVE,
  answer,
  cancel,
  delegate,
  LOOK,
  note,
  notesOf,
  tries,
  treeOf,
  until,
  untilEvent,
} from '../support/archive.ts';
import type { ModelProvider } from '../../runtime/model/provider.ts';
import { chain, type TestPlatform, withPlatforms } from '../support/platform.ts';
import { suite } from '../support/suite.ts';

const test = suite('people in the loop', { timeoutMs: 60_000 });
const platforms = withPlatforms(test);

async function timersOf({ platform }: TestPlatform, run: string): Promise<string[]> {
  const { state } = await platform.jsm.streams.info(MAIL_STREAM, { subjects_filter: `timer.*.${run}.>` });
  return Object.keys(state.subjects ?? {});
}

test('a held event is emitted when somebody approves, once, and by whatever worker is alive then', async () => {
  const first = await platforms(ARCHIVE);
  const held = await first.run(tries('approved', [LOOK], [note('secret')]));
  assert.equal(held.state, 'waiting_for_human');
  assert.deepEqual(openTask(held.context)?.decides, { name: 'Ada Lovelace', role: 'head' });
  assert.deepEqual(await notesOf(first, 'approved'), []);
  await first.worker.stop();
  const next = await platforms(ARCHIVE);
  await answer(next, held, 'approve');
  await answer(next, held, 'approve');
  const ended = await until(next, 'approved', '0', 'completed');
  assert.deepEqual(await notesOf(next, 'approved'), ['secret']);
  assert.deepEqual(chain(ended).slice(-3), [
    '0 acting: human.decided',
    '0 thinking: tool.settled',
    '0 completed: model.replied+completed',
  ]);
});

test('an edited event is emitted as edited; one that breaks a rule is refused, and the question stays open', async () => {
  const open = await platforms(ARCHIVE);
  const held = await open.run(tries('edited', [LOOK], [note('secret')]));
  const ordinal = held.context.turns.at(-1)?.calls[0]?.ordinal ?? 0;
  const edit = (text: string) => ({ edits: { calls: [{ ordinal, input: note(text).input }] } });
  await answer(open, held, 'edit', { ...edit('a stain'), id: 'bad' });
  await answer(open, held, 'edit', { ...edit('plain'), id: 'good' });
  const ended = await until(open, 'edited', '0', 'completed');
  assert.deepEqual(await notesOf(open, 'edited'), ['plain']);
  const decisions = ended.entries.flatMap(({ events }) => events.filter(({ type }) => type === 'human.decided'));
  assert.equal(decisions.length, 2);
  assert.match(JSON.stringify(decisions[0]), /there is a stain in the note/);
});

test('what is rejected, asked again or answered by a stranger emits nothing', async () => {
  const open = await platforms(ARCHIVE);
  const rejected = await open.run(tries('rejected', [LOOK], [note('secret')]));
  await answer(open, rejected, 'approve', { by: 'Mallory' });
  await answer(open, rejected, 'reject', { note: 'keep it' });
  const refused = await until(open, 'rejected', '0', 'refused');
  assert.match(refused.context.error?.message ?? '', /Ada Lovelace rejected it: keep it/);
  const again = await open.run(tries('again', [LOOK], [note('secret')]));
  await answer(open, again, 'ask_again', { note: 'why?' });
  const ended = await until(open, 'again', '0', 'completed');
  assert.match(ended.context.report?.text ?? '', /human.asked_again: Ada Lovelace asks: why\?/);
  assert.deepEqual([...(await notesOf(open, 'rejected')), ...(await notesOf(open, 'again'))], []);
});

test('a question expires by a timer of the server, as its rule says, and leaves no timer', async () => {
  const open = await platforms(ARCHIVE);
  const [approved, refused, handed] = await Promise.all([
    until(open, 'dull', '0', 'completed'),
    until(open, 'rude', '0', 'refused'),
    until(open, 'odd', '0', 'escalated'),
    ...['dull', 'rude', 'odd'].map((text) => startRun(open.platform, tries(text, [LOOK], [note(text)]))),
  ]);
  assert.deepEqual(await notesOf(open, 'dull'), ['dull']);
  assert.equal(approved?.context.tasks[0]?.expired, true);
  assert.equal(refused?.context.error?.code, 'human.expired');
  assert.match(handed?.context.escalation?.reason ?? '', /nobody decided by/);
  assert.deepEqual([...(await notesOf(open, 'rude')), ...(await notesOf(open, 'odd'))], []);
  const decided = await open.run(tries('early', [LOOK], [note('blunt')]));
  assert.equal((await timersOf(open, 'early')).length, 1);
  await answer(open, decided, 'approve');
  await until(open, 'early', '0', 'completed');
  assert.deepEqual(await timersOf(open, 'early'), []);
});

test('a person decides at depth: the parent waits without an actor and hears of it', async () => {
  const open = await platforms(ARCHIVE);
  const root = await open.run(tries('deep', [LOOK], [delegate('copyist', [note('a copy')])]));
  assert.equal(root.state, 'acting');
  await answer(open, await treeOf(open, 'deep', '0-1'), 'approve', { by: 'Bob', role: 'operator' });
  const ended = await until(open, 'deep', '0', 'completed');
  assert.deepEqual(await notesOf(open, 'deep'), ['a copy']);
  assert.deepEqual(
    ended.children.map(({ state }) => state),
    ['completed'],
  );
});

test('a cancel ends the whole tree, the question in it too, and nothing is emitted afterwards', async () => {
  const open = await platforms(ARCHIVE);
  const root = await open.run(tries('cancelled', [LOOK], [delegate('copyist', [note('a copy')])]));
  const asking = await treeOf(open, 'cancelled', '0-1');
  await cancel(open, 'cancelled');
  const [ended, child] = await Promise.all([
    until(open, 'cancelled', '0', 'cancelled'),
    until(open, 'cancelled', '0-1', 'cancelled'),
  ]);
  await answer(open, asking, 'approve', { by: 'Bob', role: 'operator' });
  await cancel(open, 'cancelled');
  assert.deepEqual(
    [root.state, ended.context.cancelled, child.context.cancelled?.by],
    ['acting', { by: 'Ada', reason: 'not needed' }, 'Ada'],
  );
  // What follows in the same mailboxes is taken after those.
  const after = await open.run(tries('after', [LOOK]));
  assert.equal(after.state, 'completed');
  assert.deepEqual(await notesOf(open, 'cancelled'), []);
  assert.equal((await treeOf(open, 'cancelled')).entries.length, ended.entries.length);
});

test('what was cancelled before it was invoked never begins', async () => {
  const open = await platforms(ARCHIVE);
  await cancel(open, 'unborn', 'copyist', '0-1');
  const stillborn = await until(open, 'unborn', '0-1', 'cancelled');
  assert.deepEqual(
    stillborn.entries.map(({ events }) => events.map(({ type }) => type)),
    [['cancelled']],
  );
  await startRun(open.platform, tries('unborn', [LOOK], [delegate('copyist', [note('a copy')])]));
  await until(open, 'unborn', '0', 'acting');
  await cancel(open, 'unborn');
  await until(open, 'unborn', '0', 'cancelled');
  assert.equal((await treeOf(open, 'unborn', '0-1')).entries.length, 1);
});

const errand = (run: string) => ({ ...tries(run, [delegate('copyist', [note('a copy')])]), agent: 'runner' });

/** Lets the deadline of an errand come now, as the server would: two hours later, by the clock of this process. */
async function deadlinePasses(open: TestPlatform, run: string): Promise<void> {
  const { runtime } = open.platform;
  const { address, agent, context } = await treeOf(open, run);
  const name = context.timers.deadline?.name;
  assert.ok(name, 'there is a deadline');
  const real = runtime.now;
  runtime.now = () => new Date(real().getTime() + 7_200_000);
  const to = { ...address, agent };
  await runtime.mailer.unschedule(to, name);
  await runtime.mailer.post(to, { type: 'timer.fired', name }, { correlation_id: 'test' });
}

test('a deadline ends an invocation and cancels what it waits for', async () => {
  let copyistAsks = (): void => {};
  const asked = new Promise<void>((resolve) => {
    copyistAsks = resolve;
  });
  const hangs = (rehearsal: ModelProvider): ModelProvider => ({
    ...rehearsal,
    reply: async (request, signal) => {
      if (request.agent !== 'copyist') return rehearsal.reply(request, signal);
      copyistAsks();
      await once(signal, 'abort');
      return rehearsal.reply(request, signal);
    },
  });
  const open = await platforms({ ...ARCHIVE, model: hangs });
  await startRun(open.platform, errand('late'));
  await asked;
  await deadlinePasses(open, 'late');
  const [ended] = await Promise.all([until(open, 'late', '0', 'failed'), until(open, 'late', '0-1', 'cancelled')]);
  assert.equal(ended.context.error?.code, 'budget.deadline');
});

test('the time that a person takes, at whatever depth, does not count towards a deadline', async () => {
  const open = await platforms(ARCHIVE);
  await startRun(open.platform, errand('asked'));
  const asking = await until(open, 'asked', '0-1', 'waiting_for_human');
  await deadlinePasses(open, 'asked');
  await untilEvent(open, 'asked', '0', 'deadline.moved');
  await answer(open, asking, 'approve', { by: 'Bob', role: 'operator' });
  const ended = await until(open, 'asked', '0', 'completed', 'failed');
  assert.equal(ended.state, 'completed');
  await open.worker.settled();
  assert.deepEqual(await timersOf(open, 'asked'), []);
});

test.run();
