import assert from 'node:assert/strict';
import type { RawMessageStreamEvent } from '@anthropic-ai/sdk/resources/messages';
import { digestOf } from '../../runtime/digest.ts';
import { compose } from '../../runtime/context/compose.ts';
import { PlatformError } from '../../config/errors.ts';
import { anthropic } from '../../runtime/model/anthropic/provider.ts';
import { messageIn } from '../../runtime/model/anthropic/input.ts';
import { replyFrom } from '../../runtime/model/anthropic/reply.ts';
import { messageOf } from '../../runtime/model/anthropic/stream.ts';
import { apiRequest } from '../../runtime/model/anthropic/request.ts';
import { checkedReply } from '../../runtime/model/check-reply.ts';
import type { ModelProvider } from '../../runtime/model/provider.ts';
import { type Answer, KEY, startMessagesApi, withMessagesApi } from '../support/messages-api.ts';
import { sampleAgent, sampleState } from '../support/samples.ts';
import { suite } from '../support/suite.ts';

const test = suite('claude over the Messages API');
const api = withMessagesApi(test);

const MODELS = { main: 'claude-opus-5-5', sub: 'claude-haiku-5-5' };
const PRICE = { input: 4, output: 20, cache_read: 0.2, cache_write: 5 };
const PRICES = { as_of: '2026-10-16', models: { 'claude-opus-5-5': PRICE } };
const request = compose(sampleAgent(), sampleState());

function provider(change: Partial<Parameters<typeof anthropic>[0]> = {}): ModelProvider {
  const base = { apiKey: KEY, baseURL: api().url, models: MODELS, prices: PRICES };
  return anthropic({ ...base, maxTokens: 1000, timeoutMs: 5_000, maxRetries: 0, ...change });
}

const ask = (model: ModelProvider, signal = new AbortController().signal) => model.reply(request, signal);

async function refusal(model: ModelProvider): Promise<PlatformError> {
  try {
    await ask(model);
  } catch (error) {
    assert.ok(error instanceof PlatformError, String(error));
    assert.ok(!`${error.stack}${JSON.stringify(error)}`.includes(KEY), 'the key is in the error');
    return error;
  }
  return assert.fail('the model answered');
}

const CONTENT = [
  { type: 'thinking', thinking: 'The shelf first.', signature: 'c2lnbmVk' },
  { type: 'redacted_thinking', data: 'opaque' },
  { type: 'text', text: 'I look at both shelves.' },
  { type: 'tool_use', id: 'toolu_1', name: 'look_up', input: { shelf: 'B7' } },
  { type: 'tool_use', id: 'toolu_2', name: 'look_up', input: { shelf: 'Ä9 «»' } },
];

for (const streaming of [true, false]) {
  const how = streaming ? 'streamed' : 'in one body';

  test(`text, reasoning and parallel calls come back as they were sent, ${how}`, async () => {
    const usage = {
      input_tokens: 1000,
      output_tokens: 500,
      cache_read_input_tokens: 2000,
      cache_creation_input_tokens: 300,
    };
    api().script({ content: CONTENT, usage });
    const reply = await ask(provider({ streaming }));
    assert.deepEqual(reply, {
      model: 'claude-opus-5-5',
      content: CONTENT,
      stop_reason: 'tool_use',
      usage: { input_tokens: 1000, output_tokens: 500, cache_read_tokens: 2000, cache_write_tokens: 300 },
      cost_usd: 0.0159,
      prices_as_of: '2026-10-16',
      request_id: 'req_1',
      sent: {
        model: 'claude-opus-5-5',
        max_tokens: 1000,
        digest: digestOf(apiRequest(request, { model: 'claude-opus-5-5', max_tokens: 1000 })),
      },
    });
    const { stream: _, ...body } = api().seen[0]?.body ?? assert.fail();
    assert.equal(digestOf(body), reply.sent?.digest, 'what went over the wire is what the journal will say');
  });

  test(`every reason to stop is one that the machine knows, ${how}`, async () => {
    const stops = {
      end_turn: 'end_turn',
      max_tokens: 'max_tokens',
      refusal: 'refusal',
      pause_turn: 'pause_turn',
      stop_sequence: 'end_turn',
      model_context_window_exceeded: 'max_tokens',
    };
    for (const [stop_reason, known] of Object.entries(stops)) {
      api().script({ content: [{ type: 'text', text: 'x' }], stop_reason });
      assert.equal((await ask(provider({ streaming }))).stop_reason, known);
    }
  });

  test(`a connection that breaks off, a page and a stream that tells an error are asked for again later, ${how}`, async () => {
    for (const answer of ['cut', 'page', ...(streaming ? (['broken'] as const) : [])] as Answer[]) {
      api().script(answer);
      const { code, details } = await refusal(provider({ streaming }));
      assert.deepEqual([code, typeof details.request_id], ['model.unavailable', 'string'], String(answer));
    }
  });

  test(`silence ends with the time limit, ${how}`, async () => {
    api().script('silence');
    const error = await refusal(provider({ streaming, timeoutMs: 150 }));
    assert.equal(error.code, 'model.unavailable');
  });
}

