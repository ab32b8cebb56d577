import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { sentPrompt } from '../../bridge/views/prompt.ts';
import type { RunTree } from '../../bridge/journals/runs.ts';
import { DEFAULT_MODELS, DEFAULT_PRICES } from '../../config/model-settings.ts';
import { anthropic } from '../../runtime/model/anthropic/provider.ts';
import { type Answer, KEY, type SentBody, withMessagesApi } from '../support/messages-api.ts';
import { asked, decided, OPERATOR, request } from '../support/people.ts';
import { type TestPlatform, withPlatforms } from '../support/platform.ts';
import { playedAnswers } from '../support/played-api.ts';
import { replacing } from '../support/replacing.ts';
import { suite } from '../support/suite.ts';

const test = suite('a conversation that outgrows the window of its model', { timeoutMs: 60_000 });
const platforms = withPlatforms(test);
const replace = replacing(test);
const api = withMessagesApi(test);
const PACK = resolve(import.meta.dirname, '../packs/library');
const BOOKS = ['emma', 'persuasion', 'middlemarch', 'emma', 'persuasion', 'middlemarch'];
const LOOKS = { book: 'emma', script: BOOKS.map((book) => [{ name: 'look_up', input: { book } }]) };
const TOO_LONG = {
  status: 400,
  type: 'invalid_request_error',
  message: 'prompt is too long: 215000 tokens > 200000 maximum',
};

/** The library on a Claude with a window of so many tokens, whose tool answers about so many characters. */
async function onClaude(window: number, characters: number): Promise<TestPlatform> {
  const opened = await platforms({ packs: [PACK] });
  const { runtime } = opened.platform;
  const tools = runtime.catalog.agent('librarian')?.pack.code.tools ?? [];
  const lookUp = tools.find(({ name }) => name === 'look_up') ?? assert.fail();
  const pages = Array.from({ length: characters / 10 }, (_, n) => n % 1_000);
  replace(lookUp, 'run', () => async () => ({ pages }));
  setWindow(opened, window);
  return opened;
}

function setWindow({ platform }: TestPlatform, window: number): void {
  const windows = { [DEFAULT_MODELS.main]: window, [DEFAULT_MODELS.sub]: window };
  const asking = { apiKey: KEY, baseURL: api().url, models: DEFAULT_MODELS, windows, prices: DEFAULT_PRICES };
  platform.runtime.model = anthropic({ ...asking, maxTokens: 1_000, timeoutMs: 20_000 });
}

const sizes = () => api().seen.map(({ body }) => JSON.stringify(body).length);

async function composesAgain({ platform }: TestPlatform, { entries, context }: RunTree): Promise<void> {
  for (let turn = 1; turn <= context.turns.length; turn += 1) {
    await sentPrompt(entries, turn, platform.runtime.catalog);
  }
}

test('is shortened before it is sent, and each prompt comes out of the journal again', async () => {
  const opened = await onClaude(30_000, 60_000);
  api().script(playedAnswers(opened.platform.runtime.catalog));
  const tree = await opened.run(request('long', LOOKS));
  assert.equal(tree.state, 'completed', JSON.stringify(tree.context.error));
  assert.equal(tree.context.turns.length, BOOKS.length + 1);
  assert.ok(Math.max(...sizes()) < 29_000 * 3, sizes().join(' '));
  const fitted = tree.entries.flatMap(({ events }) =>
    events.flatMap((event) => (event.type === 'model.replied' ? [event.prompt.fitted?.shortened.length ?? 0] : [])),
  );
  assert.deepEqual([fitted[0], (fitted.at(-1) ?? 0) > 1], [0, true], fitted.join(' '));
  await composesAgain(opened, tree);
  const facts = tree.context.turns[0]?.calls[0]?.result as { pages: unknown[] };
  assert.equal(facts.pages.length, 6_000, 'the journal has all of it');
});

test('that the model itself finds too long is shortened further, in the same turn', async () => {
  const opened = await onClaude(10_000_000, 60_000);
  const played = playedAnswers(opened.platform.runtime.catalog);
  const answer = (body: SentBody): Answer => (JSON.stringify(body).length > 50_000 ? TOO_LONG : played(body));
  api().script(answer as (body: SentBody) => Answer);
  const tree = await opened.run(request('refused', LOOKS));
  assert.equal(tree.state, 'completed', JSON.stringify(tree.context.error));
  await composesAgain(opened, tree);
});

test('that cannot be made to fit is told to a person with a way out: approved, it is asked with the settings of then', async () => {
  const opened = await onClaude(4_000, 60_000);
  api().script(playedAnswers(opened.platform.runtime.catalog));
  const note = 'n'.repeat(20_000);
  const { tree, task } = await asked(opened, 'outgrown', { ...LOOKS, note });
  assert.deepEqual([task.kind, api().seen.length], ['model', 0], 'nothing was sent');
  assert.match(
    task.question,
    /\d+ bytes longer than the 9000 .*model_windows; or reject it\. Shall it be asked again\?$/,
  );
  const failed = await sentPrompt(tree.entries, 1, opened.platform.runtime.catalog);
  assert.ok((failed.prompt.fitted?.over ?? 0) > 0, 'what was not sent can be seen');
  setWindow(opened, 100_000);
  const { tree: after } = await decided(opened, task, { answer: 'approve', ...OPERATOR });
  assert.equal(after.state, 'completed', JSON.stringify(after.context.error));

  setWindow(opened, 10_000_000);
  api().script(() => TOO_LONG);
  const again = await asked(opened, 'never', LOOKS);
  assert.match(again.task.question, /prompt is too long: .*; approved, .*a larger window in models/);
  assert.match((await sentPrompt(again.tree.entries, 1, opened.platform.runtime.catalog)).request_id ?? '', /^req_/);
});

test.run();
