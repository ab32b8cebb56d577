import assert from 'node:assert/strict';
import { openapiDocument } from '../../bridge/contract/openapi.ts';
import type { BatchView, RunView, StartAnswer } from '../../bridge/contract/schemas.ts';
import { BatchView as BatchSchema, Readiness, RunView as RunSchema } from '../../bridge/contract/schemas.ts';
import { readRun } from '../../bridge/journals/runs.ts';
import { settleBatch, settleRun } from '../../bridge/follow/settle.ts';
import { PROBE_SUBJECT } from '../../runtime/subjects.ts';
import { appOf, gatedModel, LIBRARY, post, STOCK } from '../support/http.ts';
import { withPlatforms } from '../support/platform.ts';
import { suite } from '../support/suite.ts';
import { throwingTurns } from '../support/throwing.ts';

const test = suite('the HTTP door');
const platforms = withPlatforms(test);
const signal = new AbortController().signal;

test('POST /run answers 200 with the consolidated report when the run has ended', async () => {
  const app = appOf(await platforms(LIBRARY));
  const answer = await post(app, '/run', { ...STOCK, payload: { book: 'persuasion' } });
  assert.equal(answer.status, 200);
  const view = RunSchema.parse(await answer.json());
  assert.deepEqual([view.state, view.subject, view.tenant], ['completed', 'persuasion', 'town']);
  assert.deepEqual(
    view.report?.children.map(({ agent }) => agent),
    ['finder'],
  );
  assert.equal(answer.headers.get('location'), null);
});

test('what the door serves is what OpenAPI describes, path by path', async () => {
  const { routes } = appOf(await platforms({ ...LIBRARY, works: false }));
  const { paths } = openapiDocument({ version: '1' }) as { paths: Record<string, Record<string, unknown>> };
  const described = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
  );
  const served = routes.filter(({ method }) => method !== 'ALL').map(({ method, path }) => `${method} ${path}`);
  assert.deepEqual(served.sort(), described.sort());
});

test('a failed run is answered with 200: it exists, and its state says so', async () => {
  const app = appOf(
    await platforms({ ...LIBRARY, model: (inner) => ({ ...inner, reply: async () => assert.fail('no') }) }),
  );
  const answer = await post(app, '/run', STOCK);
  assert.equal(answer.status, 200);
  const view = (await answer.json()) as RunView;
  assert.equal(view.state, 'failed');
  assert.ok(view.error);
});

test('a run that waits for a person is answered with 202 and where to ask', async () => {
  const app = appOf(await platforms(LIBRARY));
  const answer = await post(app, '/run', { ...STOCK, payload: { book: 'first-folio' }, run_id: 'rare/1 ü%' });
  assert.equal(answer.status, 202);
  const view = (await answer.json()) as RunView;
  assert.deepEqual([view.state, view.waiting?.rule], ['waiting', 'book_is_rare']);
  const location = answer.headers.get('location') ?? '';
  assert.equal(location, '/runs/rare%2F1%20%C3%BC%25');
  const again = await app.request(location);
  assert.equal(again.status, 200);
  assert.deepEqual(await again.json(), view);
});

test('a run that outlasts the wait is answered with 202 and ends without its caller', async () => {
  const gate = gatedModel();
  const opened = await platforms({ ...LIBRARY, model: gate.model });
  const app = appOf(opened, { httpWaitMs: 50 });
  const answer = await post(app, '/run', { ...STOCK, run_id: 'slow' });
  assert.equal(answer.status, 202);
  assert.notEqual(((await answer.json()) as RunView).state, 'completed');
  gate.open();
  await settleRun(opened.platform, { tenant: 'town', run: 'slow', path: '0' }, { signal });
  const ended = (await (await app.request('/runs/slow')).json()) as RunView;
  assert.equal(ended.report?.text, 'emma: on the shelf');
});

test('Prefer: respond-async answers at once, wait=N sooner than the setting, and both say that they were applied', async () => {
  const gate = gatedModel();
  const app = appOf(await platforms({ ...LIBRARY, model: gate.model }));
  const prefer = async (text: string) => {
    const answer = await post(app, '/run', STOCK, { prefer: text });
    return [answer.status, answer.headers.get('preference-applied')];
  };
  assert.deepEqual(await prefer('respond-async'), [202, 'respond-async']);
  assert.deepEqual(await prefer('wait=0'), [202, 'wait=0']);
  assert.deepEqual(await prefer('respond-async, wait=0'), [202, 'respond-async, wait=0']);
  gate.open();
  assert.deepEqual(await prefer('wait=600'), [200, null]);
});