test('a call that was cut off at the limit is still a call, and says so', async () => {
  api().script({
    content: [{ type: 'tool_use', id: 'toolu_1', name: 'look_up', input: '{"shelf": "B' }],
    stop_reason: 'max_tokens',
  });
  const { content, stop_reason } = await ask(provider());
  assert.deepEqual([content[0]?.type, stop_reason], ['tool_use', 'max_tokens']);
});

for (const [what, input] of [
  ['broken off', '{"shelf": "B7'],
  ['that is no JSON', '{shelf: B7}'],
  ['that is no object', '"B7"'],
] as const) {
  test(`a call with an input ${what} is kept as it was written, and nothing of it is an input`, async () => {
    api().script({ content: [{ type: 'tool_use', id: 'toolu_1', name: 'look_up', input }] });
    const { content, usage } = await ask(provider());
    const malformed = what === 'that is no object' ? 'B7' : input;
    assert.deepEqual(content, [{ type: 'tool_use', id: 'toolu_1', name: 'look_up', input: {}, malformed }]);
    assert.equal(usage.output_tokens, 20, 'what the answer cost is known');
  });
}

for (const streaming of [true, false]) {
  const how = streaming ? 'streamed' : 'in one body';
  test(`an input that JSON would change on the way is kept as it was written, ${how}`, async () => {
    const written = [
      '{"account_id": 9007199254740993}',
      '{"limit": 1e400}',
      '{"a": 1, "a": 2}',
      '{"n": 9007199254740991}',
    ];
    // What no value of ours could hold is put in as text.
    const blocks = written.map((_, n) => ({ type: 'tool_use', id: `toolu_${n}`, name: 'look_up', input: `@${n}@` }));
    const message = { type: 'message', model: 'm', content: blocks, usage: {}, stop_reason: 'tool_use' };
    const raw = JSON.stringify(message).replaceAll(/"@(\d)@"/g, (_, n: string) => written[Number(n)] ?? '');
    async function* events(): AsyncGenerator<RawMessageStreamEvent> {
      yield { type: 'message_start', message: { ...message, content: [] } } as unknown as RawMessageStreamEvent;
      for (const [index, partial_json] of written.entries()) {
        const content_block = { ...blocks[index], input: {} };
        yield { type: 'content_block_start', index, content_block } as unknown as RawMessageStreamEvent;
        yield { type: 'content_block_delta', index, delta: { type: 'input_json_delta', partial_json } };
      }
      yield { type: 'message_stop' };
    }
    const { content } = replyFrom(streaming ? await messageOf(events()) : messageIn(raw));
    const inputs = content.map((block) => (block.type === 'tool_use' ? (block.malformed ?? block.input) : null));
    assert.deepEqual(inputs, [...written.slice(0, 3), { n: 9007199254740991 }]);
  });
}

