import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { SnapshotFrom } from 'xstate';
import { batchBehaviour } from '../../actors/batch/behaviour.ts';
import { batchMachine } from '../../actors/batch/machine.ts';
import { withOutcome } from '../../actors/batch/targets.ts';
import { fold } from '../../actors/fold.ts';
import { invocationBehaviour } from '../../actors/invocation/behaviour.ts';
import { invocationMachine } from '../../actors/invocation/machine.ts';
import { reportOf } from '../../actors/invocation/report.ts';
import { readBatch } from '../../bridge/journals/batch-journal.ts';
import { cancelRun } from '../../bridge/commands/cancel.ts';
import { flattenTree, readRun, type RunTree } from '../../bridge/journals/runs.ts';
import { openTasks } from '../../bridge/views/task-view.ts';
import { standingOf } from '../../bridge/views/target-standing.ts';
import { watchJournals } from '../../bridge/follow/watch.ts';
import { PlatformError } from '../../config/errors.ts';
import type { ModelProvider } from '../../runtime/model/provider.ts';
import { openTask } from '../../runtime/context/invocation.ts';
import { decided, RARE } from '../support/people.ts';
import { LIBRARY } from '../support/http.ts';
import { chain, type TestPlatform, withPlatforms } from '../support/platform.ts';
import { suite } from '../support/suite.ts';

const test = suite('a run that goes on after its end', { timeoutMs: 60_000 });
const platforms = withPlatforms(test);

/** Refuses the key to that agent while it is refused. */
function refusing(agent: string) {
  const key = { refused: true, asked: [] as string[] };
  const model = (rehearsal: ModelProvider): ModelProvider => ({
    ...rehearsal,
    reply: async (request, signal) => {
      key.asked.push(request.agent);
      if (key.refused && request.agent === agent) throw new PlatformError('model.denied', '403: not for this tier');
      return rehearsal.reply(request, signal);
    },
  });
  return { key, model };
}

/** The model, except that the agent gets no answer before the signal aborts. */
function heldUntil(ready: AbortSignal, agent: string, model: (rehearsal: ModelProvider) => ModelProvider) {
  return (rehearsal: ModelProvider): ModelProvider => {
    const provider = model(rehearsal);
    const reply: ModelProvider['reply'] = async (request, signal) => {
      if (request.agent === agent && !ready.aborted) await once(ready, 'abort');
      return provider.reply(request, signal);
    };
    return { ...provider, reply };
  };
}

/** Resolves when anything of the run has come to that state. */
async function comesTo({ platform }: TestPlatform, tenant: string, run: string, wanted: string): Promise<void> {
  const seen = new AbortController();
  await watchJournals(platform.nc, platform.runtime.journal, {
    tenant,
    runs: [run],
    signal: seen.signal,
    onEntry: (_, { state }) => {
      if (state === wanted) seen.abort();
    },
  });
}

/** What a cancel means to a run that stands so. */
function toRun(
  { platform: { runtime } }: TestPlatform,
  snapshot: SnapshotFrom<typeof invocationMachine>,
  sparing: boolean,
) {
  const mail = { type: 'cancel' as const, by: 'a batch', reason: '403', ...(sparing && { spares: true as const }) };
  return invocationBehaviour(runtime, invocationMachine).receive(snapshot, mail);
}

/** Has the run's root go on, and resolves with its tree once that has ended again. */
async function retried({ platform }: TestPlatform, tree: RunTree): Promise<RunTree> {
  const { runtime, nc } = platform;
  await runtime.mailer.post(
    { ...tree.address, agent: tree.agent },
    { type: 'retry', by: 'Ada' },
    { correlation_id: 'test' },
  );
  const ended = new AbortController();
  await watchJournals(nc, runtime.journal, {
    tenant: tree.address.tenant,
    runs: [tree.address.run],
    signal: ended.signal,
    onEntry: ({ path }, { state }) => {
      if (path === '0' && state === 'completed') ended.abort();
    },
  });
  return (await readRun(runtime.journal, tree.address)) ?? assert.fail();
}

test('a key that is refused two levels down ends every level above with the same error, each as it is told', async () => {
  const { key, model } = refusing('csm_briefing');
  const open = await platforms({ model });
  const payload = { account_id: 'acme-corp' };
  const tree = await open.run({ agent: 'account_health_main', instructions: 'Check it.', payload, run: 'deep' });
  const error = { code: 'model.denied', message: '403: not for this tier' };
  const levels = ['account_health_main', 'risk_analysis', 'csm_briefing'];
  assert.deepEqual(
    flattenTree(tree).map(({ agent, state, context }) => [agent, state, context.error]),
    levels.map((agent) => [agent, 'failed', error]),
  );
  assert.equal(key.asked.at(-1), 'csm_briefing', 'nothing is asked for after the refusal');
  assert.deepEqual(chain(tree).slice(-3), [
    '0-1-1 failed: model.failed+failed',
    '0-1 failed: child.reported+failed',
    '0 failed: child.reported+failed',
  ]);

  key.refused = false;
  const after = await retried(open, tree);
  const [told] = after.context.turns.flatMap(({ calls }) => calls).filter(({ kind }) => kind === 'delegate');
  assert.match(String(told?.result), /risk_analysis failed: model\.denied: 403/, 'it goes on with what it was told');
});

