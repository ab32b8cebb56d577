import assert from 'node:assert/strict';
import { flattenTree } from '../../bridge/journals/runs.ts';
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

const REFUSED = 40;
const WAIT_MS = 700;

/**
 * Turns away every other request until that were enough, and says to the millisecond when to come back. It counts
 * requests, not time: a slow machine is turned away as often as a fast one.
 */
function limited(answer: (body: SentBody) => Answer): { answer(body: SentBody): Answer; refused(): number } {
  let asked = 0;
  let refused = 0;
  return {
    refused: () => refused,
    answer: (body) => {
      if (refused === REFUSED || asked++ % 2 === 0) return answer(body);
      refused += 1;
      const headers = { 'retry-after-ms': `${WAIT_MS}`, 'retry-after': '1' };
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
      const [retryAt, askedAt] = [failed.retry?.at, entries[i + 1]?.at].map((at) => Date.parse(at ?? ''));
      assert.ok(retryAt && askedAt && askedAt >= retryAt, 'asked again too early');
      assert.ok(askedAt - Date.parse(entries[i - 1]?.at ?? '') >= WAIT_MS, 'not for as long as it is asked to');
    }
  }
  assert.deepEqual([waits, key.refused()], [REFUSED, REFUSED]);
});

test.run();
