import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { PlatformError } from '../../config/errors.ts';
import { clockTexts } from '../../bridge/serve/up.ts';
import type { ModelProvider } from '../../runtime/model/provider.ts';
import { withPlatforms } from '../support/platform.ts';
import { suite } from '../support/suite.ts';

const test = suite('clocks that disagree', { timeoutMs: 60_000 });
const platforms = withPlatforms(test);
const library = { packs: [resolve(import.meta.dirname, '../packs/library')] };
const emma = { agent: 'librarian', instructions: 'Take stock.', payload: { book: 'emma' } };
const TEN_MINUTES = 600_000;

/** A model that cannot answer so often, and then does. */
function unavailable(times: number): (rehearsal: ModelProvider) => ModelProvider {
  return (rehearsal) => ({
    ...rehearsal,
    reply: async (request, signal) => {
      if (times-- > 0) throw new PlatformError('model.unavailable', 'not now');
      return rehearsal.reply(request, signal);
    },
  });
}

for (const [where, ahead] of [
  ['ahead', TEN_MINUTES],
  ['behind', -TEN_MINUTES],
] as const) {
  test(`a worker whose clock is ten minutes ${where} waits as long as it should, and says so`, async () => {
    const open = await platforms({ ...library, ownClock: () => Date.now() + ahead, model: unavailable(1) });
    assert.match(clockTexts(open.platform)[0] ?? '', new RegExp(`is 600 s ${where}.* that of NATS`));
    const { entries, state } = await open.run(emma);
    assert.equal(state, 'completed');
    const failed = entries.find(({ events }) => events.some(({ type }) => type === 'model.failed'));
    const fired = entries.find(({ events }) => events.some(({ type }) => type === 'timer.fired'));
    const waited = Date.parse(fired?.at ?? '') - Date.parse(failed?.at ?? '');
    assert.ok(waited >= 900 && waited < 30_000, `it waited ${waited} ms`);
    for (const { at, clock } of entries) {
      assert.equal(clock, 'nats');
      assert.ok(Math.abs(Date.parse(at) - Date.now()) < 60_000, `${at} is no time of the server`);
    }
  });
}

test('clocks that agree are told to nobody', async () => {
  const { platform } = await platforms({ ...library, works: false });
  assert.deepEqual(clockTexts(platform), []);
});

test.run();
