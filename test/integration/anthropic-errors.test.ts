import assert from 'node:assert/strict';
import { readBatch } from '../../bridge/journals/batch-journal.ts';
import { listTasks, showTask } from '../../bridge/views/human.ts';
import { sentPrompt } from '../../bridge/views/prompt.ts';
import { readRun, type RunTree } from '../../bridge/journals/runs.ts';
import { settleRun } from '../../bridge/follow/settle.ts';
import { DEFAULT_MODELS, DEFAULT_PRICES } from '../../config/model-settings.ts';
import { anthropic } from '../../runtime/model/anthropic/provider.ts';
import type { InvocationEvent } from '../../runtime/journal/entry.ts';
import { announcedName } from '../../runtime/policy/retry.ts';
import { LIBRARY } from '../support/http.ts';
import { type Answer, KEY, withMessagesApi } from '../support/messages-api.ts';
import { APPROVE, asked, decided, request } from '../support/people.ts';
import { type PlatformOptions, type TestPlatform, withPlatforms } from '../support/platform.ts';
import { suite } from '../support/suite.ts';

const test = suite('when Claude does not answer', { timeoutMs: 60_000 });
const platforms = withPlatforms(test);
const api = withMessagesApi(test);

const DONE: Answer = { content: [{ type: 'text', text: 'All is in its place.' }] };
const WRONG: Answer = { status: 400, type: 'invalid_request_error', message: 'messages.3: too odd' };
const BUSY: Answer = { status: 529, type: 'overloaded_error', headers: { 'retry-after-ms': '2500' } };

async function onClaude(options: PlatformOptions = LIBRARY, apiKey = KEY): Promise<TestPlatform> {
  const open = await platforms(options);
  const model = { apiKey, baseURL: api().url, models: DEFAULT_MODELS, prices: DEFAULT_PRICES, maxTokens: 1000 };
  open.platform.runtime.model = anthropic({ ...model, timeoutMs: 5_000, maxRetries: 0 });
  return open;
}

const calls = (...names: string[]): Answer => ({
  content: names.map((name, i) => ({ type: 'tool_use', id: `toolu_${i}`, name, input: { book: 'atlas' } })),
});

function events<T extends InvocationEvent['type']>(tree: RunTree, type: T): Extract<InvocationEvent, { type: T }>[] {
  const all = tree.entries.flatMap((entry) => entry.events) as InvocationEvent[];
  return all.filter((event): event is Extract<InvocationEvent, { type: T }> => event.type === type);
}

test('a request that is called wrong goes to a person, who has it asked again', async () => {
  const open = await onClaude();
  api().script(WRONG, DONE);
  const { tree, task } = await asked(open, 'wrong.1');
  assert.deepEqual([task.kind, task.rules, tree.state], ['model', ['model.rejected'], 'waiting_for_human']);
  assert.match(task.question, /400 invalid_request_error: messages\.3: too odd\. Shall it be asked again\?/);
  const { answers, error, wants } = await showTask(open.platform, task.task, 'town');
  assert.deepEqual(
    [answers, error?.code, wants],
    [['approve', 'reject'], 'model.rejected', { calls: [], report: null }],
  );

  const [failed] = events(tree, 'model.failed');
  assert.deepEqual([failed?.request_id, failed?.error.code, failed?.retry], ['req_1', 'model.rejected', null]);
  const seen = await sentPrompt(tree.entries, 1, open.platform.runtime.catalog);
  assert.deepEqual([seen.model, seen.request_id], [null, 'req_1'], 'what was refused can be looked at');

  const { tree: after } = await decided(open, task, APPROVE);
  assert.deepEqual([after.state, after.context.report?.text], ['completed', 'All is in its place.']);
  assert.equal(api().seen.length, 2);
  assert.deepEqual(api().seen[0]?.body, api().seen[1]?.body);
});

test('… and may be called wrong once more, which asks once more; rejected, the run is refused', async () => {
  const open = await onClaude();
  api().script(WRONG);
  const { task } = await asked(open, 'wrong.2');
  const { tree } = await decided(open, task, APPROVE);
  const [again] = await listTasks(open.platform, { tenant: 'town', limit: 100 }).then((all) =>
    all.filter(({ run }) => run === 'wrong.2'),
  );
  assert.equal(tree.state, 'waiting_for_human');
  assert.ok(again && again.task !== task.task);
  const { tree: after } = await decided(open, again, { ...APPROVE, answer: 'reject', note: 'no use' });
  assert.deepEqual([after.state, after.context.error?.code], ['refused', 'human.rejected']);
});

test('what passes by itself is waited for by a durable timer, as long as the API asks for', async () => {
  const open = await onClaude();
  api().script(BUSY, DONE);
  const begun = Date.now();
  const tree = await open.run(request('busy.1'));
  assert.equal(tree.state, 'completed');
  const [failed] = events(tree, 'model.failed');
  assert.deepEqual([failed?.error.code, failed?.retry?.name], ['model.unavailable', announcedName(1, 1)]);
  assert.ok(Date.now() - begun >= 2_400, 'asked again too early');
});

test('a stream that is cut and a body that is no message are asked for again as well', async () => {
  const open = await onClaude();
  api().script('cut', DONE);
  assert.equal((await open.run(request('cut.1'))).state, 'completed');
  api().script('page', DONE);
  assert.equal((await open.run(request('page.1'))).state, 'completed');
});