test('a count never goes down within an answer: what a stream says of it in the end, and knows less', async () => {
  const counted = async (begin: object, ...later: object[]) => {
    async function* events(): AsyncGenerator<RawMessageStreamEvent> {
      const message = { type: 'message', model: 'm', content: [], usage: begin, stop_reason: null };
      yield { type: 'message_start', message } as unknown as RawMessageStreamEvent;
      for (const usage of later)
        yield { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage } as unknown as RawMessageStreamEvent;
      yield { type: 'message_stop' };
    }
    return replyFrom(await messageOf(events())).usage;
  };
  const none = { input_tokens: 0, output_tokens: 0, cache_read_tokens: 0, cache_write_tokens: 0 };
  const begin = { input_tokens: 500_000, output_tokens: 1, cache_read_input_tokens: null };
  const end = { input_tokens: 0, output_tokens: 7, cache_read_input_tokens: 3, cache_creation_input_tokens: null };
  const all = { ...none, input_tokens: 500_000, output_tokens: 7, cache_read_tokens: 3 };
  assert.deepEqual(await counted(begin, end), all);
  assert.deepEqual(await counted(begin, end, { output_tokens: 0, cache_read_input_tokens: 0 }), all);
  assert.deepEqual(await counted({ input_tokens: 0 }, { input_tokens: '9', output_tokens: 2 }), {
    ...none,
    output_tokens: 2,
  });
});

test('a stream that begins again keeps what was counted, and nothing that was said', async () => {
  const start = (usage: object) => ({
    type: 'message_start',
    message: { type: 'message', model: 'm', content: [], usage, stop_reason: null },
  });
  const call = (input: string) => [
    { type: 'content_block_start', index: 0, content_block: { type: 'tool_use', id: 'c', name: 'find', input: {} } },
    { type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: input } },
  ];
  const counted = { input_tokens: 500_000, output_tokens: 9 };
  const stream = [start(counted), ...call('{"id": 1'), start({ input_tokens: 0 }), ...call('{"id": 2}')];
  async function* events(): AsyncGenerator<RawMessageStreamEvent> {
    const stop = [{ type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: {} }, { type: 'message_stop' }];
    yield* [...stream, ...stop] as unknown as RawMessageStreamEvent[];
  }
  const { usage, content } = await messageOf(events());
  assert.deepEqual(usage, counted);
  assert.deepEqual(content, [{ type: 'tool_use', id: 'c', name: 'find', input: { id: 2 } }]);
});

test('a block that is none is told as a failure, not asked for again; a text may begin without its text', async () => {
  for (const streaming of [true, false]) {
    api().script({ content: [{ name: 5 }] as never });
    const reply = await ask(provider({ streaming }));
    assert.throws(() => checkedReply(reply), {
      code: 'model.failed',
      details: { request_id: reply.request_id, sent: reply.sent },
    });
  }
  async function* events(): AsyncGenerator<RawMessageStreamEvent> {
    const message = { type: 'message', model: 'm', content: [], usage: {}, stop_reason: null };
    yield { type: 'message_start', message } as unknown as RawMessageStreamEvent;
    yield {
      type: 'content_block_start',
      index: 0,
      content_block: { type: 'text' },
    } as unknown as RawMessageStreamEvent;
    yield { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'found' } };
    yield { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: {} } as unknown as RawMessageStreamEvent;
    yield { type: 'message_stop' };
  }
  assert.deepEqual(replyFrom(await messageOf(events())).content, [{ type: 'text', text: 'found' }]);
});

test('counters that a gateway leaves out are none', async () => {
  api().script({ content: [{ type: 'text', text: 'x' }], usage: null });
  const none = { input_tokens: 0, output_tokens: 0, cache_read_tokens: 0, cache_write_tokens: 0 };
  for (const streaming of [true, false]) assert.deepEqual((await ask(provider({ streaming }))).usage, none);
});

test('why an answer was declined is kept; a reason to stop that nobody knows is no answer, and is named', async () => {
  const stop_details = { type: 'refusal', category: 'cyber', explanation: 'It looks like malware.' };
  for (const streaming of [true, false]) {
    api().script({ content: [], stop_reason: 'refusal', stop_details });
    assert.equal((await ask(provider({ streaming }))).declined, 'cyber: It looks like malware.');
    api().script({ content: [{ type: 'text', text: 'x' }], stop_reason: 'bored' });
    const { code, message } = await refusal(provider({ streaming }));
    assert.deepEqual([code, /not known: bored/.test(message)], ['model.failed', true]);
  }
});

