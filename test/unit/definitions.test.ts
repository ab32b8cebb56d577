import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { canonicalJson } from '../../runtime/canonical.ts';
import { loadPack } from '../../runtime/definitions/load.ts';
import { digestOf } from '../../runtime/digest.ts';
import { inputProblems, inputSchemaOf } from '../../runtime/tools/inputs.ts';
import { suite } from '../support/suite.ts';
import { findingsOf, greenhouse, inPack, load, placeOf, removeFolders, spoil } from './definitions-fixture.ts';

const test = suite('definitions');
test.after(removeFolders);

const gardener = 'agents/gardener.yaml';

test('a complete pack loads without findings', async () => {
  const pack = await load(greenhouse());
  assert.deepEqual([...pack.agents.keys()], ['botanist', 'gardener']);
  assert.deepEqual(pack.warnings, []);
});

test('prompt parameters become numbers, percentages without sign, and lists', async () => {
  const { agents } = await load(greenhouse());
  assert.match(agents.get('gardener')?.resolved.prompt ?? '', /dry at 20 % \(-0\.2\)\./);
  assert.equal(agents.get('botanist')?.resolved.prompt, 'Beds: north, south. Spare: 1.\n');
});

test('tools are resolved in the order of the file, then escalate, then submit_report', async () => {
  const { agents } = await load(greenhouse());
  const tools = (name: string) => agents.get(name)?.resolved.tools.map((tool) => `${tool.name} ${tool.kind}`);
  assert.deepEqual(tools('gardener'), [
    'get_moisture read',
    'emit_event emit',
    'delegate_to_botanist delegate',
    'escalate escalate',
  ]);
  assert.deepEqual(tools('botanist'), ['recall_memory read', 'store_memory store', 'submit_report report']);
});

test('a delegate tool names its agent and describes it by its identity', async () => {
  const tool = (await load(greenhouse())).agents.get('gardener')?.resolved.tools[2];
  assert.equal(tool?.delegate, 'botanist');
  assert.match(tool?.description ?? '', /a botanist who knows every leaf/);
});

test('emit_event shows the topics and their payloads, but not the run that the runtime sets', async () => {
  const tool = (await load(greenhouse())).agents.get('gardener')?.resolved.tools[1];
  const properties = tool?.input_schema.properties as Record<string, Record<string, unknown>>;
  assert.deepEqual(properties.topic?.enum, ['alarms']);
  assert.deepEqual(Object.keys(properties.data?.properties ?? {}), ['level', 'text']);
  assert.deepEqual(properties.data?.required, ['level', 'text']);
  assert.match(tool?.description ?? '', /alarms: A bed that needs water\./);
});

test('a resolved agent is plain JSON: it comes back from text unchanged', async () => {
  for (const { resolved } of (await load(greenhouse())).agents.values()) {
    assert.deepEqual(JSON.parse(JSON.stringify(resolved)), resolved);
  }
});

test('the digest is the same for the same pack in another folder with its keys in another order', async () => {
  const files = greenhouse();
  const reordered = spoil(
    spoil(files, gardener, '  version: 0.1.0\n  role: main\n', '  role: main\n  version: 0.1.0\n'),
    'limits.yaml',
    'dry_below: -0.20   # a fifth\nbeds: [north, south]',
    'beds: [north, south]\ndry_below: -0.2',
  );
  const digests = async (from: typeof files) => [...(await load(from)).agents.values()].map(({ digest }) => digest);
  assert.deepEqual(await digests(reordered), await digests(files));
});

test('a changed parameter changes the digest of every agent, as each is judged by it', async () => {
  const before = await load(greenhouse());
  const after = await load(spoil(greenhouse(), 'limits.yaml', '-0.20', '-0.25'));
  assert.notEqual(after.agents.get('gardener')?.digest, before.agents.get('gardener')?.digest);
  assert.notEqual(after.agents.get('botanist')?.digest, before.agents.get('botanist')?.digest);
  assert.notEqual(after.release.digest, before.release.digest);
});

