import assert from 'node:assert/strict';
import { checkedReply } from '../../runtime/model/check-reply.ts';
import { replyOf } from '../../runtime/model/played.ts';
import type { ModelReply } from '../../runtime/model/provider.ts';
import { suite } from '../support/suite.ts';

const test = suite('a reply is checked where it comes in');

const usage = { input_tokens: 1, output_tokens: 2, cache_read_tokens: 0, cache_write_tokens: 0 };
const GOOD: ModelReply = {
  model: 'm',
  content: [
    { type: 'thinking', thinking: 'Well.', signature: 's' },
    { type: 'redacted_thinking', data: 'd' },
    { type: 'text', text: '' },
    { type: 'tool_use', id: 't', name: 'look_up', input: { book: 'emma', copies: null } },
    { type: 'tool_use', id: 't', name: 'look_up', input: {}, malformed: '{' },
  ],
  stop_reason: 'tool_use',
  usage,
  cost_usd: 0.1,
  prices_as_of: '2026-10-16',
  request_id: 'r',
  sent: { model: 'm', max_tokens: 1, digest: 'd' },
};

test('what is well-formed stays as it is; members that nobody knows, and those without a value, are left out', () => {
  assert.deepEqual(checkedReply(GOOD), GOOD);
  const more = { ...GOOD, weather: 'fine', content: [{ type: 'text', text: 'x', citations: null }] } as never;
  assert.deepEqual(checkedReply(more), { ...GOOD, content: [{ type: 'text', text: 'x' }] });
  const call = { type: 'tool_use' as const, id: 't', name: 'n', input: { book: undefined as never } };
  assert.deepEqual(checkedReply({ ...GOOD, content: [call] }).content, [{ ...call, input: {} }]);
});

const CASES: [string, unknown, RegExp][] = [
  ['nothing', undefined, /malformed: expected object, received undefined/],
  ['content that is no list', { ...GOOD, content: 'x' }, /content: expected array, received string/],
  ['a block without a type', { ...GOOD, content: [{ name: 5 }] }, /content\.0/],
  ['a block of nothing', { ...GOOD, content: [null] }, /content\.0/],
  [
    'a name that is no text',
    { ...GOOD, content: [{ ...GOOD.content[3], name: 5 }] },
    /content\.0\.name: expected string, received number/,
  ],
  ['an input that is a list', { ...GOOD, content: [{ ...GOOD.content[3], input: [1] }] }, /content\.0\.input/],
  ['an input that no JSON holds', { ...GOOD, content: [{ ...GOOD.content[3], input: { n: Number.NaN } }] }, /finite/],
  ['an unknown reason to stop', { ...GOOD, stop_reason: 'bored' }, /stop_reason: Invalid option/],
  ['a negative count', { ...GOOD, usage: { ...usage, input_tokens: -1 } }, /usage\.input_tokens: Too small/],
  ['a cost that is no number', { ...GOOD, cost_usd: '1' }, /cost_usd: expected number, received string/],
];

for (const [what, reply, says] of CASES) {
  test(`${what} is a failure of the model, told with its place`, () => {
    assert.throws(() => checkedReply(reply as ModelReply), { code: 'model.failed', message: says });
  });
}

test('a failure names the exchange, as far as that is known', () => {
  const details = { request_id: 'r', sent: GOOD.sent };
  assert.throws(() => checkedReply({ ...GOOD, content: null as never }), { details });
  assert.throws(() => checkedReply({ request_id: 5, sent: 'x' } as never), { details: {} });
});

test('a played turn in the wrong shape is one, too', () => {
  const request = { agent: 'a', tier: 'main' as const, system: [], tools: [], messages: [] };
  const played = (turn: unknown) => checkedReply(replyOf('scripted', request, turn as never));
  assert.throws(() => played({ text: 5 }), {
    code: 'model.failed',
    message: /scripted is malformed: content\.0\.text: expected string/,
  });
  assert.throws(() => played({ calls: [{ name: 'look_up' }] }), { message: /content\.0\.input/ });
});

test.run();