test('variables of the SDK that are no settings of ours change nothing', async () => {
  const { env } = process;
  env['ANTHROPIC_CUSTOM_HEADERS'] = 'authorization: Bearer evil\nx-evil: 1';
  try {
    api().script({ content: [{ type: 'text', text: 'x' }] });
    await ask(provider());
    assert.equal(api().seen[0]?.headers.authorization, `Bearer ${KEY}`);
    assert.equal(api().seen[0]?.headers['x-evil'], undefined);
    assert.ok(env['ANTHROPIC_CUSTOM_HEADERS'], 'they are left as they are');
  } finally {
    delete env['ANTHROPIC_CUSTOM_HEADERS'];
  }
});

test('an answer is read to its end, so that the next one comes over a connection that there is', async () => {
  api().script({ content: [{ type: 'text', text: 'x' }] });
  const claude = provider();
  for (let n = 0; n < 5; n += 1) await ask(claude);
  const ports = api().seen.map(({ port }) => port);
  assert.ok(new Set(ports).size <= 2, ports.join(' '));
});

test('input that was never said to be whole is read all the same', async () => {
  async function* events(): AsyncGenerator<RawMessageStreamEvent> {
    const message = { type: 'message', model: 'm', content: [], usage: {}, stop_reason: null };
    yield { type: 'message_start', message } as unknown as RawMessageStreamEvent;
    const content_block = { type: 'tool_use', id: 't', name: 'n', input: {} };
    yield { type: 'content_block_start', index: 0, content_block } as unknown as RawMessageStreamEvent;
    const delta = { type: 'input_json_delta', partial_json: '{"a": ' } as const;
    yield { type: 'content_block_delta', index: 0, delta };
    yield { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: {} } as unknown as RawMessageStreamEvent;
    yield { type: 'message_stop' };
  }
  const { content } = replyFrom(await messageOf(events()));
  assert.deepEqual(content, [{ type: 'tool_use', id: 't', name: 'n', input: {}, malformed: '{"a": ' }]);
});

test('an error that a stream tells has its status and the request’s id', async () => {
  api().script('broken');
  const { details, message } = await refusal(provider());
  assert.deepEqual([details.status, details.request_id], [529, 'req_1']);
  assert.match(message, /Overloaded/);
});

test('reasoning that was cut off before it was signed is left out: it could not be sent back', async () => {
  api().script({ content: [{ type: 'thinking', thinking: 'I was', signature: '' }], stop_reason: 'max_tokens' });
  assert.deepEqual((await ask(provider({ streaming: false }))).content, []);
});

test('each status has its code; what the vendor says and its request id are kept', async () => {
  const codes: [number, string, string][] = [
    [400, 'invalid_request_error', 'model.rejected'],
    [401, 'authentication_error', 'model.denied'],
    [402, 'billing_error', 'model.denied'],
    [403, 'permission_error', 'model.denied'],
    [404, 'not_found_error', 'model.denied'],
    [413, 'request_too_large', 'model.rejected'],
    [408, 'timeout_error', 'model.unavailable'],
    [429, 'rate_limit_error', 'model.unavailable'],
    [500, 'api_error', 'model.unavailable'],
    [529, 'overloaded_error', 'model.unavailable'],
  ];
  for (const [status, type, code] of codes) {
    api().seen.splice(0);
    api().script({ status, type, message: `because of ${KEY}` });
    const error = await refusal(provider());
    assert.deepEqual([error.code, error.details.request_id], [code, 'req_1'], String(status));
    assert.match(error.message, new RegExp(`${status} ${type}: because of \\(hidden\\)`));
  }
});

