import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import type { AnyStateMachine } from 'xstate';
import { z } from 'zod';
import { sentPrompt } from '../../bridge/views/prompt.ts';
import type { RunTree } from '../../bridge/journals/runs.ts';
import type { LoadedPack } from '../../runtime/definitions/resolved.ts';
import type { Json } from '../../runtime/json.ts';
import type { Condition, Player } from '../../runtime/sdk.ts';
import { type TestPlatform, withPlatforms } from '../support/platform.ts';
import { replacing } from '../support/replacing.ts';
import { suite } from '../support/suite.ts';

const test = suite('a throw in one actor never takes down its worker or a sibling');
const platforms = withPlatforms(test);
const library = { packs: [resolve(import.meta.dirname, '../packs/library')] };
const replace = replacing(test);

/** The book whose run is hit; the others are its siblings in the same batch. */
const HIT = 'middlemarch';
const SIBLINGS = { emma: 'completed', persuasion: 'completed', 'first-folio': 'waiting_for_human' };

function packOf({ platform }: TestPlatform): LoadedPack {
  const [pack] = platform.runtime.catalog.packs;
  assert.ok(pack);
  return pack;
}

/** Checks every book; all siblings come out as ever, and the worker takes the next run. Returns the one that was hit. */
async function stocktaking(open: TestPlatform): Promise<RunTree> {
  const { trees } = await open.batch({ schedule: 'weekly_stocktaking' });
  const { [HIT]: _, ...siblings } = Object.fromEntries([...trees].map(([book, { state }]) => [book, state]));
  assert.deepEqual(siblings, SIBLINGS);
  const next = await open.run({ agent: 'librarian', instructions: 'Take stock.', payload: { book: 'emma' } });
  assert.equal(next.state, 'completed');
  return trees.get(HIT) as RunTree;
}

test('in a machine: that invocation has failed, and says why', async () => {
  const open = await platforms(library);
  const behaviour = (open.worker as unknown as { invocations: { machine: AnyStateMachine } }).invocations;
  const { machine } = behaviour;
  behaviour.machine = Object.create(machine, {
    transition: {
      value: (...[snapshot, event, scope]: Parameters<AnyStateMachine['transition']>) => {
        const { subject } = (snapshot.context as { invocation: { subject?: string } | null }).invocation ?? {};
        if (subject === HIT && event.type === 'tool.settled') throw new Error('the machine threw');
        return machine.transition(snapshot, event, scope);
      },
    },
  }) as AnyStateMachine;
  const { state, context } = await stocktaking(open);
  assert.equal(state, 'failed');
  assert.deepEqual(context.error, { code: 'activation.crashed', message: 'the machine threw' });
});

test('in a player that answers what is no turn: that invocation has failed at once, and says why and where', async () => {
  const open = await platforms(library);
  const { players } = packOf(open).code;
  let answer: unknown;
  replace(players, 'librarian', (was) => (conversation) => {
    if (conversation.task.subject !== HIT) return (was as Player)(conversation);
    return answer as never;
  });
  answer = { calls: [{ name: 'look_up', input: { book: () => HIT } }] };
  const { state, context, entries } = await stocktaking(open);
  assert.equal(state, 'failed');
  assert.equal(context.error?.code, 'model.failed');
  assert.match(context.error?.message ?? '', /canonical JSON cannot hold a function/);
  assert.equal(entries.length, 3, 'at once, not after claims without end');

  answer = { calls: [{ name: 5, input: {} }] };
  const tree = await open.run({ agent: 'librarian', instructions: 'Take stock.', payload: { book: HIT } });
  assert.deepEqual([tree.state, tree.context.turns], ['failed', []], 'nothing of it is journaled');
  const error = {
    code: 'model.failed',
    message: 'the answer of rehearsal is malformed: content.0.name: expected string, received number',
  };
  assert.deepEqual(tree.context.error, error);
  const asked = await sentPrompt(tree.entries, 1, open.platform.runtime.catalog);
  assert.equal(asked.model, null, 'what it was asked can be seen');
});

