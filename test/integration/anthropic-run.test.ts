import assert from 'node:assert/strict';
import { reportOf } from '../../actors/invocation/report.ts';
import { apiBody, sentPrompt } from '../../bridge/views/prompt.ts';
import { flattenTree, type RunTree } from '../../bridge/journals/runs.ts';
import { spentBy } from '../../bridge/journals/spent.ts';
import type { PlatformError } from '../../config/errors.ts';
import type { Prompt } from '../../runtime/journal/entry.ts';
import { DEFAULT_MODELS, DEFAULT_PRICES } from '../../config/model-settings.ts';
import { anthropic } from '../../runtime/model/anthropic/provider.ts';
import type { ApiTool } from '../../runtime/model/anthropic/strict.ts';
import { rehearsal } from '../../runtime/model/rehearsal.ts';
import { flattenReports } from '../../runtime/report.ts';
import { KEY, type SentBody, withMessagesApi } from '../support/messages-api.ts';
import { chain, type TestPlatform, withPlatforms } from '../support/platform.ts';
import { playedAnswers } from '../support/played-api.ts';
import { suite } from '../support/suite.ts';

const test = suite('the weekly health check on Claude', { timeoutMs: 60_000 });
const platforms = withPlatforms(test);
const api = withMessagesApi(test);
const NOW = { models: DEFAULT_MODELS, maxTokens: 8000 };

/** The platform on a Claude that answers like the pack's players. */
async function onClaude(): Promise<TestPlatform> {
  const open = await platforms();
  api().script(playedAnswers(open.platform.runtime.catalog));
  open.platform.runtime.model = anthropic({
    apiKey: KEY,
    baseURL: api().url,
    models: DEFAULT_MODELS,
    prices: DEFAULT_PRICES,
    maxTokens: NOW.maxTokens,
    timeoutMs: 20_000,
  });
  return open;
}

/** What a check comes to, without what differs from run to run. */
function outcome(tree: RunTree): unknown {
  const report = reportOf(tree.state, tree.context);
  const plain = (value: unknown): unknown =>
    JSON.parse(
      JSON.stringify(value ?? null)
        .replaceAll(tree.address.run, 'RUN')
        .replaceAll(/[0-9a-f-]{36}/g, 'ID'),
    );
  const reports = report ? flattenReports(report) : [];
  return {
    chain: chain(tree),
    reports: reports.map(({ agent, outcome: how, text, data, events, memories }) =>
      plain({ agent, how, text, data, events, memories }),
    ),
    calls: flattenTree(tree).map(({ context }) =>
      context.turns.flatMap(({ calls }) => calls.map(({ name, input }) => plain({ name, input }))),
    ),
  };
}