test('the wait that the headers ask for is kept: seconds, milliseconds or a date', async () => {
  const waits: [Record<string, string>, (ms: unknown) => boolean][] = [
    [{ 'retry-after': '7' }, (ms) => ms === 7000],
    [{ 'retry-after-ms': '250', 'retry-after': '7' }, (ms) => ms === 250],
    [{ 'retry-after-ms': '0', 'retry-after': '12' }, (ms) => ms === 12_000],
    [{ 'retry-after-ms': 'soon', 'retry-after': '12' }, (ms) => ms === 12_000],
    [{ 'retry-after-ms': '-1', 'retry-after': '12' }, (ms) => ms === undefined],
    [{ 'retry-after': '0' }, (ms) => ms === undefined],
    [
      { 'retry-after': new Date(Date.now() + 60_000).toUTCString() },
      (ms) => Number(ms) > 50_000 && Number(ms) <= 60_000,
    ],
    [{}, (ms) => ms === undefined],
    [{ 'retry-after': 'soon' }, (ms) => ms === undefined],
    [{ 'retry-after': '120, 120' }, (ms) => ms === 120_000],
    [{ 'retry-after': '30s' }, (ms) => ms === 30_000],
    [{ 'retry-after': '-1' }, (ms) => ms === undefined],
  ];
  for (const [headers, holds] of waits) {
    api().script({ status: 429, type: 'rate_limit_error', headers });
    const { details } = await refusal(provider());
    assert.ok(holds(details.retry_after_ms), `${JSON.stringify(headers)}: ${String(details.retry_after_ms)}`);
  }
});

test('what no other request would be spared is told with its remedy: an unpaid account, an unknown model', async () => {
  const told: [Answer, RegExp][] = [
    [{ status: 400, type: 'invalid_request_error', message: 'Your credit balance is too low.' }, /billing/],
    [
      { status: 404, type: 'not_found_error', message: 'model: claude-x' },
      /claude-opus-5-5 is refused.*setting `models`/,
    ],
  ];
  for (const [answer, remedy] of told) {
    api().script(answer);
    const error = await refusal(provider());
    assert.equal(error.code, 'model.denied');
    assert.match(error.message, remedy);
  }
});

test('a refusal that quotes a prompt says nothing of the account: it is about that request', async () => {
  const message = 'blocked by a guardrail: «the customer asks for a credit balance»';
  api().script({ status: 400, type: 'invalid_request_error', message });
  assert.equal((await refusal(provider())).code, 'model.rejected');
});

test('a long wait is not sat out in place: it is told at once, to be waited for by a timer', async () => {
  for (const [after, asked] of [
    ['3', 1],
    ['1', 2],
  ] as const) {
    api().seen.splice(0);
    api().script({ status: 429, type: 'rate_limit_error', headers: { 'retry-after': after } });
    const error = await refusal(provider({ maxRetries: 1 }));
    assert.deepEqual([error.details.retry_after_ms, api().seen.length], [Number(after) * 1000, asked]);
    assert.match(error.message, /429 rate_limit_error/);
  }
});

test('the SDK tries again by itself before the platform does', async () => {
  const busy: Answer = { status: 529, type: 'overloaded_error', headers: { 'retry-after-ms': '1' } };
  api().script(busy, busy, { content: [{ type: 'text', text: 'Here.' }] });
  const reply = await ask(provider({ maxRetries: 2 }));
  assert.deepEqual([reply.request_id, api().seen.length], ['req_3', 3]);
});

test('a wrong key is refused, and never repeated in what is said', async () => {
  const error = await refusal(provider({ apiKey: 'sk-wrong-key' }));
  assert.equal(error.code, 'model.denied');
  assert.match(error.message, /ANTHROPIC_API_KEY/);
});

test('a turn that is called off ends at once, and is no failure of the model', async () => {
  api().script('silence');
  const cancel = new AbortController();
  const asked = ask(provider(), cancel.signal);
  setImmediate(() => cancel.abort(new Error('cancelled')));
  await assert.rejects(asked, /cancelled/);
});

test('nothing listens: that is asked again later, and the address is told', async () => {
  const gone = await startMessagesApi();
  await gone.stop();
  const error = await refusal(provider({ baseURL: gone.url }));
  assert.equal(error.code, 'model.unavailable');
  assert.ok(error.message.includes(`did not answer at ${gone.url}: connect ECONNREFUSED`), error.message);
});

test('a model without a price has no cost; a dated name of the same model has that of the one asked for', async () => {
  api().script({ content: [{ type: 'text', text: 'x' }], model: 'claude-opus-5-5-20260923' });
  assert.equal((await ask(provider())).cost_usd, 0.0008);
  const unpriced = await ask(provider({ prices: { ...PRICES, models: {} } }));
  assert.deepEqual([unpriced.cost_usd, unpriced.prices_as_of], [undefined, undefined]);
});

test.run();
