import assert from 'node:assert/strict';
import { reportOf } from '../../actors/invocation/report.ts';
import { flattenTree, type RunTree, waitingOf } from '../../bridge/journals/runs.ts';
import { flattenReports } from '../../runtime/report.ts';
import { batchState, chain, type TestPlatform, withPlatforms } from '../support/platform.ts';
import { suite } from '../support/suite.ts';

const test = suite('the weekly health check on the sample data');
const platforms = withPlatforms(test);

interface StoredEvent {
  subject: string;
  id: string;
  headers: Record<string, string>;
  data: Record<string, unknown>;
}

/** All events of a topic, oldest first. */
async function eventsOf({ platform }: TestPlatform, topic: string): Promise<StoredEvent[]> {
  const stream = `TOPIC_${topic}`;
  const { state } = await platform.jsm.streams.info(stream);
  const events: StoredEvent[] = [];
  for (let seq = state.first_seq; seq <= state.last_seq && state.messages > 0; seq++) {
    const message = await platform.jsm.streams.getMessage(stream, { seq });
    const headers = Object.fromEntries(message.header.keys().map((key) => [key, message.header.get(key)]));
    events.push({ subject: message.subject, id: headers['ce-id'] ?? '', headers, data: message.json() });
  }
  return events;
}

function verdict(tree: RunTree): string {
  const waiting = waitingOf(tree);
  if (waiting) return `waits: ${waiting.rule}`;
  const report = reportOf(tree.state, tree.context);
  if (!report) return tree.state;
  const data = flattenReports(report).map(({ data }) => data as { assessment?: string; status?: string } | null);
  return data.find((each) => each?.assessment)?.assessment ?? data[0]?.status ?? report.outcome;
}

test('Acme’s run is the eighteen entries of the design, in its order', async () => {
  const { batch } = await platforms();
  const { trees } = await batch({ only: ['acme-corp'] });
  const acme = trees.get('acme-corp') as RunTree;
  assert.deepEqual(chain(acme), [
    '0 admitting: invoked',
    '0 thinking: admitted',
    '0 acting: model.replied',
    '0 acting: tool.settled',
    '0 thinking: tool.settled',
    '0 acting: model.replied',
    '0-1 thinking: invoked+admitted',
    '0-1 acting: model.replied',
    '0-1 thinking: tool.settled',
    '0-1 acting: model.replied',
    '0-1 acting: tool.settled',
    '0-1 acting: tool.settled',
    '0-1-1 thinking: invoked+admitted',
    '0-1-1 completed: model.replied+completed',
    '0-1 thinking: child.reported',
    '0-1 completed: model.replied+completed',
    '0 thinking: child.reported',
    '0 completed: model.replied+completed',
  ]);
});

test('Acme is urgent: one alert, one memory, one briefing that the caller gets byte for byte', async () => {
  const open = await platforms();
  const before = (await eventsOf(open, 'csm_alerts')).length;
  const { trees, address } = await open.batch({ only: ['acme-corp'] });
  const acme = trees.get('acme-corp') as RunTree;
  const report = reportOf(acme.state, acme.context);
  assert.ok(report);
  const [, risk, briefing] = flattenReports(report);
  assert.ok(risk && briefing);

  const run = `${address.run}-acme-corp`;
  const alerts = (await eventsOf(open, 'csm_alerts')).slice(before);
  assert.equal(alerts.length, 1);
  const [alert] = alerts as [StoredEvent];
  assert.equal(alert.id, `${run}-0-1-4`);
  assert.match(alert.subject, /^csm_alerts\.sample\.urgent\.acme-corp\.[A-Za-z0-9_-]+$/);
  assert.equal(alert.headers['ce-specversion'], '1.0');
  assert.deepEqual(Object.keys(alert.data).sort(), [
    'account_id',
    'account_name',
    'reasons',
    'respond_by',
    'run',
    'severity',
    'talking_points',
  ]);
  assert.deepEqual(
    {
      ...alert.data,
      reasons: (alert.data.reasons as { metric: string; value: number }[]).map(({ metric, value }) => [metric, value]),
      talking_points: 0,
    },
    {
      severity: 'urgent',
      account_id: 'acme-corp',
      account_name: 'Acme Corp',
      reasons: [
        ['weekly_active_users', -0.35],
        ['escalated_tickets', 2],
      ],
      talking_points: 0,
      respond_by: '2026-11-19',
      run,
    },
  );
  assert.deepEqual(risk.events, [{ topic: 'csm_alerts', id: alert.id }]);

  const told = (await eventsOf(open, 'csm_briefings')).find(({ data }) => data.run === run);
  const own = flattenTree(acme).find(({ agent }) => agent === 'csm_briefing');
  assert.equal(told?.data.text, own?.context.report?.text);
  assert.equal(briefing.text, own?.context.report?.text);

  const found = await open.platform.runtime.memory.search({
    tenant: 'sample',
    scope: 'risk_analysis',
    query: 'risk assessment for Acme Corp',
    subject: 'acme-corp',
    limit: 50,
    as_of: '2026-11-17',
  });
  assert.deepEqual(
    found
      .filter(({ id }) => risk.memories.includes(id))
      .map(({ date, assessment, kind }) => ({ date, assessment, kind })),
    [{ date: '2026-11-16', assessment: 'urgent_intervention', kind: 'assessment' }],
  );
});

