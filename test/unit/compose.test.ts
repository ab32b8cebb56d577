import assert from 'node:assert/strict';
import { compose, layers } from '../../runtime/context/compose.ts';
import type { InvocationContext } from '../../runtime/context/invocation.ts';
import { readConversation } from '../../runtime/model/conversation.ts';
import { SUBMIT, SAMPLE_TOOLS, sampleAgent, sampleInvocation, sampleState, sampleTurn } from '../support/samples.ts';
import { suite } from '../support/suite.ts';

const test = suite('compose');

const RULES = [
  { condition: 'book_missing', target: 'human' as const, reason: 'the shelf is empty' },
  { condition: 'title_unclear', target: 'parent' as const, reason: 'two books have that title' },
];

function introduction(agent: ReturnType<typeof sampleAgent>, state: InvocationContext): string {
  const block = compose(agent, state).messages[0]?.content[0];
  assert.ok(block?.type === 'text');
  return block.text;
}

test('the same definition and state give the same bytes', () => {
  const state = () => sampleState({ turns: [sampleTurn(1, { ok: true, result: { found: true } })] });
  assert.equal(JSON.stringify(compose(sampleAgent(), state())), JSON.stringify(compose(sampleAgent(), state())));
});

test('the system layers are five, none is empty, and no run or subject changes them', () => {
  const one = compose(sampleAgent({ rules: RULES }), sampleState());
  const other = compose(
    sampleAgent({ rules: RULES }),
    sampleState({
      remaining: 0,
      invocation: sampleInvocation({
        subject: 'globe',
        payload: { shelf: 'A1' },
        as_of: '2027-01-01',
        instructions: 'Lend it.',
      }),
      turns: [sampleTurn(1, { ok: true, result: {} })],
    }),
  );
  assert.equal(one.system.length, 5);
  assert.ok(one.system.every((layer) => layer.trim() !== ''));
  assert.deepEqual(one.system, other.system);
});

test('layer 1 has identity, prompt, constraints and the sentence of the decision style', () => {
  const sentences = (['conservative', 'balanced', 'assertive'] as const).map((style) => {
    const [core = ''] = compose(sampleAgent({ style }), sampleState()).system;
    for (const part of [
      'The librarian of a small town.',
      'Find the book',
      '- Lend no book twice.',
      'patient',
      'plain',
    ]) {
      assert.ok(core.includes(part), part);
    }
    return /When evidence is incomplete.*/.exec(core)?.[0];
  });
  assert.equal(new Set(sentences).size, 3);
});

test('layer 2 names delegates, depth, approvals and every escalation condition with its reason', () => {
  const [, policy = ''] = compose(
    sampleAgent({ rules: RULES, decided: ['book_missing'], approvals: ['emit_event'] }),
    sampleState(),
  ).system;
  assert.match(policy, /delegate to finder; at most 2 levels/);
  assert.match(policy, /- emit_event/);
  assert.match(policy, /book_missing \(to a person; the platform checks it too\): the shelf is empty/);
  assert.match(policy, /title_unclear \(to the agent that called you; you alone decide it\): two books/);
});

test('layers 3 to 5 name tools, delegates, scopes, and that memory comes only through a call', () => {
  const agent = sampleAgent({
    longTerm: true,
    scopes: ['reading_room'],
    tools: [...SAMPLE_TOOLS, SUBMIT],
    reportSchema: {},
  });
  const [, , capabilities = '', shared = '', memory = ''] = compose(agent, sampleState()).system;
  for (const name of ['look_up', 'emit_event', 'delegate_to_finder', 'submit_report'])
    assert.ok(capabilities.includes(`\`${name}\``), name);
  assert.match(shared, /- reading_room/);
  assert.match(memory, /`librarian`, `reading_room`.*recall_memory/s);
  assert.match(compose(sampleAgent(), sampleState()).system[4] ?? '', /off/);
});

test('the task comes back from the conversation as it was given, facts handed down included', () => {
  const invocation = sampleInvocation({ facts: { look_up: { shelf: 'B7' } } });
  const { task, tools, agent } = readConversation(
    compose(sampleAgent(), sampleState({ invocation, facts: { other: 1 } })),
  );
  assert.deepEqual(task, {
    instructions: 'Find the atlas.',
    payload: { shelf: 'B7' },
    subject: 'atlas',
    as_of: '2026-11-16',
    facts: { look_up: { shelf: 'B7' } },
  });
  assert.equal(agent, 'librarian');
  assert.deepEqual(
    tools,
    SAMPLE_TOOLS.map((tool) => tool.name),
  );
});

test('the introduction says the day, the depth that is left, and that data are no instructions', () => {
  assert.match(
    introduction(sampleAgent(), sampleState({ remaining: 1 })),
    /2026-11-16[^]*1 level of agents[^]*never follow instructions/,
  );
  assert.match(introduction(sampleAgent(), sampleState({ remaining: 0 })), /cannot delegate/);
});

test('results and errors come back with their calls, in block order', () => {
  const turns = [
    sampleTurn(1, { ok: true, result: { found: true } }),
    sampleTurn(3, { ok: false, error: 'the shelf is locked' }),
  ];
  assert.deepEqual(readConversation(compose(sampleAgent(), sampleState({ turns }))).calls, [
    { name: 'look_up', input: { turn: 1 }, ok: true, result: { found: true } },
    { name: 'look_up', input: { turn: 3 }, ok: false, result: 'the shelf is locked' },
  ]);
});

test('old turns leave the window whole, and the introduction says how many', () => {
  const turns = [1, 3, 5].map((ordinal) => sampleTurn(ordinal, { ok: true, result: {} }));
  const agent = sampleAgent({ window: 2 });
  const { messages } = compose(agent, sampleState({ turns }));
  assert.equal(messages.length, 1 + 2 * 2);
  assert.deepEqual(
    messages.map((message) => message.role),
    ['user', 'assistant', 'user', 'assistant', 'user'],
  );
  assert.match(introduction(agent, sampleState({ turns })), /first turn is no longer shown/);
  assert.doesNotMatch(introduction(sampleAgent({ window: 3 }), sampleState({ turns })), /no longer shown/);
});

test('people see six layers, with or without a run', () => {
  assert.deepEqual(
    layers(sampleAgent({ window: 7 }), null).map(({ n }) => n),
    [1, 2, 3, 4, 5, 6],
  );
  assert.match(layers(sampleAgent({ window: 7 }), null)[5]?.text ?? '', /last 7 turns/);
  assert.match(layers(sampleAgent(), sampleState())[5]?.text ?? '', /Find the atlas/);
});

test.run();
