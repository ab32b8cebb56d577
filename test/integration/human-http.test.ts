import assert from 'node:assert/strict';
import { CancelAnswer, HumanTaskDetail, HumanTaskList, HumanTaskView } from '../../bridge/contract/human-schemas.ts';
import { RunView } from '../../bridge/contract/schemas.ts';
import { settleRun } from '../../bridge/follow/settle.ts';
import type { HttpApp } from '../../bridge/http/app.ts';
import { ARCHIVE, LOOK, note, tries } from '../support/archive.ts';
import { withChangedLibraries } from '../support/changed-library.ts';
import { appOf, LIBRARY, messagesOf, post, STOCK } from '../support/http.ts';
import { EMITTING, OPERATOR, RARE } from '../support/people.ts';
import { withPlatforms } from '../support/platform.ts';
import { suite } from '../support/suite.ts';

const test = suite('people decide over HTTP', { timeoutMs: 60_000 });
const platforms = withPlatforms(test);
const libraries = withChangedLibraries(test);
const { signal } = new AbortController();

const RUN = { agent: 'librarian', instructions: 'Take stock.', payload: EMITTING };

async function codeOf(answer: Response): Promise<[status: number, code: string]> {
  return [answer.status, ((await answer.json()) as { error: { code: string } }).error.code];
}

/** Starts a run that waits, and returns its question. */
async function ask(app: HttpApp, run_id: string): Promise<HumanTaskView> {
  const answer = await post(app, '/run', { ...RUN, run_id });
  assert.equal(answer.status, 202);
  const { state, tasks } = RunView.parse(await answer.json());
  const [task] = tasks;
  assert.ok(task && state === 'waiting');
  return task;
}

test('a run that waits is answered with 202 and its question, which is listed and shown', async () => {
  const app = appOf(await platforms(LIBRARY));
  const task = await ask(app, 'asks/1 ü');
  assert.deepEqual([task.task, task.state, task.subject], ['asks/1 ü.0.1', 'open', RARE]);
  const path = `/human/${encodeURIComponent(task.task)}`;
  const list = HumanTaskList.parse(await (await app.request('/human')).json());
  assert.deepEqual(
    list.tasks.find((each) => each.task === task.task),
    task,
  );
  const shown = HumanTaskDetail.parse(await (await app.request(path)).json());
  assert.deepEqual([shown.task, shown.wants.calls[0]?.name], [task.task, 'emit_event']);
  const view = RunView.parse(await (await app.request(`/runs/${encodeURIComponent('asks/1 ü')}`)).json());
  assert.deepEqual(view.tasks, [task]);
});

test('a decision is answered with 200 when it counts; again the same; another one with 409', async () => {
  const opened = await platforms(LIBRARY);
  const app = appOf(opened);
  await ask(app, 'decides');
  const decide = (body: object) => post(app, '/human/decides.0.1/decide', body);
  const answer = await decide({ answer: 'approve', ...OPERATOR });
  assert.equal(answer.status, 200);
  const task = HumanTaskView.parse(await answer.json());
  assert.deepEqual([task.state, task.decision?.by, task.decision?.answer], ['decided', 'ada', 'approve']);
  assert.deepEqual(await (await decide({ answer: 'approve', ...OPERATOR })).json(), task);
  const second = await decide({ answer: 'reject', note: 'no', by: 'bob', role: 'operator' });
  assert.equal(second.status, 409);
  const { error } = (await second.json()) as { error: { code: string; message: string } };
  assert.equal(error.code, 'human.decided');
  assert.ok(error.message.includes(`ada (operator) has decided already, at ${task.decision?.at}: approve`));
  await settleRun(opened.platform, { tenant: 'town', run: 'decides', path: '0' }, { signal });
  const view = RunView.parse(await (await app.request('/runs/decides')).json());
  assert.deepEqual([view.state, view.tasks], ['completed', []]);
});

test('a decision id of the caller’s own stands for what is decided with it, and for nothing else', async () => {
  const app = appOf(await platforms(LIBRARY));
  await ask(app, 'own-id');
  const decide = (said: object) => post(app, '/human/own-id.0.1/decide', { decision_id: 'mine', ...said });
  const { wants } = HumanTaskDetail.parse(await (await app.request('/human/own-id.0.1')).json());
  const edit = (data: object) => {
    const calls = [{ ordinal: wants.calls[0]?.ordinal, input: { topic: 'overdue', data } }];
    return decide({ answer: 'edit', ...OPERATOR, edits: { calls } });
  };
  const bad = await edit({ book: 7 });
  assert.deepEqual(await codeOf(bad), [422, 'human.refused']);
  const first = await edit({ book: 'emma' });
  assert.equal(first.status, 200, 'the corrected edit is judged, under the same id');
  const task = HumanTaskView.parse(await first.json());
  assert.match(task.decision?.id ?? '', /^mine\.[0-9a-f]{32}$/);
  assert.deepEqual(await (await edit({ book: 'emma' })).json(), task);
  const reject = { answer: 'reject', note: 'no' };
  assert.deepEqual(await codeOf(await decide({ ...reject, ...OPERATOR })), [409, 'human.decided']);
  assert.deepEqual(await codeOf(await decide({ ...reject, by: 'mallory' })), [403, 'human.not_yours']);
});

