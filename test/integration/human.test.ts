import assert from 'node:assert/strict';
import { decideTask } from '../../bridge/commands/decide.ts';
import { listTasks, showTask } from '../../bridge/views/human.ts';
import { chain } from '../../bridge/testing/chain.ts';
import { tailTopic } from '../../bridge/follow/topic-events.ts';
import { LIBRARY } from '../support/http.ts';
import { APPROVE, asked, decided, EMITTING, OPERATOR, RARE, refusal, REPORTING } from '../support/people.ts';
import { type TestPlatform, withPlatforms } from '../support/platform.ts';
import { suite } from '../support/suite.ts';

const test = suite('people decide', { timeoutMs: 60_000 });
const platforms = withPlatforms(test);

/** How many events a run has emitted. */
async function emitted({ platform }: TestPlatform, run: string): Promise<number> {
  let found = 0;
  const { signal } = new AbortController();
  const onEvent = ({ data }: { data: unknown }) => void (found += (data as { run?: string }).run === run ? 1 : 0);
  await tailTopic(platform, 'overdue', { limit: 1000, follow: false, signal, onEvent });
  return found;
}

test('what is asked shows what the agent wants, the evidence and who may decide; nothing has taken effect', async () => {
  const opened = await platforms(LIBRARY);
  const { task } = await asked(opened, 'shown.1');
  assert.equal(task.task, 'shown.1.0.1');
  const shown = await showTask(opened.platform, task.task, 'town');
  const { state, kind, agent, subject, rules, answers, wants, evidence, decides, decision } = shown;
  assert.deepEqual([state, kind, agent, subject, decision], ['open', 'approval', 'librarian', RARE, null]);
  assert.deepEqual(rules, ['book_is_rare']);
  assert.deepEqual(answers, ['approve', 'edit', 'reject', 'ask_again']);
  assert.deepEqual(
    wants.calls.map(({ name, input, refused }) => [name, input, refused]),
    [['emit_event', { topic: 'overdue', data: { book: RARE } }, null]],
  );
  assert.deepEqual(evidence.facts, { look_up: { book: RARE, state: 'rare' } });
  assert.ok(evidence.verdicts.some(({ rule, ok }) => rule.includes('book_is_rare') && !ok));
  assert.deepEqual(decides, { name: null, role: 'operator' });
  assert.match(shown.question, /it is in the safe/);
  assert.equal(await emitted(opened, 'shown.1'), 0);
});

test('approved, it takes effect, once; the same decision again is the same success', async () => {
  const opened = await platforms(LIBRARY);
  const { task } = await asked(opened, 'approved');
  const { tree, task: after } = await decided(opened, task, APPROVE);
  assert.deepEqual([after.state, after.decision?.answer, after.decision?.by], ['decided', 'approve', 'ada']);
  assert.equal(tree.state, 'completed');
  assert.equal(await emitted(opened, 'approved'), 1);
  const entries = chain(tree);
  assert.deepEqual(await decideTask(opened.platform, task.task, APPROVE), after);
  const again = await decided(opened, task, APPROVE);
  assert.deepEqual(chain(again.tree), entries);
  assert.equal(await emitted(opened, 'approved'), 1);
});

test('a second decision is refused with who decided, what and when', async () => {
  const opened = await platforms(LIBRARY);
  const { task } = await asked(opened, 'second');
  const { task: after } = await decided(opened, task, { ...APPROVE, note: 'it is insured' });
  const [code, message] = await refusal(
    decideTask(opened.platform, task.task, { answer: 'reject', by: 'bob', role: 'operator', note: 'no' }),
  );
  assert.equal(code, 'human.decided');
  assert.ok(message.includes(`ada (operator) has decided already, at ${after.decision?.at}: approve, it is insured`));
});

test('of two that decide at once one counts, and the other is told so', async () => {
  const opened = await platforms(LIBRARY);
  const { task } = await asked(opened, 'race');
  const both = await Promise.allSettled([
    decideTask(opened.platform, task.task, APPROVE),
    decideTask(opened.platform, task.task, { answer: 'reject', by: 'bob', role: 'operator', note: 'no' }),
  ]);
  assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  const reasons = both.flatMap((each) => (each.status === 'rejected' ? [each.reason as { code: string }] : []));
  assert.deepEqual(
    reasons.map(({ code }) => code),
    ['human.decided'],
  );
});

test('rejected, it ends as refused, with who and why, and nothing takes effect', async () => {
  const opened = await platforms(LIBRARY);
  const { task } = await asked(opened, 'rejected');
  const { tree } = await decided(opened, task, { answer: 'reject', ...OPERATOR, note: 'it never leaves the safe' });
  assert.deepEqual([tree.state, tree.context.error?.code], ['refused', 'human.rejected']);
  assert.match(tree.context.error?.message ?? '', /ada.*it never leaves the safe/);
  assert.equal(await emitted(opened, 'rejected'), 0);
});

test('asked again, the agent reads the note, and nothing takes effect', async () => {
  const opened = await platforms(LIBRARY);
  const { task } = await asked(opened, 'again');
  const { tree } = await decided(opened, task, { answer: 'ask_again', ...OPERATOR, note: 'look in the safe first' });
  assert.ok(JSON.stringify(tree.context.turns).includes('look in the safe first'));
  assert.equal(await emitted(opened, 'again'), 0);
  assert.equal(tree.context.tasks[0]?.decision?.answer, 'ask_again');
});