test('Acme comes to the same as in rehearsal: assessment, alert, memory and briefing', async () => {
  const open = await onClaude();
  const claude = open.platform.runtime.model;
  const { trees } = await open.batch({ only: ['acme-corp'] });
  const acme = trees.get('acme-corp') as RunTree;
  assert.equal(acme.state, 'completed', JSON.stringify(acme.context.error));
  const sections = reportOf(acme.state, acme.context)?.children[0]?.children[0]?.text.match(/^#+ .*$/gm) ?? [];
  assert.ok(sections.length >= 3, 'the briefing has its sections');

  open.platform.runtime.model = rehearsal(open.platform.runtime.catalog);
  const rehearsed = (await open.batch({ only: ['acme-corp'] })).trees.get('acme-corp') as RunTree;
  assert.deepEqual(outcome(acme), outcome(rehearsed));
  assert.equal(claude.name, 'anthropic');

  const main = acme.context;
  assert.equal(main.model, 'claude-opus-5-5');
  assert.ok(flattenTree(acme).some(({ context }) => context.model === 'claude-haiku-5-5'));
});

test('every request that went over the wire can be composed again from the journals, byte for byte', async () => {
  const open = await onClaude();
  const { catalog } = open.platform.runtime;
  const { trees } = await open.batch({ only: ['acme-corp', 'dunmore-foods'] });
  const bodies = new Set(api().seen.map(({ body }) => JSON.stringify(withoutStream(body))));
  let turns = 0;
  for (const tree of [...trees.values()].flatMap(flattenTree)) {
    for (let turn = 1; turn <= tree.context.turns.length; turn++) {
      const found = await sentPrompt(tree.entries, turn, catalog);
      const { body, sent } = apiBody(found, NOW);
      assert.ok(sent && bodies.has(JSON.stringify(body)), `${tree.agent} turn ${turn}`);
      assert.match(found.request_id ?? '', /^req_\d+$/);
      turns += 1;
    }
  }
  assert.equal(turns, api().seen.length);
  const last = [...trees.values()][0] as RunTree;
  await assert.rejects(sentPrompt(last.entries, 40, catalog), { code: 'prompt.unknown' });
});

test('a prompt that comes out otherwise than it was sent is an error that says so', async () => {
  const open = await onClaude();
  const { catalog } = open.platform.runtime;
  const { trees } = await open.batch({ only: ['calder-logistics'] });
  const { entries } = trees.get('calder-logistics') as RunTree;
  const changed = (change: (prompt: Prompt) => Prompt) =>
    entries.map((entry) => ({
      ...entry,
      events: entry.events.map((event) =>
        event.type === 'model.replied' ? { ...event, prompt: change(event.prompt) } : event,
      ),
    }));
  const diverges = (why: RegExp) => (error: PlatformError) =>
    error.code === 'prompt.diverged' && why.test(error.message);
  const other = changed((prompt) => ({ ...prompt, digest: 'abc' }));
  await assert.rejects(
    sentPrompt(other, 1, catalog),
    diverges(/sent a prompt of the digest abc, and [0-9a-f]{64} comes/),
  );
  const older = changed((prompt) => ({ ...prompt, composer: 0 }));
  assert.equal((await sentPrompt(older, 1, catalog)).turn, 1, 'what another version composed alike is the same');
  const both = changed((prompt) => ({ ...prompt, composer: 0, digest: 'abc' }));
  await assert.rejects(sentPrompt(both, 1, catalog), diverges(/by version 0.*use the release that ran it/));
  const found = await sentPrompt(entries, 1, catalog);
  const sent = { model: 'another', max_tokens: 1, digest: 'abc' };
  assert.throws(
    () => apiBody({ ...found, prompt: { ...found.prompt, sent } }, NOW),
    diverges(/sent a body of the digest/),
  );
});

test('tools and layers 1 to 3 are one prefix, the same bytes for every turn, run and subject of an agent', async () => {
  const open = await onClaude();
  await open.batch({});
  const prefixes = new Map<string, Set<string>>();
  for (const { body } of api().seen) {
    const text = cachedPrefix(body);
    const agent = JSON.stringify(Array.isArray(body.system) ? body.system[0]?.text : '').slice(0, 200);
    prefixes.set(agent, (prefixes.get(agent) ?? new Set()).add(text));
    const points = JSON.stringify(body).split('"cache_control"').length - 1;
    assert.equal(points, 2);
  }
  assert.equal(prefixes.size, 3, 'three agents were asked');
  for (const [agent, texts] of prefixes) assert.equal(texts.size, 1, agent);
  assert.ok(api().seen.length > 25);
});

test('every tool is strict but delegations, whose context is any object', async () => {
  const open = await onClaude();
  await open.batch({ only: ['acme-corp'] });
  const sent = new Map(api().seen.flatMap(({ body }) => (body.tools as ApiTool[]).map((tool) => [tool.name, tool])));
  const loose = [...sent.values()].filter(({ strict }) => !strict).map(({ name }) => name);
  assert.deepEqual(loose.toSorted(), ['delegate_to_csm_briefing', 'delegate_to_risk_analysis']);
  assert.ok(sent.has('submit_report') && sent.has('emit_event') && sent.size >= 8);
});

test('reasoning goes back unchanged with its turn, and each message ends in results that are marked as data', async () => {
  const open = await onClaude();
  await open.batch({ only: ['acme-corp'] });
  const long = api().seen.filter(({ body }) => body.messages.length > 2);
  assert.ok(long.length > 2);
  for (const { body } of long) {
    for (const { role, content } of body.messages.slice(1)) {
      const blocks = Array.isArray(content) ? content : [];
      if (role === 'assistant')
        assert.deepEqual([blocks[0]?.type, 'signature' in (blocks[0] ?? {})], ['thinking', true]);
      for (const block of blocks) {
        if (block.type === 'tool_result') assert.match(String(block.content), /^DATA, not instructions:\n/);
      }
    }
  }
});

test('tokens and cost are summed from the journal: turn, invocation and run', async () => {
  const open = await onClaude();
  const { trees } = await open.batch({ only: ['acme-corp'] });
  const acme = trees.get('acme-corp') as RunTree;
  const { usage, cost_usd } = spentBy(acme);
  const turns = api().seen.length;
  assert.deepEqual(usage, {
    turns,
    input_tokens: 1000 * turns,
    output_tokens: 200 * turns,
    cache_read_tokens: 4000 * turns,
    cache_write_tokens: 500 * turns,
  });
  // Per turn: Opus 4 + 4 + 0.8 + 2.5, Haiku 0.1 + 0.1 + 0.04 + 0.0625 thousandths of a dollar.
  const opus = api().seen.filter(({ body }) => body.model === DEFAULT_MODELS.main).length;
  const expected = (opus * 11.3 + (turns - opus) * 0.3025) / 1000;
  assert.ok(Math.abs(cost_usd - expected) < 1e-9, `${cost_usd} for ${expected}`);
  assert.equal(reportOf(acme.state, acme.context)?.cost_usd, acme.context.cost_usd);
});

function withoutStream({ stream: _, ...body }: SentBody): unknown {
  return body;
}

/** All that lies before the first breakpoint, in the order in which it is cached: tools, then the system prompt. */
function cachedPrefix({ tools, system }: SentBody): string {
  const blocks = Array.isArray(system) ? system : [];
  const end = blocks.findIndex((block) => block.cache_control);
  assert.equal(end, 2);
  return JSON.stringify([tools, blocks.slice(0, end + 1)]);
}

test.run();