test('questions of several tenants are listed together, the most pressing first', async () => {
  const rule = 'target: human, reason: a rare book';
  const { packs } = libraries({ 'agents/librarian.yaml': { [rule]: rule.replace('human,', 'human, due: 1h,') } });
  const opened = await platforms({ packs: [...ARCHIVE.packs, ...packs] });
  const app = appOf(opened);
  await opened.run(tries('never-due', [LOOK], [note('secret')]));
  await ask(app, 'soon-due');
  const listed = async (query: string) =>
    HumanTaskList.parse(await (await app.request(`/human${query}`)).json()).tasks.map(({ run }) => run);
  assert.deepEqual(await listed('?limit=1'), ['soon-due']);
  const all = await listed('');
  assert.ok(all.indexOf('soon-due') < all.indexOf('never-due'));
  assert.deepEqual(await listed('?state=all&limit=1'), ['soon-due'], 'others: the latest first');
});

test('what cannot be decided is refused with its status, and leaves no trace', async () => {
  const opened = await platforms(LIBRARY);
  const app = appOf(opened);
  await ask(app, 'refuses');
  const before = await messagesOf(opened.platform);
  const decide = async (body: unknown, task = 'refuses.0.1') =>
    codeOf(await post(app, `/human/${task}/decide`, body as object));
  const approve = { answer: 'approve', ...OPERATOR };
  assert.deepEqual(await decide({ answer: 'approve', by: 'eve' }), [403, 'human.not_yours']);
  assert.deepEqual(await decide(approve, 'refuses.0.2'), [404, 'human.unknown']);
  assert.deepEqual(await decide(approve, 'x'.repeat(401)), [404, 'human.unknown']);
  for (const wrong of [
    {},
    { answer: 'maybe', ...OPERATOR },
    { answer: 'approve' },
    { answer: 'reject', ...OPERATOR },
    { answer: 'ask_again', ...OPERATOR, note: '  ' },
    { answer: 'edit', ...OPERATOR },
    { answer: 'edit', ...OPERATOR, edits: {} },
    { ...approve, edits: { report: { text: 'x', data: null } } },
    { ...approve, unheard_of: 1 },
    { ...approve, by: ' ' },
    `{"answer": "edit", "by": "a", "edits": {"calls": [{"ordinal": 4, "input": {"__proto__": {"book": "emma"}}}]}}`,
    `{"answer": "edit", "by": "a", "edits": {"calls": [{"ordinal": 4, "input": {"\\u005f_proto__": 1}}]}}`,
    `{"answer": "edit", "by": "a", "edits": {"calls": [{"ordinal": 4, "input": {"n": 9007199254740993}}]}}`,
    `{"answer": "approve", "by": "a", "answer": "approve"}`,
  ]) {
    assert.deepEqual(await decide(wrong), [400, 'request.invalid'], JSON.stringify(wrong));
  }
  assert.deepEqual(await codeOf(await app.request('/human/nothing.0.1')), [404, 'human.unknown']);
  assert.deepEqual(await codeOf(await app.request('/human?state=lost')), [400, 'request.invalid']);
  assert.deepEqual(await codeOf(await app.request('/human?limit=many')), [400, 'request.invalid']);
  assert.deepEqual(await messagesOf(opened.platform), before);
});

test('an edit that breaks a rule is answered with 422 and the reason; the question stays open', async () => {
  const app = appOf(await platforms(LIBRARY));
  await ask(app, 'breaks');
  const { wants } = HumanTaskDetail.parse(await (await app.request('/human/breaks.0.1')).json());
  const calls = [{ ordinal: wants.calls[0]?.ordinal, input: { topic: 'overdue', data: {} } }];
  const answer = await post(app, '/human/breaks.0.1/decide', { answer: 'edit', ...OPERATOR, edits: { calls } });
  assert.deepEqual(await codeOf(answer), [422, 'human.refused']);
  const shown = HumanTaskDetail.parse(await (await app.request('/human/breaks.0.1')).json());
  assert.deepEqual([shown.state, shown.refused.length], ['open', 1]);
});

test('a run is cancelled, again the same; what has ended or never was is refused', async () => {
  const app = appOf(await platforms(LIBRARY));
  await ask(app, 'cancels');
  const why = { by: 'ada', reason: 'asked by mistake' };
  const answer = await post(app, '/runs/cancels/cancel', why);
  assert.equal(answer.status, 200);
  const done = CancelAnswer.parse(await answer.json());
  assert.deepEqual([done.state, done.by, done.ending], ['cancelled', 'ada', []]);
  assert.deepEqual(await (await post(app, '/runs/cancels/cancel', { ...why, by: 'bob' })).json(), done);
  assert.equal(RunView.parse(await (await app.request('/runs/cancels')).json()).state, 'cancelled');
  await post(app, '/run', { ...STOCK, run_id: 'ended' });
  assert.deepEqual(await codeOf(await post(app, '/runs/ended/cancel', why)), [409, 'run.ended']);
  assert.deepEqual(await codeOf(await post(app, '/runs/nothing/cancel', why)), [404, 'run.unknown']);
  for (const wrong of [{ by: 'ada' }, { by: 'ada', reason: ' \n' }, { by: ' ', reason: 'why' }]) {
    assert.deepEqual(await codeOf(await post(app, '/runs/ended/cancel', wrong)), [400, 'request.invalid']);
  }
  assert.deepEqual(await codeOf(await post(app, '/human/cancels.0.1/decide', { answer: 'approve', ...OPERATOR })), [
    409,
    'run.ended',
  ]);
});

test('metrics count the questions that are open', async () => {
  const app = appOf(await platforms(LIBRARY));
  await ask(app, 'counted');
  const text = await (await app.request('/metrics')).text();
  assert.ok(Number(/^agent_platform_human_tasks_open (\d+)$/m.exec(text)?.[1]) >= 1);
});

test.run();
