import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { flattenTree, type RunTree, waitingOf } from '../../bridge/journals/runs.ts';
import type { InvocationEvent } from '../../runtime/journal/entry.ts';
import type { JsonObject } from '../../runtime/json.ts';
import type { ModelProvider } from '../../runtime/model/provider.ts';
import { chain, withPlatforms } from '../support/platform.ts';
import { suite } from '../support/suite.ts';
import { throwingTurns } from '../support/throwing.ts';

const test = suite('what a supervisor and its rules refuse');
const platforms = withPlatforms(test);
const library = { packs: [resolve(import.meta.dirname, '../packs/library')] };

function ask(payload: JsonObject) {
  return { agent: 'librarian', instructions: 'Take stock.', payload: { book: 'emma', ...payload } };
}

function eventsOf<T extends InvocationEvent['type']>(tree: RunTree, type: T): Extract<InvocationEvent, { type: T }>[] {
  const events = tree.entries.flatMap((entry) => entry.events) as InvocationEvent[];
  return events.filter((event): event is Extract<InvocationEvent, { type: T }> => event.type === type);
}

test('a sub-agent does not start from outside: the refusal is its journal’s second entry', async () => {
  const { run } = await platforms(library);
  const tree = await run({ agent: 'finder', instructions: 'Find it.', payload: { book: 'emma' } });
  assert.deepEqual(chain(tree), ['0 admitting: invoked', '0 refused: refused']);
  const [refused] = eventsOf(tree, 'refused');
  assert.deepEqual(
    refused?.verdicts.filter(({ ok }) => !ok).map(({ rule }) => rule),
    ['role.allows_start'],
  );
  assert.match(tree.context.error?.message ?? '', /finder has the role sub_agent/);
});

test('a payload that does not say what the run is about is refused', async () => {
  const { run } = await platforms(library);
  const tree = await run({ agent: 'librarian', instructions: 'Take stock.', payload: {} });
  assert.equal(tree.state, 'refused');
  assert.match(tree.context.error?.message ?? '', /payload\.valid/);
});

test('a listed agent that is not allowed is refused in the turn: a tool error, no child, no path', async () => {
  const { run } = await platforms(library);
  const call = { name: 'delegate_to_binder', input: { instructions: 'Mend it.', context: {} } };
  const tree = await run(ask({ script: [[call]] }));
  assert.equal(tree.state, 'completed');
  assert.match(tree.context.report?.text ?? '', /^delegate\.allowed: librarian may start finder, not binder/);
  assert.deepEqual([tree.children.length, tree.context.delegations], [0, 0]);
  const [first] = eventsOf(tree, 'model.replied');
  assert.deepEqual(
    first?.calls[0]?.verdicts.filter(({ ok }) => !ok).map(({ rule }) => rule),
    ['delegate.allowed'],
  );
});

test('depth ends where the root’s ends: its delegate may not delegate again', async () => {
  const { run } = await platforms(library);
  const call = { name: 'delegate_to_finder', input: { instructions: 'Find it.', context: { torn: true } } };
  const tree = await run(ask({ script: [[call]] }));
  const [finder] = tree.children as [RunTree];
  assert.equal(finder.state, 'completed');
  assert.equal(finder.context.remaining, 0);
  assert.match(finder.context.report?.text ?? '', /^depth\.left: finder has no delegation depth left/);
  assert.deepEqual(finder.children, []);
});

test('invalid input, an unknown tool and a good call in one turn: only the good one runs', async () => {
  const { run } = await platforms(library);
  const calls = [
    { name: 'look_up', input: { titel: 'emma' } },
    { name: 'burn', input: {} },
    { name: 'look_up', input: { book: 'emma' } },
  ];
  const tree = await run(ask({ script: [calls] }));
  const [turn] = tree.context.turns;
  assert.deepEqual(
    turn?.calls.map(({ ordinal, status }) => [ordinal, status]),
    [
      [2, 'error'],
      [3, 'error'],
      [4, 'ok'],
    ],
  );
  assert.match(String(turn?.calls[0]?.result), /^input\.valid: .*book/s);
  assert.match(String(turn?.calls[1]?.result), /^tool\.known: there is no tool burn/);
  assert.equal(eventsOf(tree, 'tool.settled').length, 1);
});