test('legal but odd definitions load with warnings at their place', async () => {
  let files = spoil(greenhouse(), gardener, '  - delegate_to_botanist\n', '');
  files = spoil(files, gardener, '  allowed_sub_agents:\n    - botanist\n', '');
  files = spoil(files, gardener, 'condition: sensor_broken', 'condition: sensor_brokn');
  files['agents/old.yml'] = 'kind: Agent\n';
  const { warnings } = await load(files);
  const lines = warnings.map((warning) => inPack(warning)).map((found) => `${placeOf(found)} ${found.message}`);
  assert.equal(lines.length, 4);
  assert.match(lines[0] ?? '', /^agents\/gardener\.yaml:24:5 sub_agents\.0 "botanist" is never started/);
  assert.match(lines[1] ?? '', /^agents\/gardener\.yaml:24:5 sub_agents\.0 "botanist" will be refused/);
  assert.match(
    lines[2] ?? '',
    /^agents\/gardener\.yaml:33:18 autonomy\.escalation_rules\.0\.condition .* is decided by the model only.*did you mean "sensor_broken"/,
  );
  assert.match(lines[3] ?? '', /^agents\/old\.yml:1:1 is not read/);
});

test('surplus delegation depth is legal', async () => {
  const pack = await load(
    spoil(greenhouse(), 'agents/botanist.yaml', 'max_delegation_depth: 0', 'max_delegation_depth: 5'),
  );
  assert.deepEqual(pack.warnings, []);
});

test('two packs may not share a pack, agent, topic or schedule name', async () => {
  const findings = await findingsOf(greenhouse(), greenhouse());
  assert.deepEqual(findings.map(placeOf).sort(), [
    'agents/botanist.yaml:5:9 metadata.name',
    'agents/gardener.yaml:5:9 metadata.name',
    'pack.yaml:12:3 topics.alarms',
    'pack.yaml:17:3 schedules.rounds',
    'pack.yaml:4:9 metadata.name',
  ]);
});

test('a folder without pack.yaml is an error of its own', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pack-'));
  await assert.rejects(loadPack(folder, { log: pino({ level: 'silent' }) }), {
    code: 'pack.not_found',
    message: /pack\.yaml cannot be read \(ENOENT\)/,
  });
  await rm(folder, { recursive: true });
});

test('a model input is checked by the narrowed schema of the agent’s own tool', async () => {
  const pack = await load(greenhouse());
  const problems = (agent: string, tool: string, input: unknown) => {
    const resolved = pack.agents.get(agent)?.resolved;
    const schema = resolved ? inputSchemaOf(tool, resolved, pack, 'run-1') : null;
    return schema ? inputProblems(schema, input) : 'no such tool';
  };
  assert.equal(problems('gardener', 'emit_event', { topic: 'alarms', data: { level: 'low', text: 'dry' } }), '');
  assert.equal(
    problems('gardener', 'emit_event', { topic: 'alarm', data: {} }),
    'topic: got the text "alarm", expected alarms; did you mean "alarms"?',
  );
  assert.equal(
    problems('gardener', 'emit_event', { topic: 'alarms', data: { level: 'mid' } }),
    'data.level: got the text "mid", expected one of low, high\ndata.text: is missing, expected text that is not empty',
  );
  assert.match(problems('gardener', 'get_moisture', { bed: 3 }), /^bed: got the number 3, expected text$/);
  assert.match(
    problems('gardener', 'escalate', { condition: 'bored', reason: 'x' }),
    /^condition: got the text "bored"/,
  );
  assert.match(
    problems('botanist', 'submit_report', { text: 'ok', data: { verdict: 'fine' } }),
    /^data\.seen: is missing, expected a whole number$/,
  );
  assert.equal(problems('botanist', 'recall_memory', { query: 'dry' }), '');
  assert.equal(problems('gardener', 'delegate_to_botanist', { instructions: 'look', context: {} }), '');
  assert.equal(problems('gardener', 'recall_memory', { query: 'dry' }), 'no such tool');
});

test('canonical JSON sorts keys at every depth and leaves out what is undefined', () => {
  assert.equal(canonicalJson({ b: [{ d: 1, c: null }], a: undefined, B: -0 }), '{"B":0,"b":[{"c":null,"d":1}]}');
  assert.equal(digestOf({ a: 1, b: 2 }), digestOf({ b: 2, a: 1 }));
  assert.match(digestOf({}), /^[0-9a-f]{64}$/);
});

test('canonical JSON refuses what JSON would silently change', () => {
  for (const value of [Number.NaN, 1n, () => 1, new Date(0), new Map(), undefined]) {
    assert.throws(() => canonicalJson({ value: [value ?? Symbol.iterator] }), TypeError);
  }
});

test.run();
