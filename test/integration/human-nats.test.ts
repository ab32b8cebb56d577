import assert from 'node:assert/strict';
import { CancelAnswer, HumanTaskDetail, HumanTaskList, HumanTaskView } from '../../bridge/contract/human-schemas.ts';
import { RunView } from '../../bridge/contract/schemas.ts';
import { LIBRARY } from '../support/http.ts';
import { EMITTING, OPERATOR } from '../support/people.ts';
import { type OpenDoor, withDoors } from '../support/nats-door.ts';
import { suite } from '../support/suite.ts';

const test = suite('people decide over NATS', { timeoutMs: 60_000 });
const doors = withDoors(test);

async function ask({ ask: send }: OpenDoor, run_id: string): Promise<string> {
  const request = { instructions: 'Take stock.', payload: EMITTING, run_id, wait_ms: 20_000 };
  const { body } = await send('api.town.run.librarian', request);
  const { state, tasks } = RunView.parse(body);
  assert.equal(state, 'waiting');
  return tasks[0]?.task ?? '';
}

test('a question is listed, shown and decided; the same decision again is the same success, another is refused', async () => {
  const door = await doors(LIBRARY);
  const task = await ask(door, 'asked');
  assert.equal(task, 'asked.0.1');
  const { tasks } = HumanTaskList.parse((await door.ask('api.town.human.list', {})).body);
  assert.ok(tasks.some((each) => each.task === task));
  const shown = HumanTaskDetail.parse((await door.ask('api.town.human.show', { task })).body);
  assert.deepEqual(shown.answers, ['approve', 'edit', 'reject', 'ask_again']);

  const decide = (said: object) => door.ask('api.town.human.decide', { task, ...said });
  const first = await decide({ answer: 'approve', ...OPERATOR });
  assert.equal(first.code, '', first.error);
  assert.equal(HumanTaskView.parse(first.body).state, 'decided');
  assert.deepEqual((await decide({ answer: 'approve', ...OPERATOR })).body, first.body);
  const second = await decide({ answer: 'reject', note: 'no', by: 'bob', role: 'operator' });
  assert.equal(second.code, 'human.decided');
  assert.match(second.error, /ada \(operator\) has decided already, at \d{4}-/);
});

test('unknown, foreign, malformed and impossible requests are refused by their codes', async () => {
  const door = await doors(LIBRARY);
  const task = await ask(door, 'refuses');
  const code = async (name: string, request: object) => (await door.ask(`api.town.${name}`, request)).code;
  assert.equal(await code('human.show', { task: 'nothing.0.1' }), 'human.unknown');
  assert.equal(await code('human.show', {}), 'request.invalid');
  assert.equal(await code('human.list', { state: 'lost' }), 'request.invalid');
  assert.equal(await code('human.decide', { task, answer: 'approve', by: 'eve' }), 'human.not_yours');
  assert.equal(await code('human.decide', { task, answer: 'reject', ...OPERATOR }), 'request.invalid');
  const calls = [{ ordinal: 4, input: {} }];
  assert.equal(await code('human.decide', { task, answer: 'edit', ...OPERATOR, edits: { calls } }), 'human.refused');
  assert.equal((await door.ask('api.village.human.list', {})).code, 'tenant.unknown');
});

test('a run is cancelled, and its question is closed', async () => {
  const door = await doors(LIBRARY);
  const task = await ask(door, 'cancels');
  const cancel = (run: string) => door.ask('api.town.runs.cancel', { run, by: 'ada', reason: 'by mistake' });
  assert.equal(CancelAnswer.parse((await cancel('cancels')).body).state, 'cancelled');
  assert.equal((await cancel('cancels')).code, '');
  assert.equal((await cancel('nothing')).code, 'run.unknown');
  const late = await door.ask('api.town.human.decide', { task, answer: 'approve', ...OPERATOR });
  assert.equal(late.code, 'run.ended');
});

test.run();
