import assert from 'node:assert/strict';
import { compose } from '../../runtime/context/compose.ts';
import type { InvocationContext, TurnState } from '../../runtime/context/invocation.ts';
import { readConversation } from '../../runtime/model/conversation.ts';
import type { Message, ReplyBlock } from '../../runtime/model/provider.ts';
import { sampleAgent, sampleInvocation, sampleState, sampleTurn } from '../support/samples.ts';
import { suite } from '../support/suite.ts';

const test = suite('the conversation of an invocation');

const SIGNED: ReplyBlock = { type: 'thinking', thinking: '', signature: 'signed' };
const said = (text: string): ReplyBlock => ({ type: 'text', text });
const FOUND = { ok: true as const, result: { found: true } };

const sentBack = (ordinal: number, correction: string, ...content: ReplyBlock[]): TurnState => ({
  ordinal,
  content,
  calls: [],
  correction,
  remark: null,
});

/** What follows the task. */
function after(...turns: TurnState[]): Message[] {
  return compose(sampleAgent(), sampleState({ turns })).messages.slice(1);
}

test('a turn that the runtime sent back shows what was said of it', () => {
  assert.deepEqual(after(sentBack(1, 'Your turn was paused. Go on.', SIGNED, said('I am looking'))), [
    { role: 'assistant', content: [SIGNED, said('I am looking')] },
    { role: 'user', content: [said('Your turn was paused. Go on.')] },
  ]);
});

test('words are never put into the model’s mouth: of an answer that said nothing, only the remark is sent', () => {
  for (const content of [[], [said(' \n')], [SIGNED]]) {
    const { messages } = compose(sampleAgent(), sampleState({ turns: [sentBack(1, 'Say it.', ...content)] }));
    assert.equal(messages.length, 1);
    assert.deepEqual(messages[0]?.content.at(-1), said('Say it.'));
  }
  const [, results, ...more] = after(sampleTurn(1, FOUND), sentBack(3, 'Say it.'));
  assert.deepEqual(more, [], 'results and remark are one message');
  assert.deepEqual([results?.content[0]?.type, results?.content.at(-1)], ['tool_result', said('Say it.')]);
});

test('roles take turns, whatever the turns were', () => {
  const turns = [sentBack(1, 'a'), sentBack(2, 'b', said('x')), sampleTurn(3, FOUND), sentBack(5, 'c')];
  const roles = compose(sampleAgent(), sampleState({ turns })).messages.map(({ role }) => role);
  assert.deepEqual(roles, ['user', 'assistant', 'user', 'assistant', 'user']);
});

test('calls of the same id, in one turn or in two, are told apart with their results', () => {
  const turn = sampleTurn(1, FOUND);
  const [call] = turn.calls;
  const block = turn.content.find(({ type }) => type === 'tool_use');
  assert.ok(call && block);
  const twice: TurnState = {
    ...turn,
    content: [block, block],
    calls: [call, { ...call, ordinal: 3, status: 'error', result: 'second' }],
  };
  const request = compose(sampleAgent(), sampleState({ turns: [twice, { ...turn, ordinal: 4 }] }));
  const ids = (of: string, key: string) =>
    request.messages.flatMap(({ content }) =>
      content.flatMap((each) => (each.type === of ? [(each as unknown as Record<string, string>)[key]] : [])),
    );
  const used = ids('tool_use', 'id');
  assert.equal(new Set(used).size, 3);
  assert.deepEqual(ids('tool_result', 'tool_use_id'), used);
  assert.deepEqual(
    readConversation(request).calls.map(({ result }) => result),
    [{ found: true }, 'second', { found: true }],
  );
});

test('a name or an id that no provider takes goes back in letters that it does; an input that was none, as none', () => {
  const turn = sampleTurn(1, { ok: false, error: 'tool.known' });
  const [call] = turn.calls;
  assert.ok(call);
  const odd = { type: 'tool_use' as const, id: '', name: 'no such tool!', input: {}, malformed: '{"shelf' };
  const [reply, results] = after({ ...turn, content: [odd], calls: [{ ...call, id: '' }] });
  assert.deepEqual(reply?.content, [{ type: 'tool_use', id: 'call', name: 'no_such_tool_', input: {} }]);
  assert.equal(results?.content[0]?.type === 'tool_result' && results.content[0].tool_use_id, 'call');
});

test('earlier runs of a thread are the same at each turn, and reasoning goes back behind them', () => {
  const earlier = { run: 'r-0', as_of: '2026-11-09', instructions: '', payload: {}, report: '' };
  const invocation = sampleInvocation({ thread: { id: 't', turns: [earlier, earlier, earlier] } });
  const thinking = [1, 3, 5].map((ordinal) => {
    const turn = sampleTurn(ordinal, FOUND);
    return { ...turn, content: [SIGNED, ...turn.content] };
  });
  const sent = (n: number, more: Partial<InvocationContext> = { invocation }) =>
    compose(sampleAgent({ window: 3 }), sampleState({ turns: thinking.slice(0, n), ...more })).messages;
  for (const n of [1, 2, 3]) {
    assert.deepEqual(sent(n)[0], sent(0)[0]);
    assert.equal(JSON.stringify(sent(n)).split('signed').length - 1, n);
  }
});

test.run();
