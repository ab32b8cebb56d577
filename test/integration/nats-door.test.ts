import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { headers, type Msg, type NatsConnection, type Subscription } from 'nats';
import { z } from 'zod';
import { NatsDoor } from '../../bridge/nats/door.ts';
import { BatchView, RunView, StartAnswer } from '../../bridge/contract/schemas.ts';
import { EventHeaders } from '../../bridge/contract/asyncapi.ts';
import type { RunTree } from '../../bridge/journals/runs.ts';
import { flattenTree, readRun } from '../../bridge/journals/runs.ts';
import { connectClient, withDoors } from '../support/nats-door.ts';
import { suite } from '../support/suite.ts';

const test = suite('the NATS door');
const doors = withDoors(test);
const LIBRARY = { packs: [resolve(import.meta.dirname, '../packs/library')] };
const RUN = 'api.sample.run.account_health_main';
const START = 'api.sample.health_checks.start';

const check = (account_id: string) => ({ instructions: 'Check its health.', payload: { account_id } });

/** ADR-32, by its text: every field is there, with its type. */
const Metadata = z.record(z.string(), z.string());
const SemVer = z.string().regex(/^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/);
const identity = (type: string) => ({
  type: z.literal(`io.nats.micro.v1.${type}_response`),
  name: z.string().regex(/^[A-Za-z0-9_-]+$/),
  id: z.string().min(1),
  version: SemVer,
  metadata: Metadata,
});
const Ping = z.strictObject(identity('ping'));
const Info = z.strictObject({
  ...identity('info'),
  description: z.string(),
  endpoints: z.array(
    z.strictObject({
      name: z.string().min(1),
      subject: z.string().min(1),
      queue_group: z.string(),
      metadata: Metadata,
    }),
  ),
});
const Stats = z.strictObject({
  ...identity('stats'),
  started: z.iso.datetime(),
  endpoints: z.array(
    z.strictObject({
      name: z.string().min(1),
      subject: z.string().min(1),
      queue_group: z.string(),
      num_requests: z.int().min(0),
      num_errors: z.int().min(0),
      last_error: z.string(),
      processing_time: z.int().min(0),
      average_processing_time: z.int().min(0),
    }),
  ),
});

async function srv<S extends z.ZodType>(client: NatsConnection, subject: string, schema: S): Promise<z.output<S>> {
  return schema.parse((await client.request(subject)).json());
}

/** The messages of a subscription, collected until `enough`. */
async function collect(subscription: Subscription, enough: (all: Msg[]) => boolean): Promise<Msg[]> {
  const all: Msg[] = [];
  for await (const message of subscription) {
    all.push(message);
    if (enough(all)) break;
  }
  return all;
}

test('the service answers PING, INFO and STATS by ADR-32, to all, by name and by id', async () => {
  const { client } = await doors();
  const { id, name, version } = await srv(client, '$SRV.PING', Ping);
  assert.equal(name, 'agent-platform');
  for (const tail of ['', '.agent-platform', `.agent-platform.${id}`]) {
    assert.equal((await srv(client, `$SRV.PING${tail}`, Ping)).id, id);
    const info = await srv(client, `$SRV.INFO${tail}`, Info);
    assert.equal(info.version, version);
    const stats = await srv(client, `$SRV.STATS${tail}`, Stats);
    assert.deepEqual(
      stats.endpoints.map(({ name, subject, queue_group }) => [name, subject, queue_group]),
      info.endpoints.map(({ name, subject, queue_group }) => [name, subject, queue_group]),
    );
  }
  const { endpoints } = await srv(client, '$SRV.INFO', Info);
  assert.deepEqual(
    endpoints.filter(({ queue_group }) => queue_group === 'q').map(({ subject }) => subject),
    [
      RUN,
      'api.sample.runs.get',
      'api.sample.runs.cancel',
      'api.sample.batches.get',
      'api.sample.human.list',
      'api.sample.human.show',
      'api.sample.human.decide',
      START,
    ],
  );
});

