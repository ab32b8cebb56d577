import assert from 'node:assert/strict';
import { targetRun } from '../../actors/batch/machine.ts';
import { contextDigest, emptyFold, stateOf, step } from '../../actors/fold.ts';
import { invocationMachine } from '../../actors/invocation/machine.ts';
import { reconcile } from '../../actors/reconcile.ts';
import { readResults } from '../../bridge/views/batch-results.ts';
import { cancelRun } from '../../bridge/commands/cancel.ts';
import { decideTask } from '../../bridge/commands/decide.ts';
import { startBatch } from '../../bridge/commands/start-batch.ts';
import { startRun } from '../../bridge/commands/start-run.ts';
import { explainPolicy } from '../../bridge/views/policy-explain.ts';
import { modelWaits } from '../../bridge/journals/model-waits.ts';
import { readRun, type RunTree } from '../../bridge/journals/runs.ts';
import { openTasks } from '../../bridge/views/task-view.ts';
import { watchJournals } from '../../bridge/follow/watch.ts';
import { digestOf } from '../../runtime/digest.ts';
import { ENTRY_VERSION, type InvocationEvent } from '../../runtime/journal/entry.ts';
import { type TestPlatform, withPlatforms } from '../support/platform.ts';
import { SCALES_TENANT, withScales } from '../support/scales-pack.ts';
import { suite } from '../support/suite.ts';

const test = suite('a run is judged by what it began with', { timeoutMs: 60_000 });
const platforms = withPlatforms(test);
const scales = withScales(test);

const addressOf = (run: string) => ({ tenant: SCALES_TENANT, run, path: '0' });
const weigh = (run: string, kg: number, agent = 'weigher') => ({
  agent,
  instructions: 'Weigh it.',
  run,
  payload: { parcel: run, kg },
});

async function treeOf({ platform }: TestPlatform, run: string): Promise<RunTree> {
  const tree = await readRun(platform.runtime.journal, addressOf(run));
  assert.ok(tree);
  return tree;
}

/** The tree as soon as an entry of its root is one like that. */
async function until(
  open: TestPlatform,
  run: string,
  isIt: (entry: { state: string; events: readonly { type: string }[] }) => boolean,
): Promise<RunTree> {
  const reached = new AbortController();
  await watchJournals(open.platform.nc, open.platform.runtime.journal, {
    tenant: SCALES_TENANT,
    runs: [run],
    signal: reached.signal,
    onEntry: ({ path }, entry) => {
      if (path === '0' && isIt(entry)) reached.abort();
    },
  });
  return treeOf(open, run);
}

const rests = ({ state }: { state: string }) => ['completed', 'waiting_for_human', 'failed', 'refused'].includes(state);
const isLeft = ({ events }: { events: readonly { type: string }[] }) => events.some(({ type }) => type === 'deferred');
const lead = { by: 'Ada', role: 'operator' };

async function decide(open: TestPlatform, tree: RunTree, answer: 'approve' | 'reject', waitMs?: number) {
  const [task] = openTasks(tree);
  assert.ok(task);
  const said = { answer, ...lead, ...(answer === 'reject' && { note: 'no' }) };
  return decideTask(open.platform, task.task, said, waitMs === undefined ? {} : { waitMs });
}

test('six runs at once, of two playbooks and two releases, on two workers: each by its own', async () => {
  const low = await platforms(scales({ limit: 3, version: '1.0.0' }));
  const high = await platforms(scales({ limit: 10, version: '1.1.0' }));
  const names = [1, 2, 3].flatMap((n) => [`low-${n}`, `high-${n}`]);
  await Promise.all(names.map((run) => startRun((run.startsWith('low') ? low : high).platform, weigh(run, 5))));
  for (const run of names) {
    let tree = await until(low, run, rests);
    if (run.startsWith('low')) {
      assert.match(tree.context.escalation?.reason ?? '', /5 is 3 or more/);
      // Whichever worker takes the answer.
      await decide(high, tree, 'approve');
      tree = await until(low, run, ({ state }) => state === 'completed');
    }
    const limit = run.startsWith('low') ? 3 : 10;
    assert.equal(tree.context.report?.text, `played, weighed and checked by ${limit}, ${limit}, ${limit}`);
    assert.equal(tree.children[0]?.context.code?.version, limit === 3 ? '1.0.0' : '1.1.0');
  }
});

