import assert from 'node:assert/strict';
import pino from 'pino';
import { Refusal } from '../../bridge/contract/schemas.ts';
import { type OpenDoor, streamCounts, withDoors } from '../support/nats-door.ts';
import { suite } from '../support/suite.ts';

const test = suite('what the NATS door refuses');
const doors = withDoors(test);
const RUN = 'api.sample.run.account_health_main';
const START = 'api.sample.health_checks.start';

const check = { instructions: 'Check its health.', payload: { account_id: 'acme-corp' } };
const text = (value: unknown) => JSON.stringify(value);

/** What is wrong · the subject · the body · its code · what its message says. */
const BAD: [what: string, subject: string, body: string | Uint8Array, code: string, says: RegExp][] = [
  ['an unknown agent', 'api.sample.run.nobody', text(check), 'agent.unknown', /no agent "nobody"/],
  ['a sub-agent', 'api.sample.run.risk_analysis', text(check), 'admission.refused', /role\.allows_start/],
  [
    'an unknown account',
    RUN,
    text({ ...check, payload: { account_id: 'nowhere-ltd' } }),
    'subject.unknown',
    /does not know the subject/,
  ],
  ['a payload about nothing', RUN, text({ ...check, payload: {} }), 'admission.refused', /payload\.valid/],
  ['a foreign tenant', 'api.elsewhere.run.account_health_main', text(check), 'tenant.unknown', /"elsewhere"/],
  ['a foreign tenant’s run', 'api.elsewhere.runs.get', text({ run: 'r' }), 'tenant.unknown', /"elsewhere"/],
  ['a foreign tenant’s batch', 'api.elsewhere.batches.get', text({ batch: 'b' }), 'tenant.unknown', /"elsewhere"/],
  ['a foreign tenant’s check', 'api.elsewhere.health_checks.start', text({ all: true }), 'tenant.unknown', /elsewhere/],
  ['an unknown run', 'api.sample.runs.get', text({ run: 'never' }), 'run.unknown', /no run "never"/],
  ['an unknown batch', 'api.sample.batches.get', text({ batch: 'never' }), 'run.unknown', /no batch "never"/],
  ['no body', RUN, '', 'request.invalid', /empty/],
  ['half of a JSON text', RUN, '{"instructions": "Ch', 'request.invalid', /not JSON/],
  ['bytes that are no text', RUN, new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]), 'request.invalid', /UTF-8/],
  ['a list', RUN, '[]', 'request.invalid', /expected a mapping/],
  ['a number that would change', RUN, text(check).replace('{', '{"x": 9007199254740993,'), 'request.invalid', /^x \(/],
  ['a key given twice', START, '{"all": true, "all": true}', 'request.invalid', /^all .*given twice/],
  ['a nest', RUN, '['.repeat(100_000), 'request.invalid', /deeper/],
  ['a wrong type', RUN, text({ ...check, instructions: 5 }), 'request.invalid', /instructions: got the number 5/],
  ['a missing field', RUN, text({ payload: {} }), 'request.invalid', /instructions: is missing/],
  ['an unknown field', RUN, text({ ...check, colour: 'red' }), 'request.invalid', /colour: unknown key/],
  ['another agent', RUN, text({ ...check, agent: 'csm_briefing' }), 'request.invalid', /agent: got "csm_briefing"/],
  ['a date that is none', RUN, text({ ...check, as_of: '2026-02-30' }), 'request.invalid', /as_of: .*a date/],
  ['too long a wait', RUN, text({ ...check, wait_ms: 60_001 }), 'request.invalid', /wait_ms: .*from 0 to 60000/],
  ['a run id with a line break', RUN, text({ ...check, run_id: 'a\nb' }), 'run.invalid', /control characters/],
  [
    'a run id that steers a terminal',
    RUN,
    text({ ...check, run_id: 'a\u009b\u202eb' }),
    'run.invalid',
    /"a\ufffd\ufffdb"/,
  ],
  ['no target', START, '{}', 'request.invalid', /exactly one of them/],
  ['two ways to name targets', START, text({ account_id: 'a', all: true }), 'request.invalid', /exactly one of them/],
  ['all: false', START, text({ all: false }), 'request.invalid', /all: got false/],
  ['a target that is a number', START, text({ account_id: 7 }), 'request.invalid', /account_id: got the number 7/],
  ['an empty list', START, text({ account_ids: [] }), 'request.invalid', /account_ids: .*a list of 1 to 10000/],
  ['a batch id with a dot-dot path', START, text({ all: true, batch: '../x' }), 'request.invalid', /batch: /],
  [
    'a query with more',
    'api.sample.runs.get',
    text({ run: 'r', tenant: 't' }),
    'request.invalid',
    /tenant: unknown key/,
  ],
  ['an oversized request', RUN, text({ ...check, payload: { x: 'y'.repeat(300_000) } }), 'request.too_large', /262144/],
];

async function refused(door: OpenDoor, [what, subject, body, code, says]: (typeof BAD)[number]): Promise<void> {
  const answer = await door.ask(subject, body);
  assert.equal(answer.code, code, `${what}: ${answer.error}`);
  assert.match(answer.error, says, what);
  for (const said of [answer.error, answer.message.string()]) {
    assert.ok(!/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/.test(said), what);
  }
  const { error } = Refusal.parse(answer.body);
  assert.equal(error.code, code, what);
}

test('every bad request is answered with its code, and no stream has a message more', async () => {
  const door = await doors();
  const before = await streamCounts(door);
  for (const bad of BAD) await refused(door, bad);
  assert.deepEqual(await streamCounts(door), before);
});

test('an unknown target is told apart, and starts nothing', async () => {
  const door = await doors();
  const before = await streamCounts(door);
  const { code, body } = await door.ask(START, { account_id: 'nowhere-ltd' });
  assert.equal(code, '');
  assert.deepEqual([body.batch, body.accepted, body.unknown], [null, [], ['nowhere-ltd']]);
  assert.deepEqual(await streamCounts(door), before);
});

test('a run id that is taken by another question is refused', async () => {
  const door = await doors();
  const asked = { ...check, run_id: 'taken', wait_ms: 20_000 };
  assert.equal((await door.ask(RUN, asked)).code, '');
  const before = await streamCounts(door);
  const other = { ...asked, payload: { account_id: 'calder-logistics' } };
  assert.equal((await door.ask(RUN, other)).code, 'run.exists');
  assert.deepEqual(await streamCounts(door), before);
});

test('what was not expected is logged, told without details, and ends one request only', async () => {
  const door = await doors();
  const { runtime } = door.platform;
  const lines: string[] = [];
  const log = runtime.log;
  const read = runtime.journal.read;
  runtime.log = pino({ level: 'error' }, { write: (line: string) => void lines.push(line) });
  runtime.journal.read = () => Promise.reject(new Error('the password is swordfish'));
  try {
    const { code, error, body } = await door.ask('api.sample.runs.get', { run: 'r' });
    assert.equal(code, 'platform.unexpected');
    assert.ok(!(error + JSON.stringify(body)).includes('swordfish'));
    assert.match(lines.join(''), /swordfish/);
  } finally {
    runtime.journal.read = read;
    runtime.log = log;
  }
  assert.equal((await door.ask('api.sample.runs.get', { run: 'r' })).code, 'run.unknown');
});

test.run();