test('a refused key ends what asks now: a run that waits for a person is left to that person, whose word still counts', async () => {
  const { key, model } = refusing('csm_briefing');
  const waits = new AbortController();
  const open = await platforms({
    model: heldUntil(waits.signal, 'csm_briefing', model),
  });
  const asking = comesTo(open, 'sample', 'spares-evergreen-health', 'waiting_for_human').then(() => waits.abort());
  const { address, trees } = await open.batch({ batch: 'spares', only: ['acme-corp', 'evergreen-health'] });
  await asking;
  const batch = (await readBatch(open.platform.runtime.journal, address)) ?? assert.fail();
  assert.deepEqual([batch.state, trees.get('acme-corp')?.state], ['failed', 'failed']);
  const held = trees.get('evergreen-health') ?? assert.fail();
  const [task] = openTasks(held);
  assert.ok(task, `it is ${held.state}`);
  const each = { target: 'evergreen-health', run: held.address.run };
  assert.equal(standingOf(batch, each, held).words, 'waits for a person');

  key.refused = false;
  const { tree } = await decided(open, task, { answer: 'approve', by: task.decides.name ?? 'Ada' });
  assert.equal(tree.state, 'completed');

  const going = fold(invocationMachine, tree.entries.slice(0, -1)).snapshot;
  assert.deepEqual([going.status, openTask(going.context)], ['active', null]);
  assert.equal(
    (await toRun(open, going, true)).found,
    'known',
    'the batch repeats its cancel: nobody’s answer is undone',
  );
  assert.equal((await toRun(open, going, false)).found, 'open', 'whoever cancels the run itself does');
});

test('only the refusal that ended a batch has it repeat its cancels', async () => {
  const { model } = refusing('finder');
  const open = await platforms({ ...LIBRARY, model });
  const { address } = await open.batch({ schedule: 'weekly_stocktaking', batch: 'once', only: ['persuasion', 'emma'] });
  const { runtime } = open.platform;
  const { snapshot } = fold(batchMachine, await runtime.journal.read(address));
  const failed = (await readRun(runtime.journal, { ...address, run: 'once-persuasion' })) ?? assert.fail();
  const report = reportOf(failed.state, failed.context) ?? assert.fail();
  const found = async (run: string) => {
    const mail = { type: 'child.reported' as const, from: { run, path: '0' }, report };
    return (await batchBehaviour(runtime, batchMachine).receive({ ...snapshot, ...stillOut('emma') }, mail)).found;
  };
  const { outcomes, targets } = snapshot.context;
  function stillOut(id: string): Pick<typeof snapshot, 'context'> {
    const at = targets.findIndex((target) => target.id === id);
    return { context: { ...snapshot.context, outcomes: withOutcome(outcomes, at, null) } };
  }
  assert.deepEqual([await found('once-persuasion'), await found('once-emma')], ['final', 'known']);
});

test('what a batch that a refused key ended has left to people is cancelled with it', async () => {
  const { model } = refusing('finder');
  const held = new AbortController();
  const open = await platforms({
    ...LIBRARY,
    model: heldUntil(held.signal, 'finder', model),
  });
  const asking = comesTo(open, 'town', `left-${RARE}`, 'waiting_for_human').then(() => held.abort());
  const { address } = await open.batch({ schedule: 'weekly_stocktaking', batch: 'left', only: ['persuasion', RARE] });
  await asking;
  const why = { by: 'ada', reason: 'not wanted any more' };
  const done = await cancelRun(open.platform, address, why);
  assert.deepEqual(done, { run: 'left', tenant: 'town', state: 'cancelled', ...why, ending: [] });
  const run = await readRun(open.platform.runtime.journal, { ...address, run: `left-${RARE}` });
  assert.equal(run?.state, 'cancelled');
  assert.deepEqual(
    await cancelRun(open.platform, address, { by: 'bob', reason: 'me too' }),
    done,
    'who was first is told',
  );
});

test('a target whose run went on is told as its own journal says, whatever it had reported', async () => {
  const { key, model } = refusing('finder');
  const open = await platforms({ ...LIBRARY, model });
  const { address, trees } = await open.batch({ schedule: 'weekly_stocktaking', batch: 'stock', only: ['persuasion'] });
  const tree = trees.get('persuasion') ?? assert.fail();
  const each = { target: 'persuasion', run: tree.address.run };
  const batch = (await readBatch(open.platform.runtime.journal, address)) ?? assert.fail();
  assert.deepEqual([batch.state, standingOf(batch, each, tree).outcome], ['failed', 'failed']);

  key.refused = false;
  const after = await retried(open, tree);
  const shown = standingOf(batch, each, after);
  assert.deepEqual([shown.outcome, shown.state, shown.words], ['completed', 'completed', 'completed']);
  const going = standingOf(batch, each, { ...after, state: 'acting' });
  assert.deepEqual([going.outcome, going.words], [null, 'running'], 'not «to be cancelled»: it had reported');
  assert.equal(standingOf(batch, each, null).outcome, 'failed', 'what was reported, where there is no journal');
});

test.run();
