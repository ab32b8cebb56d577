import assert from 'node:assert/strict';
import { fold } from '../../actors/fold.ts';
import { invocationMachine } from '../../actors/invocation/machine.ts';
import { reconcile } from '../../actors/reconcile.ts';
import { readBatch } from '../../bridge/journals/batch-journal.ts';
import { startRun } from '../../bridge/commands/start-run.ts';
import { resumeModelWaits } from '../../bridge/commands/resume-model-waits.ts';
import { watchJournals } from '../../bridge/follow/watch.ts';
import { PlatformError } from '../../config/errors.ts';
import type { StoredEntry } from '../../runtime/journal/journal.ts';
import type { ModelProvider, ModelReply } from '../../runtime/model/provider.ts';
import { elsewhereName, MODEL_ATTEMPTS, retryName } from '../../runtime/policy/retry.ts';
import { MAIL_STREAM, mailSubject, timerSubject } from '../../runtime/subjects.ts';
import { ARCHIVE, LOOK, TENANT, tries, treeOf, until } from '../support/archive.ts';
import { LIBRARY } from '../support/http.ts';
import { chain, type TestPlatform, withPlatforms } from '../support/platform.ts';
import { suite } from '../support/suite.ts';

const test = suite('the model of a run', { timeoutMs: 60_000 });
const platforms = withPlatforms(test);

const CLAUDE: ModelProvider = {
  name: 'anthropic',
  reply: async () => {
    throw new Error('it is not asked here');
  },
};

const DONE: ModelReply = {
  model: 'claude',
  content: [{ type: 'text', text: 'Done.' }],
  stop_reason: 'end_turn',
  usage: { input_tokens: 1, output_tokens: 1, cache_read_tokens: 0, cache_write_tokens: 0 },
};

test('is the one that it began with: a worker that was not told to ask that one asks no other in its place', async () => {
  const asker = await platforms({ ...ARCHIVE, model: CLAUDE, works: false });
  await startRun(asker.platform, tries('begun-on-claude', [LOOK]));
  const rehearsing = await platforms(ARCHIVE);
  await until(rehearsing, 'begun-on-claude', '0', 'backing_off');
  const { context } = await treeOf(rehearsing, 'begun-on-claude');
  assert.equal(context.error?.code, 'model.unavailable');
  assert.match(
    context.error?.message ?? '',
    /began with the model anthropic, and the worker that took it was not started with --model anthropic and its key/,
  );
  assert.equal(context.turns.length, 0);
});

test('what waits for the right worker goes on as soon as anything wakes it there: its command again, or reconcile', async () => {
  const claude: ModelProvider = { name: 'anthropic', reply: async () => DONE };
  const asker = await platforms({ ...ARCHIVE, model: claude, works: false });
  const rehearsing = await platforms(ARCHIVE);
  const [again, found] = ['woken-by-start', 'woken-by-reconcile'];
  for (const run of [again, found]) {
    await startRun(asker.platform, tries(run, [LOOK]));
    await until(rehearsing, run, '0', 'backing_off');
  }
  await rehearsing.worker.stop();
  const right = await platforms({ ...ARCHIVE, model: claude });
  await startRun(right.platform, tries(again, [LOOK]), { takesUp: true });
  assert.equal((await until(right, again, '0', 'completed')).context.model, 'claude');
  await reconcile(right.platform.nc, right.platform.runtime);
  const { entries } = await until(right, found, '0', 'completed');
  const names = entries.flatMap(({ events }) => events.map(({ type }) => type));
  assert.equal(names.filter((name) => name === 'timer.fired').length, 1, 'once');
  await right.worker.settled();
  const jsm = await right.platform.nc.jetstreamManager();
  for (const run of [again, found]) {
    const last_by_subj = timerSubject({ tenant: TENANT, run, path: '0' }, elsewhereName(1, 1));
    await assert.rejects(
      jsm.streams.getMessage(MAIL_STREAM, { last_by_subj }),
      /no message found/,
      'its timer is gone',
    );
  }
});