test('a refused key ends the run with a clear error, at once', async () => {
  const open = await onClaude(LIBRARY, 'sk-wrong');
  const { state, context } = await open.run(request('denied.1'));
  assert.deepEqual([state, context.error?.code, api().seen.length], ['failed', 'model.denied', 1]);
  assert.match(context.error?.message ?? '', /401 authentication_error/);
  assert.doesNotMatch(JSON.stringify(context), /sk-wrong/);
});

test('a refused key ends the whole batch: it fails with that error, and the other runs are cancelled', async () => {
  const open = await onClaude({});
  const denied: Answer = { status: 403, type: 'permission_error', message: 'no such model for you' };
  // Only one run is told so; the others wait for their answers.
  api().script((body) => (JSON.stringify(body.messages).includes('dunmore-foods') ? denied : 'silence'));
  const { address, trees } = await open.batch({});
  const batch = await readBatch(open.platform.runtime.journal, address);
  assert.deepEqual([batch?.state, batch?.context.error?.code], ['failed', 'model.denied']);
  assert.match(batch?.context.error?.message ?? '', /no such model for you/);
  const runs = [...trees.values()].map(({ address: each }) => each);
  const { signal } = new AbortController();
  for (const run of runs) await settleRun(open.platform, run, { signal });
  const after = await Promise.all(runs.map((run) => readRun(open.platform.runtime.journal, run)));
  const states = after.map((tree) => tree?.state ?? '').toSorted((a, b) => a.localeCompare(b));
  assert.deepEqual(states, [...Array.from({ length: runs.length - 1 }, () => 'cancelled'), 'failed']);
  assert.ok(runs.length > 5);
});

test('a turn of which no call can be made goes back with the reasons; the third in a row fails the run', async () => {
  const open = await onClaude();
  api().script(calls('fly_away', 'sing'));
  const tree = await open.run(request('lost.1'));
  assert.deepEqual([tree.state, tree.context.turns.length, tree.context.error?.code], ['failed', 3, 'turns.exhausted']);
  assert.match(
    tree.context.error?.message ?? '',
    /calls\.understood: no call of the turn could be made: fly_away: there is no/,
  );
  const last = api().seen.at(-1)?.body.messages.at(-1)?.content;
  assert.ok(Array.isArray(last) && last.every((block) => block.type === 'tool_result' && block.is_error));
});

test('a call with an input that is no whole JSON goes back with what was written, and is never made from a half', async () => {
  const open = await onClaude();
  const half = { type: 'tool_use', id: 'toolu_1', name: 'look_up', input: '{"book": "atlas"' };
  api().script({ content: [half] }, calls('look_up'), DONE);
  const tree = await open.run(request('half.1'));
  assert.equal(tree.state, 'completed');
  assert.equal(events(tree, 'tool.settled').length, 1, 'only the second call was made');
  const [, reply, results] = api().seen[1]?.body.messages ?? [];
  assert.deepEqual(reply?.content, [{ type: 'tool_use', id: 'toolu_1', name: 'look_up', input: {} }]);
  assert.match(JSON.stringify(results), /input\.read: the input is not JSON.*You wrote:.*atlas/);
  assert.ok(events(tree, 'model.replied')[0]?.usage.output_tokens, 'what it cost is known');

  api().script({ content: [half] });
  const lost = await open.run(request('half.2'));
  assert.deepEqual([lost.state, lost.context.turns.length, lost.context.error?.code], ['failed', 3, 'turns.exhausted']);
});

test('… while one call of the turn that can be made is enough to go on', async () => {
  const open = await onClaude();
  const mixed = calls('fly_away', 'look_up');
  api().script(mixed, mixed, mixed, mixed, DONE);
  assert.equal((await open.run(request('lost.2'))).state, 'completed');
});

test('an answer without the report that is due is asked for it, twice and no more', async () => {
  const open = await onClaude({});
  api().script({ content: [{ type: 'text', text: 'All is well.' }] });
  const payload = { account_id: 'acme-corp' };
  const tree = await open.run({ agent: 'account_health_main', instructions: 'Check it.', payload, run: 'no-report' });
  assert.deepEqual([tree.state, tree.context.error?.code, api().seen.length], ['failed', 'turns.exhausted', 3]);
  const asks = (n: number) => JSON.stringify(api().seen[n]?.body.messages.at(-1));
  assert.doesNotMatch(asks(0), /submit_report/);
  for (const n of [1, 2]) assert.match(asks(n), /You called no tool\. Call `submit_report` with your report/);
});

test('a turn that was paused goes on; a declined or cut one is asked for again, each twice at most', async () => {
  const open = await onClaude();
  const paused = { content: [{ type: 'text', text: 'I am looking' }], stop_reason: 'pause_turn' };
  api().script(paused, DONE);
  assert.equal((await open.run(request('paused.1'))).state, 'completed');
  const { messages } = api().seen[1]?.body ?? assert.fail();
  assert.deepEqual(messages.at(-2), { role: 'assistant', content: paused.content });
  assert.match(JSON.stringify(messages.at(-1)), /Your turn was paused\. Go on\./);

  for (const stop_reason of ['refusal', 'max_tokens', 'pause_turn']) {
    api().script({ content: [{ type: 'text', text: 'No.' }], stop_reason });
    const tree = await open.run(request(`stopped.${stop_reason}`));
    assert.deepEqual([tree.state, tree.context.turns.length], ['failed', 3], stop_reason);
  }
});

test.run();