test('statistics count requests, errors and the time until the answer', async () => {
  const { client, ask } = await doors();
  await ask(RUN, { ...check('acme-corp'), wait_ms: 20_000 });
  await ask(RUN, '{');
  const { code, error } = await ask('api.sample.run.nobody', {});
  assert.equal(code, 'agent.unknown');
  const { endpoints } = await srv(client, '$SRV.STATS.agent-platform', Stats);
  const run = endpoints.find(({ subject }) => subject === RUN);
  assert.ok(run);
  assert.deepEqual([run.num_requests, run.num_errors], [2, 1]);
  assert.match(run.last_error, /not JSON/);
  assert.ok(run.processing_time > 1_000_000, `${run.processing_time} ns for a whole run`);
  assert.equal(run.average_processing_time, Math.trunc(run.processing_time / 2));
  const unserved = endpoints.find(({ subject }) => subject === 'api.*.run.*');
  assert.deepEqual(
    [unserved?.num_requests, unserved?.num_errors, unserved?.last_error],
    [1, 1, error],
    'what the others answered is not counted',
  );
});

test('a run is accepted at once, and is found under its id until it has ended', async () => {
  const { ask } = await doors();
  const accepted = RunView.parse((await ask(RUN, { ...check('acme-corp'), run_id: 'by nats > 1' })).body);
  assert.equal(accepted.run, 'by nats > 1');
  assert.equal(accepted.tenant, 'sample');
  assert.equal(accepted.report, null);
  const ended = RunView.parse((await ask(RUN, { ...check('acme-corp'), run_id: 'by nats > 1', wait_ms: 20_000 })).body);
  assert.equal(ended.state, 'completed');
  assert.equal(ended.report?.outcome, 'completed');
  assert.equal(ended.report?.children[0]?.agent, 'risk_analysis');
  assert.deepEqual((await ask('api.sample.runs.get', { run: 'by nats > 1' })).body, ended);
});

test('a wait ends with its time, or when a person is asked', async () => {
  const { ask } = await doors({ works: false });
  const late = await ask(RUN, { ...check('acme-corp'), wait_ms: 50 });
  assert.equal(late.body.state, 'accepted');
  const working = await doors();
  const { body } = await working.ask(RUN, { ...check('evergreen-health'), wait_ms: 20_000 });
  assert.equal(body.state, 'waiting');
  assert.equal((body.waiting as { rule: string }).rule, 'enterprise_account');
});

test('one target, a list or all: each is accepted, already running with its run, or unknown', async () => {
  const idle = await doors({ works: false });
  const one = StartAnswer.parse((await idle.ask(START, { account_id: 'fable-studios' })).body);
  assert.deepEqual(one.accepted, [{ target: 'fable-studios', run: `${one.batch}-fable-studios` }]);
  assert.deepEqual([one.running, one.unknown], [[], []]);

  const working = await doors();
  const { platform, ask } = working;
  const settled = async (batch: string): Promise<BatchView> => {
    for (;;) {
      const view = BatchView.parse((await ask('api.sample.batches.get', { batch })).body);
      if (view.state !== 'accepted' && view.state !== 'running') return view;
    }
  };
  const done = await settled(one.batch ?? '');
  assert.deepEqual(done.outcomes, { completed: 1 });

  const list = ['juniper-education', 'nowhere-ltd', 'calder-logistics'];
  const some = StartAnswer.parse((await ask(START, { account_ids: list })).body);
  assert.deepEqual(some.unknown, ['nowhere-ltd']);
  assert.deepEqual(some.accepted.map(({ target }) => target).sort(), ['calder-logistics', 'juniper-education']);
  assert.equal((await settled(some.batch ?? '')).state, 'waiting');

  const general = StartAnswer.parse((await ask(START, { targets: ['juniper-education'] })).body);
  assert.equal(general.batch, null);
  assert.deepEqual(general.running, [{ target: 'juniper-education', run: `${some.batch}-juniper-education` }]);

  const all = StartAnswer.parse((await ask(START, { all: true, batch: 'all-of-them' })).body);
  assert.equal(all.batch, 'all-of-them');
  const active = await (
    await platform.runtime.sources.get(
      platform.runtime.catalog.packs[0] as never,
      resolve(import.meta.dirname, '../../packs/customer-success/sample'),
    )
  ).targets('active_accounts', all.as_of);
  assert.equal(all.accepted.length + all.running.length, active.length);
  await settled('all-of-them');
});