test('a question that was opened under one playbook is answered by it under another, and both codes are named', async () => {
  const before = await platforms(scales({ limit: 3, version: '1.0.0' }));
  await startRun(before.platform, weigh('upgraded', 5));
  const asked = await until(before, 'upgraded', rests);
  await before.worker.stop();
  const after = await platforms(scales({ limit: 100, version: '1.2.0' }));
  const [task] = openTasks(asked);
  const emit = asked.context.turns.at(-1)?.calls[0];
  assert.ok(task && emit);
  // Neither what it began with allows it, nor is it asked of the new playbook, which would.
  const heavier = { topic: 'weighed', data: { parcel: 'upgraded', kg: 50 } };
  const edit = { answer: 'edit' as const, ...lead, edits: { calls: [{ ordinal: emit.ordinal, input: heavier }] } };
  await assert.rejects(decideTask(after.platform, task.task, edit), {
    code: 'human.refused',
    message: /it is twice 3 or more/,
  });
  await decide(after, asked, 'approve');
  const done = await until(after, 'upgraded', ({ state }) => state === 'completed');
  assert.equal(done.context.report?.text, 'played, weighed and checked by 3, 3, 3');
  const approved = explainPolicy(done).filter(({ about }) => about === 'decision');
  for (const { code, judged_by, rules } of approved) {
    assert.deepEqual([code?.version, judged_by?.version], ['1.0.0', '1.2.0']);
    const { answer, reason = '' } = rules.find(({ rule }) => rule === 'code.compatible') ?? {};
    assert.equal(answer, 'allowed');
    assert.match(reason, /^it began with scales 1\.0\.0 \(\w{8}\); judged by scales 1\.2\.0 \(\w{8}\)$/);
  }
  assert.equal(approved.length, 2);
});

test('a worker that lacks what a definition names leaves the run to one that has it, says so, and uses up no delivery', async () => {
  const cases = [
    { name: 'tool', release: { tool: 'weigh_it' }, lacks: /^scales 1\.1\.0 \(\w+\) has no tool weigh$/ },
    { name: 'condition', release: { condition: false }, lacks: /has no condition too_heavy$/ },
    { name: 'check', release: { check: false }, lacks: /has no check liftable$/ },
    { name: 'sub-agent', release: { checker: 'prober' }, lacks: /has no agent checker$/ },
    { name: 'parameter', release: { more: true }, lacks: /cannot be made .* limits do not fit: fragile: is missing/ },
    { name: 'major', release: { version: '2.0.0' }, lacks: /this worker has scales 2\.0\.0 \(\w+\), another major/ },
    { name: 'exact', release: { continues: 'exact' as const }, lacks: /leaves it to workers with the same code$/ },
  ];
  const right = await platforms({ ...scales({ limit: 3 }), works: false });
  for (const { name, release, lacks } of cases) {
    const wrong = await platforms(scales({ version: '1.1.0', limit: 3, ...release }));
    await startRun(right.platform, weigh(name, 1));
    const left = await until(wrong, name, isLeft);
    assert.equal(left.state, 'admitting');
    const [wait] = modelWaits(left);
    assert.ok(wait?.worker);
    assert.match(wait.error.message, lacks);
    await wrong.worker.settled();
    const { num_redelivered } = await wrong.platform.jsm.consumers.info('MAIL', 'start-weigher');
    assert.equal(num_redelivered, 0);
    await wrong.stop();
  }
  const working = await platforms(scales({ limit: 3 }));
  await reconcile(working.platform.nc, working.platform.runtime);
  for (const { name } of cases) {
    const done = await until(working, name, ({ state }) => state === 'completed');
    const reasons = done.entries.flatMap(({ events }) => events.flatMap((each) => ('lacks' in each ? each.lacks : [])));
    assert.equal(new Set(reasons).size, reasons.length, `each reason of ${name} is told once`);
    assert.equal(done.context.deferred, null);
  }
});

test('a decision that no worker can judge yet is kept for one that can; a rejection needs no code', async () => {
  const before = await platforms(scales({ limit: 3 }));
  for (const run of ['kept', 'rejected']) await startRun(before.platform, weigh(run, 5));
  const [kept, rejected] = [await until(before, 'kept', rests), await until(before, 'rejected', rests)];
  await before.worker.stop();
  const wrong = await platforms(scales({ limit: 3, version: '2.0.0' }));
  await decide(wrong, rejected, 'reject');
  await assert.rejects(decide(wrong, kept, 'approve', 1_000), {
    code: 'human.unconfirmed',
    message: /no worker that could has taken it yet \(it began with scales 1\.0\.0 .* another major version\)/,
  });
  await wrong.worker.stop();
  const right = await platforms(scales({ limit: 3 }));
  await decide(right, kept, 'approve');
  assert.equal((await until(right, 'kept', ({ state }) => state === 'completed')).state, 'completed');
});