test('a tool that throws is a tool error that the model reads', async () => {
  const { run } = await platforms(library);
  const tree = await run(ask({ script: [[{ name: 'look_up', input: { book: 'ulysses' } }]] }));
  assert.equal(tree.state, 'completed');
  assert.match(tree.context.report?.text ?? '', /tool\.failed: there is no book ulysses/);
});

test('a result about another subject is no fact', async () => {
  const { run } = await platforms(library);
  const about = (book: string) => [{ name: 'look_up', input: { book } }];
  const tree = await run(ask({ script: [about('persuasion'), about('emma')] }));
  assert.deepEqual(tree.context.facts, { look_up: { book: 'emma', state: 'on the shelf' } });
});

test('a condition that holds sends the run to a person before the report counts', async () => {
  const { run } = await platforms(library);
  const tree = await run(ask({ book: 'first-folio' }));
  assert.deepEqual(chain(tree).slice(-1), ['0 waiting_for_human: model.replied+escalated']);
  const { rule, target, reason } = waitingOf(tree) ?? {};
  assert.deepEqual(
    { rule, target, reason },
    {
      rule: 'book_is_rare',
      target: 'human',
      reason: 'a rare book is looked at by a person: it is in the safe',
    },
  );
});

test('an escalation to the parent ends the child and reaches the parent as a tool error', async () => {
  const { run } = await platforms(library);
  const call = { name: 'delegate_to_finder', input: { instructions: 'Find it.', context: { gone: true } } };
  const tree = await run(ask({ script: [[call]] }));
  assert.equal(tree.children[0]?.state, 'escalated');
  assert.equal(tree.context.report?.text, 'finder escalated: the book is nowhere: looked everywhere');
});

test('three turns without a report end the invocation as failed', async () => {
  const silent: ModelProvider = {
    name: 'silent',
    reply: async () => ({
      model: 'silent',
      content: [],
      stop_reason: 'end_turn',
      usage: { input_tokens: 1, output_tokens: 0, cache_read_tokens: 0, cache_write_tokens: 0 },
    }),
  };
  const { run } = await platforms({ ...library, model: () => silent });
  const tree = await run(ask({}));
  assert.equal(tree.state, 'failed');
  assert.equal(tree.context.usage.turns, 3);
  assert.equal(tree.context.error?.code, 'turns.exhausted');
});

test('a throw inside one activation ends that invocation as failed; the others go on', async () => {
  const opened = await platforms({ ...library, limits: { restartIntensity: 1 } });
  const { batch } = throwingTurns(opened, ({ invocation }) => invocation?.subject === 'middlemarch');
  const { trees } = await batch({ schedule: 'weekly_stocktaking' });
  const states = Object.fromEntries([...trees].map(([book, tree]) => [book, tree.state]));
  assert.deepEqual(states, {
    emma: 'completed',
    middlemarch: 'failed',
    persuasion: 'completed',
    'first-folio': 'waiting_for_human',
  });
  const failed = trees.get('middlemarch') as RunTree;
  assert.equal(failed.context.error?.code, 'activation.quarantined');
  assert.match(failed.context.error?.message ?? '', /^it crashed 2 times: /);
  assert.deepEqual(flattenTree(failed).length, 1);
});

test('a reply too large for a journal entry ends the invocation as failed, once', async () => {
  const verbose = (): ModelProvider => ({
    name: 'verbose',
    reply: async () => ({
      model: 'verbose',
      content: [{ type: 'text', text: 'x'.repeat(2 * 1024 * 1024) }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 1, output_tokens: 1, cache_read_tokens: 0, cache_write_tokens: 0 },
    }),
  });
  const { run } = await platforms({ ...library, model: verbose });
  const tree = await run(ask({}));
  assert.deepEqual(chain(tree).slice(-1), ['0 failed: failed']);
  assert.equal(tree.context.error?.code, 'message.too_large');
});

test('a model that does not answer ends the invocation as failed, and says so', async () => {
  const down = (): ModelProvider => ({
    name: 'down',
    reply: async () => {
      throw new Error('connection refused');
    },
  });
  const { run } = await platforms({ ...library, model: down });
  const tree = await run(ask({}));
  assert.deepEqual(chain(tree).slice(-1), ['0 failed: model.failed+failed']);
  assert.deepEqual(tree.context.error, { code: 'model.failed', message: 'connection refused' });
});

test.run();
