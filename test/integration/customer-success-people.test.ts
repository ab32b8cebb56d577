import assert from 'node:assert/strict';
import type { HumanDecision } from '../../bridge/contract/human-schemas.ts';
import { decideTask } from '../../bridge/commands/decide.ts';
import { flattenTree, readRun, type RunTree } from '../../bridge/journals/runs.ts';
import { settleRun } from '../../bridge/follow/settle.ts';
import type { JsonObject } from '../../runtime/json.ts';
import { openTask } from '../../runtime/context/invocation.ts';
import { type Breach, breachingModel, type Spoil } from '../support/customer-breaches.ts';
import type { Data, Input } from '../support/customer-policy.ts';
import { type TestPlatform, withPlatforms } from '../support/platform.ts';
import { suite } from '../support/suite.ts';

const test = suite('people decide about accounts', { timeoutMs: 120_000 });
const platforms = withPlatforms(test);

const MAYA = { by: 'Maya Lindqvist' };
const LEAD = { by: 'Robin', role: 'csm_lead' };

async function start(spoil?: Spoil): Promise<TestPlatform> {
  const breach: Breach | null = spoil ? { agent: 'risk_analysis', times: 1, spoil } : null;
  return platforms({ model: breachingModel(() => breach) });
}

function check({ run }: TestPlatform, account_id: string): Promise<RunTree> {
  return run({ agent: 'account_health_main', instructions: 'Check.', payload: { account_id } });
}

function waiting(tree: RunTree): RunTree {
  const node = flattenTree(tree).find(({ state }) => state === 'waiting_for_human');
  assert.ok(node, `nobody is asked; the run is ${tree.state}`);
  return node;
}

/** Decides, and has the run go on to its end or to the next question. */
async function decide(open: TestPlatform, tree: RunTree, said: HumanDecision): Promise<RunTree> {
  const task = openTask(waiting(tree).context);
  await decideTask(open.platform, task?.id ?? '', said);
  await settleRun(open.platform, tree.address, { signal: new AbortController().signal });
  await open.worker.settled();
  const after = await readRun(open.platform.runtime.journal, tree.address);
  assert.ok(after);
  return after;
}

function dataOf({ context }: RunTree): Data {
  assert.ok(context.report);
  return context.report.data as unknown as Data;
}

function json(value: unknown): JsonObject {
  return JSON.parse(JSON.stringify(value)) as JsonObject;
}

function made(tree: RunTree): string[] {
  return flattenTree(tree).flatMap(({ agent, context }) =>
    context.turns.flatMap(({ calls }) =>
      calls.filter(({ kind, status }) => status === 'ok' && kind !== 'read').map(({ name }) => `${agent} ${name}`),
    ),
  );
}

const ASSESSED = ['emit_event', 'store_memory', 'delegate_to_csm_briefing'].map((name) => `risk_analysis ${name}`);

test('an enterprise assessment takes effect when its owner approves: alert, memory, briefing and report by one answer', async () => {
  const open = await start();
  const held = await check(open, 'evergreen-health');
  const task = openTask(waiting(held).context);
  assert.deepEqual(
    [task?.kind, task?.rules, task?.decides],
    ['approval', ['enterprise_account'], { name: MAYA.by, role: 'csm_lead' }],
  );
  assert.deepEqual(made(held), []);
  const ended = await decide(open, held, { ...MAYA, answer: 'approve' });
  assert.equal(ended.state, 'completed');
  assert.deepEqual(
    made(ended)
      .filter((one) => one.startsWith('risk'))
      .slice(0, 3)
      .sort(),
    [...ASSESSED].sort(),
  );
  const risk = flattenTree(ended).find(({ agent }) => agent === 'risk_analysis');
  assert.equal(risk?.context.tasks.length, 1, 'one answer covers emit, store, delegation and report');
  assert.equal(risk?.context.verdicts.find(({ rule }) => rule === 'escalation.enterprise_account')?.ok, true);
});

