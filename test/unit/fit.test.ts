import assert from 'node:assert/strict';
import { compose, composed } from '../../runtime/context/compose.ts';
import { sizeOf } from '../../runtime/context/fit.ts';
import type { TurnState } from '../../runtime/context/invocation.ts';
import type { Bounds } from '../../runtime/model/bounds.ts';
import type { JsonObject } from '../../runtime/json.ts';
import { readConversation } from '../../runtime/model/conversation.ts';
import type { ModelRequest } from '../../runtime/model/provider.ts';
import {
  SAMPLE_TOOLS,
  sampleAgent,
  sampleInvocation,
  sampleState,
  sampleTool,
  sampleTurn,
} from '../support/samples.ts';
import { suite } from '../support/suite.ts';

const test = suite('a prompt fits into the window of its model');

const AGENT = sampleAgent({ window: 40 });
const rows = (count: number): JsonObject => ({
  rows: Array.from({ length: count }, (_, n) => ({ n, text: `row ${n}` })),
});
/** That many turns, each with a result of about this many characters. */
const turns = (count: number, characters: number): TurnState[] =>
  Array.from({ length: count }, (_, n) =>
    sampleTurn(n * 2 + 1, { ok: true, result: { text: 'x'.repeat(characters) } }),
  );
const state = (own: TurnState[]) => sampleState({ turns: own });
const wide = (result: number): Bounds => ({ result, room: 10_000_000 });
const fixed = sizeOf(compose(AGENT, state([])));

function texts(request: ModelRequest): string[] {
  return request.messages.flatMap(({ content }) =>
    content.flatMap((block) => (block.type === 'text' ? block.text : [])),
  );
}

test('a result is shown up to its bound; the platform says what is left out, and how to ask for it', () => {
  const own = [sampleTurn(1, { ok: true, result: rows(1_000) }), sampleTurn(3, { ok: true, result: rows(2) })];
  const request = compose(AGENT, state(own), wide(2_000));
  const { calls } = readConversation(request);
  const shown = calls[0]?.result as { rows: JsonObject[] };
  assert.deepEqual(shown.rows, (rows(1_000)['rows'] as JsonObject[]).slice(0, shown.rows.length));
  assert.deepEqual(calls[1]?.result, rows(2), 'what is short enough is whole');
  const notes = texts(request).filter((text) => text.startsWith('SHORTENED by the platform: '));
  const note = `SHORTENED by the platform: of the result of look_up (call-1) only this is shown: rows: ${shown.rows.length} of 1000 items. To see what is left out, call the tool again with an input that selects only the part that you need.`;
  assert.deepEqual(notes, [note]);
  assert.deepEqual(compose(AGENT, state(own)), compose(AGENT, state(own), null), 'nothing bounds a player');
});

test('a tool may have a bound and a sentence of its own; a delegate is asked again', () => {
  const bounded = { ...sampleTool('look_up', 'read'), most_shown: 1_000, rest: 'Ask for the next page with from.' };
  const agent = sampleAgent({ tools: [bounded, ...SAMPLE_TOOLS.slice(1)] });
  const own = [sampleTurn(1, { ok: true, result: rows(1_000) })];
  const note = texts(compose(agent, state(own), wide(50_000))).find((text) => text.startsWith('SHORTENED')) ?? '';
  assert.ok(note.endsWith(' items. Ask for the next page with from.'), note);
  const [turn] = own;
  const calls = (turn?.calls ?? []).map((call) => ({ ...call, name: 'delegate_to_finder', kind: 'delegate' as const }));
  const delegated = texts(compose(agent, state([{ ...(turn as TurnState), calls }]), wide(1_000)));
  assert.ok(delegated.some((text) => text.includes('ask the agent again for the part that you need')));
});