test('correlation id and traceparent go from the request through mail and journal to the alert', async () => {
  const { ask, client, platform } = await doors();
  const mail = client.subscribe('mail.>');
  const start = client.subscribe('start.>');
  const alerts = client.subscribe('csm_alerts.>');
  const reached = collect(alerts, (all) => all.length === 1);
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  const sent = headers();
  sent.set('Correlation-Id', 'order/17');
  sent.set('traceparent', traceparent);
  const answer = await ask(RUN, { ...check('acme-corp'), run_id: 'traced', wait_ms: 20_000 }, sent);
  assert.equal(answer.message.headers?.get('correlation-id'), 'order/17');
  assert.equal(answer.body.correlation_id, 'order/17');

  const tree = (await readRun(platform.runtime.journal, { tenant: 'sample', run: 'traced', path: '0' })) as RunTree;
  const trace = { correlation_id: 'order/17', traceparent };
  const all = flattenTree(tree);
  assert.equal(all.length, 3);
  for (const { context } of all) assert.deepEqual(context.invocation?.trace, trace);
  const [first] = tree.entries[0]?.events ?? [];
  assert.ok(first?.type === 'invoked' && 'invocation' in first);
  assert.deepEqual(first.invocation.trace, trace);

  const [alert] = await reached;
  const carried = Object.fromEntries(alert?.headers?.keys().map((key) => [key, alert.headers?.get(key)]) ?? []);
  const event = EventHeaders.parse(carried);
  assert.equal(decodeURIComponent(event['ce-correlationid']), 'order/17');
  assert.equal(event['ce-traceparent'], traceparent);

  await client.flush();
  await Promise.all([mail.drain(), start.drain()]);
  const posted = [...(await collect(mail, () => false)), ...(await collect(start, () => false))];
  assert.ok(posted.length >= 5, 'the start, two delegations and two reports');
  for (const { headers: own, subject } of posted) {
    assert.equal(decodeURIComponent(own?.get('correlation-id') ?? ''), 'order/17', subject);
    assert.equal(own?.get('traceparent'), traceparent, subject);
  }
});

test('a request without a correlation id gets one', async () => {
  const { ask } = await doors();
  const { message, body } = await ask(RUN, check('calder-logistics'));
  assert.match(String(body.correlation_id), /^[0-9a-f-]{36}$/);
  assert.equal(message.headers?.get('correlation-id'), body.correlation_id);
});

test('two platforms on one server answer each for what it hosts, and nobody else', async () => {
  const health = await doors();
  const books = await doors(LIBRARY);
  const ask = { instructions: 'Take stock.', payload: { book: 'emma' } };
  for (let round = 0; round < 10; round++) {
    assert.equal((await health.ask(RUN, check('acme-corp'))).code, '');
    assert.equal((await books.ask('api.town.run.librarian', ask)).code, '');
    assert.equal((await health.ask('api.town.run.account_health_main', ask)).code, 'agent.unknown');
    assert.equal((await books.ask('api.sample.run.librarian', ask)).code, 'agent.unknown');
    assert.equal((await books.ask('api.elsewhere.run.librarian', ask)).code, 'tenant.unknown');
  }
});

test('a closed door answers who waits, and takes no more', async () => {
  const { ask, door, client, platform } = await doors({ works: false });
  const waiting = ask(RUN, { ...check('acme-corp'), wait_ms: 60_000, run_id: 'left-waiting' });
  // The run is in the journal once its start is queued: then the request is waiting.
  for (;;) if ((await ask('api.sample.runs.get', { run: 'left-waiting' })).code === '') break;
  await door.stop();
  assert.equal((await waiting).body.state, 'accepted');
  await assert.rejects(client.request(RUN, '{}', { timeout: 2_000 }), /503/);
  assert.equal(platform.nc.isClosed(), false);
  const again = new NatsDoor(platform);
  await again.start();
  assert.equal((await ask('api.sample.runs.get', { run: 'left-waiting' })).code, '');
  await again.stop();
});

test('the client needs no code of ours', async () => {
  const { platform } = await doors();
  const client = await connectClient(platform.settings.natsUrl ?? '');
  const found = await client.services.client().info('agent-platform');
  const subjects: string[] = [];
  for await (const { endpoints } of found) subjects.push(...(endpoints?.map(({ subject }) => subject) ?? []));
  assert.ok(subjects.includes(START));
  await client.close();
});

test.run();