test('an edited call takes effect as edited; an edit that breaks a rule leaves the question open, with the reason', async () => {
  const opened = await platforms(LIBRARY);
  const { task } = await asked(opened, 'edited');
  const { wants } = await showTask(opened.platform, task.task);
  const ordinal = wants.calls[0]?.ordinal ?? 0;
  const edit = (calls: { ordinal: number; input: never }[]) =>
    decideTask(opened.platform, task.task, { answer: 'edit', ...OPERATOR, edits: { calls } });
  const input = (data: object) => ({ topic: 'overdue', data }) as never;

  const [code, message] = await refusal(edit([{ ordinal, input: input({ book: 7 }) }]));
  assert.equal(code, 'human.refused');
  assert.match(message, /input\.valid.*book/);
  assert.deepEqual(await refusal(edit([{ ordinal, input: input({ book: 7 }) }])), [code, message], 'the same again');
  const [unknown, which] = await refusal(edit([{ ordinal: 99, input: input({ book: 'emma' }) }]));
  assert.deepEqual([unknown, /99/.test(which)], ['human.refused', true]);
  const open = await showTask(opened.platform, task.task);
  assert.deepEqual([open.state, open.refused.length], ['open', 2]);
  assert.equal(await emitted(opened, 'edited'), 0);

  const { tree, task: after } = await decided(opened, task, {
    answer: 'edit',
    ...OPERATOR,
    edits: { calls: [{ ordinal, input: input({ book: 'emma' }) }] },
  });
  assert.equal(after.decision?.answer, 'edit');
  assert.equal(tree.context.turns.flatMap((turn) => turn.calls).at(-1)?.status, 'ok');
  const call = tree.context.turns.flatMap((turn) => turn.calls).find((each) => each.ordinal === ordinal);
  assert.deepEqual(call?.input, input({ book: 'emma' }));
  assert.equal(await emitted(opened, 'edited'), 1);
});

test('an edited report is the report', async () => {
  const opened = await platforms(LIBRARY);
  const { task } = await asked(opened, 'reworded', REPORTING);
  const { wants } = await showTask(opened.platform, task.task);
  assert.deepEqual([wants.calls, wants.report?.data], [[], null]);
  const report = { text: 'It is where it should be.', data: null };
  const { tree } = await decided(opened, task, { answer: 'edit', ...OPERATOR, edits: { report } });
  assert.deepEqual([tree.state, tree.context.report?.text], ['completed', report.text]);
});

test('whoever is not asked cannot decide, and leaves no trace', async () => {
  const opened = await platforms(LIBRARY);
  const { task, tree } = await asked(opened, 'foreign');
  for (const who of [{ by: 'operator' }, { by: 'ada', role: 'auditor' }]) {
    const [code, message] = await refusal(decideTask(opened.platform, task.task, { answer: 'approve', ...who }));
    assert.equal(code, 'human.not_yours');
    assert.match(message, /anyone with the role operator/);
  }
  assert.equal((await opened.platform.runtime.journal.read(tree.address)).length, tree.entries.length);
});

test('what nobody asks is unknown: no such run, path or number, another tenant’s, or no id at all', async () => {
  const opened = await platforms(LIBRARY);
  const { task } = await asked(opened, 'known');
  const foreign = await refusal(decideTask(opened.platform, task.task, APPROVE, { tenant: 'village' }));
  assert.equal(foreign[0], 'human.unknown');
  for (const id of ['nothing.0.1', 'known.0.2', 'known.0-1.1', 'known', 'known.0', '', 'known.0.1 ']) {
    const [code, message] = await refusal(showTask(opened.platform, id));
    assert.equal(code, 'human.unknown', id);
    assert.ok(message.includes(JSON.stringify(id)));
  }
});

test('a decision that no worker takes is not said to be done; it counts when one does', async () => {
  const opened = await platforms(LIBRARY);
  const { task } = await asked(opened, 'untaken');
  await opened.worker.stop();
  const [code] = await refusal(decideTask(opened.platform, task.task, APPROVE, { waitMs: 200 }));
  assert.equal(code, 'human.unconfirmed');
  const other = await platforms(LIBRARY);
  const { tree } = await decided(other, task, APPROVE);
  assert.equal(tree.state, 'completed');
  assert.equal(tree.context.tasks.filter(({ decision }) => decision !== null).length, tree.context.tasks.length);
});

test('open questions are listed, the others on demand, of one tenant, no more than asked for', async () => {
  const opened = await platforms(LIBRARY);
  const { task } = await asked(opened, 'listed-open');
  const { task: other } = await asked(opened, 'listed-done', EMITTING);
  await decided(opened, other, { answer: 'reject', ...OPERATOR, note: 'no' });
  const list = async (filter: object) =>
    (await listTasks(opened.platform, { limit: 1000, ...filter })).map((each) => each.task);
  assert.ok((await list({})).includes(task.task));
  assert.ok(!(await list({})).includes(other.task));
  assert.ok((await list({ state: 'decided' })).includes(other.task));
  assert.ok(!(await list({ state: 'decided' })).includes(task.task));
  const all = await list({ state: 'all' });
  assert.ok(all.includes(task.task) && all.includes(other.task));
  assert.deepEqual(await list({ tenant: 'village', state: 'all' }), []);
  assert.equal((await list({ state: 'all', limit: 1 })).length, 1);
});

test.run();