test('facts that are handed down are bounded, too, and that is said', () => {
  const invocation = sampleInvocation({ facts: { look_up: rows(1_000), small: { n: 1 } } });
  const request = compose(AGENT, sampleState({ invocation }), wide(2_000));
  const { facts } = readConversation(request).task;
  assert.ok(JSON.stringify(facts['look_up']).length <= 2_000);
  assert.deepEqual(facts['small'], { n: 1 });
  assert.match(texts(request)[0] ?? '', /^Of the fact look_up only this is shown: rows: \d+ of 1000 items\.$/m);
});

test('to make room, little is shown of the oldest results; those of the last turn stay', () => {
  const own = turns(10, 10_000);
  const room = fixed + 80_000;
  const { request, fitted } = composed(AGENT, state(own), { result: 50_000, room });
  assert.ok(sizeOf(request) <= room);
  assert.deepEqual([fitted?.dropped, fitted?.most, fitted?.over], [0, null, 0]);
  const ordinals = own.flatMap(({ calls }) => calls.map(({ ordinal }) => ordinal));
  assert.deepEqual(fitted?.shortened, ordinals.slice(0, fitted?.shortened.length), 'the oldest first');
  const { calls } = readConversation(request);
  assert.ok(JSON.stringify(calls[0]?.result).length <= 1_000);
  assert.deepEqual(calls.at(-1)?.result, { text: 'x'.repeat(10_000) });
  assert.deepEqual(composed(AGENT, state(own), { result: 50_000, room }).request, request, 'the same bytes again');
});

test('turns that follow begin with the same bytes until the next step, so that a cache holds', () => {
  const room = fixed + 80_000;
  const fittedAt = (count: number) => composed(AGENT, state(turns(count, 4_000)), { result: 50_000, room }).fitted;
  const shortened = [19, 20, 21, 22, 23, 24, 25, 26].map((count) => fittedAt(count)?.shortened.length ?? 0);
  assert.ok(new Set(shortened).size <= 3, shortened.join(' '));
  assert.ok(
    shortened.every((n, at) => at === 0 || n >= (shortened[at - 1] ?? 0)),
    'and never shows more again',
  );
});

test('what still is too long leaves out the oldest turns, and then cuts the results of the last', () => {
  const many = composed(AGENT, state(turns(30, 900)), { result: 50_000, room: fixed + 20_000 });
  assert.ok(many.fitted && many.fitted.dropped > 0 && many.fitted.over === 0);
  assert.match(texts(many.request)[0] ?? '', new RegExp(`Your first ${many.fitted.dropped} turns are no longer shown`));
  const last = composed(AGENT, state(turns(1, 50_000)), { result: 100_000, room: fixed + 10_000 });
  assert.ok(last.fitted?.most && last.fitted.over === 0, JSON.stringify(last.fitted));
  assert.ok(sizeOf(last.request) <= fixed + 10_000);
});

test('what does not fit at all says by how much', () => {
  const { fitted } = composed(AGENT, state(turns(3, 5_000)), { result: 50_000, room: 1_000 });
  assert.ok(fitted && fitted.over > fixed - 1_000);
});

test('reasoning stays while nothing before it is shown otherwise than it was', () => {
  const thinking = { type: 'thinking' as const, thinking: 'Well.', signature: 's' };
  const reasoned = (bound?: number | null) =>
    turns(12, 1_000).map((turn) => ({
      ...turn,
      content: [thinking, ...turn.content],
      ...(bound !== undefined && { bound }),
    }));
  const thinks = (own: TurnState[], bounds: Bounds | null) =>
    JSON.stringify(compose(AGENT, state(own), bounds)).includes('"thinking"');
  assert.deepEqual([thinks(reasoned(), null), thinks(reasoned(5_000), wide(5_000))], [true, true]);
  assert.ok(!thinks(reasoned(5_000), wide(6_000)), 'the bound has changed');
  assert.ok(!thinks(reasoned(null), wide(5_000)), 'something had been left out');
  assert.ok(!thinks(reasoned(5_000), { result: 5_000, room: fixed + 8_000 }), 'something is left out');
});

test.run();