test('asking again with the same run id starts nothing new; with another payload it is refused', async () => {
  const { platform, ...rest } = await platforms(LIBRARY);
  const app = appOf({ platform, ...rest });
  const first = (await (await post(app, '/run', { ...STOCK, run_id: 'twice' })).json()) as RunView;
  const second = await post(app, '/run', { ...STOCK, run_id: 'twice' });
  assert.equal(second.status, 200);
  assert.deepEqual(await second.json(), first);
  const other = await post(app, '/run', { ...STOCK, run_id: 'twice', payload: { book: 'persuasion' } });
  assert.equal(other.status, 409);
  assert.equal(((await other.json()) as { error: { code: string } }).error.code, 'run.exists');
});

test('a request without an agent starts the default one', async () => {
  const opened = await platforms(LIBRARY);
  const { agent: _, ...request } = STOCK;
  const view = (await (await post(appOf(opened, { defaultAgent: 'librarian' }), '/run', request)).json()) as RunView;
  assert.equal(view.agent, 'librarian');
  assert.equal((await post(appOf(opened), '/run', request)).status, 404);
});

test('correlation id and traceparent are carried into the journal, and the id is echoed', async () => {
  const opened = await platforms(LIBRARY);
  const app = appOf(opened);
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  const answer = await post(
    app,
    '/run',
    { ...STOCK, run_id: 'traced' },
    { 'x-correlation-id': 'order 7', traceparent },
  );
  assert.equal(answer.headers.get('x-correlation-id'), 'order 7');
  const tree = await readRun(opened.platform.runtime.journal, { tenant: 'town', run: 'traced', path: '0' });
  assert.deepEqual(tree?.context.invocation?.trace, { correlation_id: 'order 7', traceparent });

  const wrong = { 'x-correlation-id': 'x'.repeat(201), traceparent: '00-zero-1' };
  const made = (await (await post(app, '/run', { ...STOCK, run_id: 'untraced' }, wrong)).json()) as RunView;
  assert.match(made.correlation_id, /^[0-9a-f-]{36}$/);
  const other = await readRun(opened.platform.runtime.journal, { tenant: 'town', run: 'untraced', path: '0' });
  assert.deepEqual(other?.context.invocation?.trace, { correlation_id: made.correlation_id });
});

test('a schedule starts for targets by name; its batch is followed to its end', async () => {
  const opened = await platforms(LIBRARY);
  const app = appOf(opened);
  const request = { targets: ['emma', 'nobody'], batch: 'stock-1' };
  const answer = await post(app, '/schedules/weekly_stocktaking/start', request);
  assert.equal(answer.status, 202);
  const started = (await answer.json()) as StartAnswer;
  assert.deepEqual([started.batch, started.unknown], ['stock-1', ['nobody']]);
  assert.equal(answer.headers.get('location'), '/batches/stock-1');
  const runs = started.accepted.map(({ run }) => run);
  await settleBatch(opened.platform, { tenant: 'town', run: 'stock-1', path: '0' }, runs, { signal });
  const batch: BatchView = BatchSchema.parse(await (await app.request('/batches/stock-1')).json());
  assert.deepEqual(batch.outcomes, { completed: 1 });
});

test('readiness is a write that leaves one message, however often it is asked for', async () => {
  const { platform, ...rest } = await platforms(LIBRARY);
  for (let i = 0; i < 3; i++) {
    const answer = await appOf({ platform, ...rest }).request('/readyz');
    assert.equal(answer.status, 200);
    assert.deepEqual(Readiness.parse(await answer.json()).checks, { journal: 'ok', memory: 'ok' });
  }
  const { state } = await platform.jsm.streams.info('JOURNAL_0', { subjects_filter: PROBE_SUBJECT });
  assert.deepEqual(state.subjects, { [PROBE_SUBJECT]: 1 });
  const app = appOf({ platform, ...rest });
  const before = (await platform.jsm.streams.info('JOURNAL_0')).state.last_seq;
  await Promise.all(Array.from({ length: 50 }, async () => app.request('/readyz')));
  assert.equal((await platform.jsm.streams.info('JOURNAL_0')).state.last_seq, before + 1);
});