test('in a tool: its call is an error that the model reads', async () => {
  const open = await platforms(library);
  const [lookUp] = packOf(open).code.tools;
  assert.ok(lookUp);
  replace(lookUp, 'run', (run) => async (input, context) => {
    if ((input as { book: string }).book === HIT) throw new Error('the tool threw');
    return run(input, context);
  });
  const { state, context } = await stocktaking(open);
  assert.equal(state, 'completed');
  assert.equal(context.turns[0]?.calls[0]?.result, 'tool.failed: the tool threw');
});

test('in a tool that throws what is no error, or returns what cannot be written: the same', async () => {
  const open = await platforms(library);
  const [lookUp] = packOf(open).code.tools;
  assert.ok(lookUp);
  const circle: { self?: object } = {};
  circle.self = circle;
  replace(lookUp, 'run', () => async () => circle as Json);
  const script = [[{ name: 'look_up', input: { book: 'emma' } }]];
  const request = { agent: 'librarian', instructions: 'Take stock.', payload: { book: 'emma', script } };
  assert.match((await open.run(request)).context.report?.text ?? '', /^tool\.failed: .*circular/);
  replace(lookUp, 'run', () => async () => Promise.reject('just words'));
  assert.equal((await open.run(request)).context.report?.text, 'tool.failed: just words');
});

test('a result that its output does not allow is an error that the model reads, and no fact', async () => {
  const open = await platforms(library);
  const [lookUp] = packOf(open).code.tools;
  assert.ok(lookUp);
  replace(lookUp, 'output', () => z.object({ book: z.string(), shelf: z.string().default('B7') }));
  replace(lookUp, 'run', () => async () => ({ book: 5 }));
  const script = [[{ name: 'look_up', input: { book: 'emma' } }]];
  const request = { agent: 'librarian', instructions: 'Take stock.', payload: { book: 'emma', script } };
  const { context } = await open.run(request);
  assert.equal(
    context.report?.text,
    'tool.malformed: look_up returned what its output schema does not allow: book: got the number 5, expected text',
  );
  assert.deepEqual(context.facts, {});
  // What is kept is what the schema makes of it.
  replace(lookUp, 'run', () => async () => ({ book: 'emma', unasked: true }));
  assert.deepEqual((await open.run(request)).context.facts, { look_up: { book: 'emma', shelf: 'B7' } });
});

test('in a player: that invocation has failed, and says why', async () => {
  const open = await platforms(library);
  const players = packOf(open).code.players as { librarian: Player };
  replace(players, 'librarian', (librarian) => (conversation) => {
    if (conversation.task.subject === HIT) throw new Error('the player threw');
    return librarian(conversation);
  });
  const { state, context } = await stocktaking(open);
  assert.equal(state, 'failed');
  assert.deepEqual(context.error, { code: 'model.failed', message: 'the player threw' });
});

test('in a condition: a person is asked, as nobody knows whether it holds', async () => {
  const open = await platforms(library);
  const conditions = packOf(open).code.conditions as { book_is_rare: Condition };
  replace(conditions, 'book_is_rare', (isRare) => (view) => {
    if (view.subject === HIT) throw new Error('the condition threw');
    return isRare(view);
  });
  const { state, context } = await stocktaking(open);
  assert.equal(state, 'waiting_for_human');
  assert.match(context.escalation?.reason ?? '', /could not be decided: the condition threw/);
});

test('in a check of a rule: the rule refuses, twice, and then a person is asked', async () => {
  const open = await platforms(library);
  const pack = packOf(open);
  const autonomy = pack.agents.get('librarian')?.resolved.definition.autonomy;
  assert.ok(autonomy);
  const shelved = { id: 'shelved', before: ['report', 'emit_event'], message: 'look at the shelf first' };
  replace(autonomy, 'enforce', () => [shelved]);
  replace(pack.code, 'checks', () => ({
    shelved: ({ subject }) => {
      if (subject === HIT) throw new Error('the check threw');
      return null;
    },
  }));
  const { state, context } = await stocktaking(open);
  assert.equal(state, 'waiting_for_human');
  assert.match(context.escalation?.reason ?? '', /could not be decided: the check threw/);
});

test.run();