test('who looks for such runs wakes those alone, and not who waits for a model that is busy', async () => {
  const busy: ModelProvider = {
    name: 'anthropic',
    reply: async () => {
      throw new PlatformError('model.unavailable', '429', { details: { retry_after_ms: 3_600_000 } });
    },
  };
  const asker = await platforms({ ...ARCHIVE, model: busy });
  await startRun(asker.platform, tries('waits-for-model', [LOOK]));
  await until(asker, 'waits-for-model', '0', 'backing_off');
  await asker.worker.stop();
  const rehearsing = await platforms(ARCHIVE);
  await startRun(asker.platform, tries('waits-for-worker', [LOOK]));
  await until(rehearsing, 'waits-for-worker', '0', 'backing_off');
  await rehearsing.worker.stop();
  const runs = ['waits-for-model', 'waits-for-worker', 'never-begun'];
  // Who is woken already is not woken again.
  for (const _ of runs) await resumeModelWaits(asker.platform, TENANT, runs);
  const jsm = await asker.platform.nc.jetstreamManager();
  const mailOf = async (run: string): Promise<number> => {
    const subject = mailSubject({ tenant: TENANT, run, path: '0', agent: 'archivist' });
    const { state } = await jsm.streams.info(MAIL_STREAM, { subjects_filter: subject });
    return state.subjects?.[subject] ?? 0;
  };
  assert.deepEqual(await Promise.all(runs.map(mailOf)), [0, 1, 0]);
});

test('waiting for the right worker uses up no attempt: a model that is overloaded then is asked again as ever', async () => {
  const run = 'waits-elsewhere';
  let answers = 0;
  const claude: ModelProvider = {
    name: 'anthropic',
    reply: async () => {
      if (answers++ === 0) throw new PlatformError('model.unavailable', '529: overloaded');
      return DONE;
    },
  };
  const asker = await platforms({ ...ARCHIVE, model: claude, works: false });
  const rehearsing = await platforms(ARCHIVE);
  await startRun(asker.platform, tries(run, [LOOK]));
  const to = { tenant: TENANT, run, path: '0', agent: 'archivist' };
  for (let n = 1; n <= MODEL_ATTEMPTS + 1; n++) {
    const name = elsewhereName(1, n);
    await waitsBy(rehearsing, run, name);
    if (n > MODEL_ATTEMPTS) await rehearsing.worker.stop();
    await asker.platform.runtime.mailer.post(to, { type: 'timer.fired', name }, { correlation_id: 'test' });
  }
  const right = await platforms({ ...ARCHIVE, model: claude });
  const { context, entries } = await until(right, run, '0', 'completed');
  assert.deepEqual([context.model, answers], ['claude', 2]);
  // The wait is over in a second: it is read from the journal, not watched.
  const failed = entries.findIndex((entry) => isWaitBy(entry, retryName(1, 1)));
  const overloaded = fold(invocationMachine, entries.slice(0, failed + 1)).snapshot.context;
  assert.deepEqual([overloaded.failures, overloaded.waits], [1, MODEL_ATTEMPTS + 1]);
});

const isWaitBy = ({ events }: StoredEntry, timer: string): boolean =>
  events.some((event) => event.type === 'model.failed' && event.retry?.name === timer);

/** Resolves once the run waits by that timer. */
async function waitsBy(open: TestPlatform, run: string, timer: string): Promise<void> {
  const reached = new AbortController();
  await watchJournals(open.platform.nc, open.platform.runtime.journal, {
    tenant: TENANT,
    runs: [run],
    signal: reached.signal,
    onEntry: (_, entry) => {
      if (isWaitBy(entry, timer)) reached.abort();
    },
  });
}

test('a key that is refused to a sub-agent alone ends its parent at once, and with the run its batch', async () => {
  const asked: string[] = [];
  const denies = (rehearsal: ModelProvider): ModelProvider => ({
    ...rehearsal,
    reply: async (request, signal) => {
      asked.push(request.agent);
      if (request.agent === 'finder') throw new PlatformError('model.denied', '403: not for this tier');
      return rehearsal.reply(request, signal);
    },
  });
  const open = await platforms({ ...LIBRARY, model: denies });
  const { address, trees } = await open.batch({
    schedule: 'weekly_stocktaking',
    batch: 'denied',
    only: ['persuasion'],
  });
  const batch = await readBatch(open.platform.runtime.journal, address);
  assert.deepEqual([batch?.state, batch?.context.error?.code], ['failed', 'model.denied']);
  const root = trees.get('persuasion');
  const error = { code: 'model.denied', message: '403: not for this tier' };
  assert.deepEqual([root?.state, root?.context.error], ['failed', error]);
  assert.equal(root && chain(root).at(-1), '0 failed: child.reported+failed', 'in the entry that takes the report');
  assert.deepEqual(asked, ['librarian', 'librarian', 'finder'], 'no turn is asked for after the refusal');
});

test.run();
