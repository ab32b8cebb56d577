import assert from 'node:assert/strict';
import { sentPrompt } from '../../bridge/views/prompt.ts';
import type { Catalog } from '../../runtime/definitions/catalog.ts';
import type { InvocationEvent } from '../../runtime/journal/entry.ts';
import type { StoredEntry } from '../../runtime/journal/journal.ts';
import { admitted, call, invoked, replied, settled } from '../support/invocation-events.ts';
import { suite } from '../support/suite.ts';

const test = suite('the turns whose prompts can be shown');

/** Of a turn that there is none of, no definition is looked up. */
const NOTHING = {} as Catalog;

const turn = (ordinal: number): InvocationEvent[] => [
  replied({ ordinal, calls: [call(ordinal + 1, 'read')] }),
  settled(ordinal + 1),
];
const unanswered = (ordinal: number): InvocationEvent => ({
  type: 'model.failed',
  ordinal,
  error: { code: 'model.unavailable', message: '529' },
  prompt: { composer: 1, digest: 'p' },
  retry: { name: `retry-${ordinal}-1`, at: '2026-11-16T06:00:00.000Z' },
});

async function refusal(asked: number, ...events: InvocationEvent[]): Promise<string> {
  const all = [invoked, admitted, ...events].map((event) => ({ events: [event] }) as unknown as StoredEntry);
  const error = await sentPrompt(all, asked, NOTHING).then(
    () => assert.fail('there is such a turn'),
    (thrown: Error & { code: string }) => thrown,
  );
  assert.equal(error.code, 'prompt.unknown');
  return error.message;
}

test('of a turn that there is none of, it is said which there are, the one that was not answered among them', async () => {
  const cases: [InvocationEvent[], string][] = [
    [[], 'no model turn'],
    [[unanswered(1)], 'only turn 1, which the model did not answer'],
    [turn(1), 'only turn 1'],
    [[...turn(1), unanswered(3)], 'turn 1, and turn 2, which the model did not answer'],
    [[...turn(1), ...turn(3)], 'the turns 1 to 2'],
    [[...turn(1), ...turn(3), unanswered(5)], 'the turns 1 to 2, and turn 3, which the model did not answer'],
  ];
  for (const [events, has] of cases) {
    assert.equal(await refusal(9, ...events), `there is no turn 9: the invocation has ${has}`);
  }
});

test.run();