test('what is asked of an agent that was renamed is refused at once, and nothing is queued', async () => {
  const before = await platforms(scales({ limit: 3 }));
  await startRun(before.platform, weigh('renamed', 5));
  const asked = await until(before, 'renamed', rests);
  const after = await platforms(scales({ limit: 3, version: '1.1.0', agent: 'weighmaster' }));
  // As long as somebody has it, the others' doors serve it, too.
  await before.worker.stop();
  const unserved = { code: 'run.unserved', message: /is of weigher, and no loaded pack has it/ };
  assert.equal((await reconcile(after.platform.nc, after.platform.runtime)).unserved, 1);
  await assert.rejects(decide(after, asked, 'approve'), unserved);
  await assert.rejects(cancelRun(after.platform, addressOf('renamed'), { by: 'Ada', reason: 'x' }), unserved);
  const again = await platforms({ ...scales({ limit: 3 }) });
  await decide(after, asked, 'approve');
  assert.equal((await until(again, 'renamed', ({ state }) => state === 'completed')).state, 'completed');
});

test('a batch lists, starts and tells its runs by the release that it began with', async () => {
  const asker = await platforms({ ...scales({ limit: 3 }), works: false });
  const { address } = await startBatch(asker.platform, { schedule: 'round', batch: 'by-3' });
  const other = await platforms(scales({ limit: 10, version: '1.1.0' }));
  const run = targetRun(address.run, 'from-3');
  const done = await until(other, run, ({ state }) => state === 'completed');
  assert.equal(done.context.invocation?.instructions, 'by 3');
  assert.equal(done.context.report?.text, 'played, weighed and checked by 3, 3, 3');
  const declared = other.platform.runtime.catalog.schedule('round');
  assert.ok(declared);
  const runs = [{ target: 'from-3', run }];
  const results = await readResults(other.platform, { ...declared, schedule: 'round', tenant: address.tenant, runs });
  assert.deepEqual(results[0]?.fields, { parcel: 'from-3', by: 3 });
});

test('a journal from before parameters and code were recorded is finished by those of the worker, and says so', async () => {
  const open = await platforms(scales({ limit: 3 }));
  const { runtime } = open.platform;
  const hosted = runtime.catalog.agent('weigher');
  assert.ok(hosted);
  const { parameters: _, topics: __, ...old } = hosted.resolved;
  const kv = await open.platform.nc.jetstream().views.kv('DEFINITIONS');
  const definition = digestOf(old);
  await kv.put(definition, JSON.stringify(old));
  const invocation = {
    address: addressOf('old'),
    agent: 'weigher',
    instructions: 'Weigh it.',
    payload: { parcel: 'old', kg: 1 },
    subject: 'old',
    as_of: '2026-11-14',
    data: open.platform.settings.packs[0] ?? '',
    parent: null,
    ancestors: [],
    parent_remaining: null,
    parent_allows: null,
    facts: {},
    trace: { correlation_id: 'old' },
  };
  const invoked: InvocationEvent = {
    type: 'invoked',
    invocation,
    definition,
    agent_id: 'agent-weigher',
    version: '1.0.0',
  };
  const snapshot = step(invocationMachine, emptyFold(invocationMachine).snapshot, invoked);
  const entry = {
    v: ENTRY_VERSION,
    at: runtime.now().toISOString(),
    writer: 'w-old',
    key: 'k',
    agent: 'weigher',
    subject: 'old',
    events: [invoked],
    state: stateOf(snapshot),
    digest: contextDigest(snapshot),
  } as const;
  await runtime.journal.append(addressOf('old'), { ...entry, events: [...entry.events] }, 0);
  await runtime.mailer.start({ ...addressOf('old'), agent: 'weigher' }, { correlation_id: 'old' });
  const done = await until(open, 'old', ({ state }) => state === 'completed');
  assert.equal(done.context.report?.text, 'played, weighed and checked by 3, 3, 3');
  const [admission] = explainPolicy(done);
  assert.equal(admission?.code, null);
  assert.equal(admission?.judged_by?.version, '1.0.0');
  assert.match(admission?.rules[0]?.reason ?? '', /^it is older than that code and parameters are recorded; judged by/);
});

test.run();
