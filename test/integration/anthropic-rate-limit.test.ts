import assert from 'node:assert/strict';
import { flattenTree } from '../../bridge/runs.ts';
import { DEFAULT_MODELS, DEFAULT_PRICES } from '../../config/model-settings.ts';
import type { InvocationEvent } from '../../runtime/journal/entry.ts';
import { anthropic } from '../../runtime/model/anthropic/provider.ts';
import { type Answer, KEY, type SentBody, withMessagesApi } from '../support/messages-api.ts';
import { withPlatforms } from '../support/platform.ts';
import { playedAnswers } from '../support/played-api.ts';
import { suite } from '../support/suite.ts';

const test = suite('a key of few requests', { timeoutMs: 120_000 });
const platforms = withPlatforms(test);
const api = withMessagesApi(test);

const PER_SECOND = 4;

/** Turns away what is more than so many requests a second, and says to the millisecond when it has a place again. */
function limited(answer: (body: SentBody) => Answer): { answer(body: SentBody): Answer; refused(): number } {
  let second = 0;
  let served = 0;
  let refused = 0;
  return {
    refused: () => refused,
    answer: (body) => {
      const now = Date.now();
      if (Math.floor(now / 1000) !== second) [second, served] = [Math.floor(now / 1000), 0];
      if (served < PER_SECOND) {
        served += 1;
        return answer(body);
      }
      refused += 1;
      const wait = (second + 1) * 1000 - now;
      const headers = { 'retry-after-ms': `${wait}`, 'retry-after': `${Math.ceil(wait / 1000)}` };
      return { status: 429, type: 'rate_limit_error', message: 'too many requests', headers };
    },
  };
}

test('serves a whole batch in the end: every run waits as long as it is asked to, and none fails', async () => {
  const open = await platforms();
  const key = limited(playedAnswers(open.platform.runtime.catalog));
  api().script(key.answer);
  open.platform.runtime.model = anthropic({
    apiKey: KEY,
    baseURL: api().url,
    models: DEFAULT_MODELS,
    prices: DEFAULT_PRICES,
    maxTokens: 8_000,
    timeoutMs: 20_000,
    // What the SDK waits for in place is no wait of a timer.
    maxRetries: 0,
  });
  const { trees } = await open.batch({});
  assert.ok(trees.size > 10);
  const all = [...trees.values()].flatMap(flattenTree);
  const states = new Set(all.map(({ state }) => state));
  assert.deepEqual([states.has('failed'), states.has('completed')], [false, true], [...states].join(', '));

  let waits = 0;
  for (const { entries } of all) {
    for (const [i, entry] of entries.entries()) {
      const failed = (entry.events as InvocationEvent[]).find((event) => event.type === 'model.failed');
      if (!failed) continue;
      waits += 1;
      assert.equal(failed.announced, true);
      assert.ok(Date.parse(entries[i + 1]?.at ?? '') >= Date.parse(failed.retry?.at ?? ''), 'asked again too early');
    }
  }
  assert.deepEqual([waits, waits > 10], [key.refused(), true]);
});

test.run();