test('every sample account gets its verdict, and a second check on the same day gives the same', async () => {
  const { batch, platform } = await platforms();
  const expected = {
    'acme-corp': 'urgent_intervention',
    'brightwell-analytics': 'healthy',
    'calder-logistics': 'stable',
    'dunmore-foods': 'watch',
    'evergreen-health': 'waits: enterprise_account',
    'fable-studios': 'healthy',
    'harbor-insurance': 'waits: account_data_unavailable',
    'ironwood-manufacturing': 'waits: signals_contradict',
    'juniper-education': 'waits: contradictory_history',
    'kestrel-media': 'watch',
    'lumen-retail': 'urgent_intervention',
  };
  for (const round of ['first', 'second']) {
    const { trees, address } = await batch({});
    const verdicts = Object.fromEntries([...trees].map(([target, tree]) => [target, verdict(tree)]));
    assert.deepEqual(verdicts, expected, round);
    assert.equal(await batchState(platform, address), 'running', 'four runs still wait for a person');
  }
});

test('what waits for a person has emitted, stored and delegated nothing', async () => {
  const open = await platforms();
  const before = (await eventsOf(open, 'csm_alerts')).length;
  const { trees } = await open.batch({ only: ['evergreen-health', 'juniper-education', 'ironwood-manufacturing'] });
  for (const tree of trees.values()) {
    const created = flattenTree(tree).flatMap(({ context }) =>
      context.turns.flatMap(({ calls }) => calls.flatMap((call) => call.created ?? [])),
    );
    assert.deepEqual(created, []);
    assert.ok(!flattenTree(tree).some(({ agent }) => agent === 'csm_briefing'));
  }
  assert.equal((await eventsOf(open, 'csm_alerts')).length, before);
});

test('equal signals with different memories get different assessments', async () => {
  const { batch } = await platforms();
  const { trees } = await batch({ only: ['kestrel-media', 'lumen-retail'] });
  const signals = [...trees.values()].map(({ context }) => {
    const metrics = context.facts.get_account_metrics as Record<string, { value: number }>;
    return ['weekly_active_users', 'escalated_tickets', 'nps', 'feature_adoption'].map((name) => metrics[name]?.value);
  });
  assert.deepEqual(signals[0], signals[1]);
  assert.deepEqual([...trees.values()].map(verdict), ['watch', 'urgent_intervention']);
});

test('the same batch a second time adds nothing to any stream', async () => {
  const { batch, platform } = await platforms();
  const { address } = await batch({ batch: 'twice' });
  const counts = async () => {
    const streams = await platform.jsm.streams.list().next();
    return Object.fromEntries(streams.map(({ config, state }) => [config.name, state.messages]));
  };
  const first = await counts();
  const again = await batch({ batch: 'twice' });
  assert.deepEqual(again.address, address);
  assert.deepEqual(await counts(), first);
});

test('the journals of one run, all its invocations together, stay under 50 kB and 20 entries', async () => {
  const { batch } = await platforms();
  const { trees } = await batch({ batch: 'twice' });
  assert.equal(trees.size, 11);
  for (const [target, tree] of trees) {
    const entries = flattenTree(tree).flatMap((each) => each.entries);
    const bytes = entries.reduce((sum, { seq: _, ...entry }) => sum + Buffer.byteLength(JSON.stringify(entry)), 0);
    assert.ok(entries.length < 20, `${target}: ${entries.length} entries`);
    assert.ok(bytes < 50_000, `${target}: ${bytes} bytes`);
  }
});

test('a finished batch leaves no mail behind', async () => {
  const { batch, platform, worker } = await platforms();
  const { address } = await batch({ only: ['acme-corp', 'calder-logistics'] });
  assert.equal(await batchState(platform, address), 'completed');
  await worker.stop();
  // Other runs still wait for a person, and have a timer each.
  const { state } = await platform.jsm.streams.info('MAIL', { subjects_filter: '>' });
  assert.deepEqual(
    Object.keys(state.subjects ?? {}).filter((subject) => !subject.startsWith('timer.')),
    [],
  );
});

test.run();