test('a platform that cannot write its journal is up but not ready', async () => {
  const { platform, ...rest } = await platforms(LIBRARY);
  const { config } = await platform.jsm.streams.info('JOURNAL_0');
  await platform.jsm.streams.update('JOURNAL_0', { ...config, max_msg_size: 1 });
  try {
    const app = appOf({ platform, ...rest });
    const answer = await app.request('/readyz');
    assert.equal(answer.status, 503);
    const body = (await answer.json()) as { error: { code: string }; checks: { journal: string; memory: string } };
    assert.deepEqual(
      [body.error.code, body.checks.journal, body.checks.memory],
      ['platform.not_ready', 'the journal could not be written', 'ok'],
    );
    assert.equal((await app.request('/healthz')).status, 200);
  } finally {
    await platform.jsm.streams.update('JOURNAL_0', { ...config, max_msg_size: -1 });
  }
});

test('a platform whose Redis takes no writes is up but not ready, and says why', async () => {
  const { platform, ...rest } = await platforms(LIBRARY);
  await platform.redis.config('SET', 'maxmemory', '1');
  try {
    const answer = await appOf({ platform, ...rest }).request('/readyz');
    assert.equal(answer.status, 503);
    const { checks } = (await answer.json()) as { checks: { journal: string; memory: string } };
    assert.deepEqual(checks, { journal: 'ok', memory: 'Redis has no memory left' });
  } finally {
    await platform.redis.config('SET', 'maxmemory', '0');
  }
});

test('metrics tell of mail, invocations, runs and tokens', async () => {
  const app = appOf(await platforms(LIBRARY));
  await post(app, '/run', { ...STOCK, payload: { book: 'persuasion' } });
  await post(app, '/run', { ...STOCK, payload: { book: 'first-folio' } });
  const answer = await app.request('/metrics');
  assert.match(answer.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  const text = await answer.text();
  const value = (series: string): number => {
    const line = text.split('\n').find((each) => each.startsWith(`agent_platform_${series} `));
    assert.ok(line, `${series} is missing in\n${text}`);
    return Number(line.slice(line.lastIndexOf(' ')));
  };
  assert.equal(value('runs_total{agent="librarian",outcome="completed"}'), 1);
  assert.ok(value('invocations_waiting') >= 1);
  assert.ok(value('invocations_quarantined') >= 0);
  assert.equal(value('mail_pending{consumer="start-librarian"}'), 0);
  assert.equal(value('mail_oldest_seconds{consumer="mail-librarian"}'), 0);
  assert.ok(value('journal_messages{stream="JOURNAL_0"}') >= 0);
  assert.ok(value('journal_appends_total') > 5);
  assert.ok(/model_turns_total\{model="[^"]+"\} [3-9]/.test(text), text);
  assert.ok(/model_tokens_total\{model="[^"]+",kind="input"\} \d/.test(text), text);
  for (const line of text.trimEnd().split('\n')) {
    assert.match(
      line,
      /^(# (HELP|TYPE) agent_platform_\w+ .+|agent_platform_\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? [\d.e+-]+)$/,
    );
  }
});

test('an invocation that was set aside is counted as quarantined', async () => {
  const before = await quarantinedOf(appOf(await platforms({ ...LIBRARY, works: false })));
  const broken = throwingTurns(await platforms(LIBRARY));
  const answer = await post(appOf(broken), '/run', STOCK);
  assert.equal(((await answer.json()) as RunView).error?.code, 'activation.quarantined');
  assert.equal(await quarantinedOf(appOf(broken)), before + 1);
});

async function quarantinedOf(app: ReturnType<typeof appOf>): Promise<number> {
  const text = await (await app.request('/metrics')).text();
  return Number(/^agent_platform_invocations_quarantined (\d+)$/m.exec(text)?.[1]);
}

test('mail that nobody takes is pending, and its age is told', async () => {
  const asking = await platforms({ ...LIBRARY, works: false });
  const app = appOf(asking);
  await post(app, '/run', { ...STOCK, run_id: 'untaken' }, { prefer: 'respond-async' });
  const text = await (await app.request('/metrics')).text();
  assert.match(text, /mail_pending\{consumer="start-librarian"\} 1\n/);
  assert.match(text, /mail_oldest_seconds\{consumer="start-librarian"\} 0\.\d*[1-9]/);
});

test.run();