test('an alert that differs from the approved one asks again, and is not emitted when it is rejected', async () => {
  let alert: Input | null = null as Input | null;
  const open = await start((turn) => {
    const emit = turn.calls?.find(({ name }) => name === 'emit_event');
    if (emit) alert = structuredClone(emit.input) as unknown as Input;
    if (alert === null || !turn.calls?.some(({ name }) => name === 'submit_report')) return null;
    const points = [...alert.data.talking_points, 'Ask for a reference call.'];
    const input = json({ ...alert, data: { ...alert.data, talking_points: points } });
    return { calls: [{ name: 'emit_event', input }] };
  });
  const again = await decide(open, await check(open, 'evergreen-health'), { ...MAYA, answer: 'approve' });
  assert.equal(waiting(again).context.tasks.length, 2);
  const ended = await decide(open, again, { ...LEAD, answer: 'reject', note: 'once is enough' });
  assert.equal(made(ended).filter((name) => name === 'risk_analysis emit_event').length, 1);
  const risk = flattenTree(ended).find(({ agent }) => agent === 'risk_analysis');
  assert.equal(risk?.state, 'refused');
});

test('an assessment on a contradictory history is edited by a person, who is held to the rules as well', async () => {
  const open = await start();
  const held = await check(open, 'juniper-education');
  const node = waiting(held);
  assert.deepEqual(openTask(node.context)?.rules, ['contradictory_history']);
  const call = node.context.turns.at(-1)?.calls.find(({ name }) => name === 'emit_event');
  const edited = (change: (data: Data) => void): HumanDecision => {
    const input = structuredClone(call?.input) as unknown as Input;
    change(input.data);
    return { ...LEAD, answer: 'edit', edits: { calls: [{ ordinal: call?.ordinal ?? 0, input: json(input) }] } };
  };
  const offer = edited((data) => data.talking_points.push('Offer a discount.'));
  await assert.rejects(decide(open, held, offer), { code: 'human.refused', message: /no_concessions/ });
  const milder = edited((data) => Object.assign(data, { severity: 'watch', respond_by: null }));
  await assert.rejects(decide(open, held, milder), { code: 'human.refused', message: /one_assessment/ });
  const ended = await decide(
    open,
    held,
    edited((data) => void (data.talking_points = ['Ask for a review of the term.'])),
  );
  assert.equal(ended.state, 'completed');
  assert.deepEqual(flattenTree(ended).find(({ agent }) => agent === 'risk_analysis')?.context.tasks.length, 1);
});

test('who neither owns the account nor leads is not asked; a rejected assessment leaves nothing behind', async () => {
  const open = await start();
  const held = await check(open, 'evergreen-health');
  const mine: HumanDecision = { by: 'Jonas Okafor', role: 'csm', answer: 'approve' };
  await assert.rejects(decide(open, held, mine), { code: 'human.not_yours' });
  const ended = await decide(open, held, { ...MAYA, answer: 'reject', note: 'we know' });
  assert.deepEqual(
    made(ended).filter((name) => ASSESSED.includes(name)),
    [],
  );
  assert.equal(ended.state, 'completed');
  const { status, reason } = dataOf(ended);
  assert.equal(status, 'unassessed');
  assert.match(reason ?? '', /we know/);
});

test('unavailable data and contradicting signals stop at the main agent until the owner says how to go on', async () => {
  const open = await start();
  const unavailable = await check(open, 'harbor-insurance');
  assert.deepEqual(openTask(unavailable.context)?.decides, { name: 'Priya Raman', role: 'csm_lead' });
  const reported = await decide(open, unavailable, { ...LEAD, answer: 'approve' });
  assert.equal(dataOf(reported).status, 'unassessed');

  const contradicting = await check(open, 'ironwood-manufacturing');
  assert.deepEqual(openTask(contradicting.context)?.rules, ['signals_contradict']);
  assert.deepEqual(made(contradicting), []);
  const analysed = await decide(open, contradicting, { by: 'Jonas Okafor', answer: 'approve' });
  assert.equal(analysed.state, 'completed');
  assert.ok(made(analysed).includes('account_health_main delegate_to_risk_analysis'));
});

test.run();
