import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pino from 'pino';
import { z } from 'zod';
import { checkLocated, parseLocated } from '../../runtime/definitions/located.ts';
import { type Finding, formatFinding } from '../../runtime/definitions/resolved.ts';
import { validateFolder } from '../../runtime/definitions/validate.ts';
import { problemsOf, quote } from '../../runtime/definitions/words.ts';
import { jsonSchemaOf } from '../../runtime/tools/json-schema.ts';
import { suite } from '../support/suite.ts';
import { type Case, testCases } from './definitions-cases.ts';
import { findingsOf, greenhouse, inPack, load, placeOf, removeFolders, writeFiles } from './definitions-fixture.ts';

const test = suite('definitions: shape');
test.after(removeFolders);

const G = 'agents/gardener.yaml';
const B = 'agents/botanist.yaml';
const BOMB = `${['a: &a [x, x, x, x, x, x, x, x, x]', ...'bcdefgh'.split('').map((key, i) => `${key}: &${key} [${Array(9).fill(`*${'abcdefg'[i]}`).join(', ')}]`)].join('\n')}\n`;

const CASES: Case[] = [
  [
    'an unknown key is pointed at',
    G,
    '  identity: a',
    '  identitty: a',
    [
      `${G}:13:3 core_context.identitty`,
      /^unknown key, expected one of system_prompt, identity, .*; did you mean "identity"\?$/,
    ],
    [`${G}:11:3 core_context.identity`, /^is missing, expected text that is not empty$/],
  ],
  [
    'an unknown key at the top',
    G,
    'tools:\n',
    'tulls:\n',
    [`${G}:20:1 tulls`, /did you mean "tools"/],
    [`${G}:32:29 autonomy.requires_human_approval.0`, /is not one of its tools, expected report$/],
  ],
  [
    'a missing key is reported at the mapping that lacks it',
    G,
    '  name: gardener\n',
    '',
    [`${G}:4:3 metadata.name`, /^is missing, expected/],
  ],
  [
    'a missing section is reported at the document',
    B,
    'autonomy:\n  max_delegation_depth: 0\n',
    '',
    [`${B}:1:1 autonomy`, /^is missing, expected a mapping with max_delegation_depth/],
  ],
  [
    'text for a number',
    G,
    'working_memory_window: 10',
    'working_memory_window: ten',
    [`${G}:27:26 memory_config.working_memory_window`, /^got the text "ten", expected a whole number from 1 to 1000$/],
  ],
  [
    'a broken number for a whole one',
    G,
    'working_memory_window: 10',
    'working_memory_window: 1.5',
    [`${G}:27:26 memory_config.working_memory_window`, /^got the number 1.5, expected a whole number from 1 to 1000$/],
  ],
  [
    'a number beyond its range',
    B,
    'max_delegation_depth: 0',
    'max_delegation_depth: -1',
    [`${B}:24:25 autonomy.max_delegation_depth`, /^got the number -1, expected a whole number from 0 to 16$/],
  ],
  [
    'a number for text',
    G,
    'version: 0.1.0',
    'version: 1.0',
    [`${G}:6:12 metadata.version`, /^got the number 1, expected .*$/],
  ],
  [
    'a version that is none',
    G,
    'version: 0.1.0',
    'version: first',
    [`${G}:6:12 metadata.version`, /^got the text "first", expected a version such as 0\.1\.0$/],
  ],
  [
    'text for true or false',
    B,
    'long_term_enabled: true',
    'long_term_enabled: yes',
    [`${B}:22:22 memory_config.long_term_enabled`, /^got the text "yes", expected true or false$/],
  ],
  [
    'a mapping for a list',
    G,
    'tags: [plants]',
    'tags: {plants: 1}',
    [`${G}:8:9 metadata.tags`, /^got a mapping, expected a list$/],
  ],
  [
    'nothing for a list',
    G,
    'sub_agents:\n  - botanist\n',
    'sub_agents:\n',
    [`${G}:24:12 sub_agents`, /^got nothing, expected a list$/],
    [`${G}:23:5 tools.2`, /"botanist" is not in sub_agents/],
    [`${G}:33:7 autonomy.allowed_sub_agents.0`, /"botanist" is not in sub_agents/],
  ],
  [
    'a value outside its list',
    G,
    'role: main',
    'role: mian',
    [`${G}:7:9 metadata.role`, /^got the text "mian", expected one of main, sub_agent; did you mean "main"\?$/],
  ],
  [
    'another api version',
    G,
    'agent-platform/v1',
    'agent-platform/v2',
    [`${G}:1:13 apiVersion`, /^got the text "agent-platform\/v2", expected "agent-platform\/v1"/],
  ],
  [
    'a name with capitals',
    G,
    'name: gardener',
    'name: Gardener',
    [`${G}:5:9 metadata.name`, /^got the text "Gardener", expected a lower-case name/],
    ['pack.yaml:6:9 module', /players name an unknown agent "gardener"/],
    ['pack.yaml:19:12 schedules.rounds.agent', /unknown agent "gardener"/],
  ],
  ['an empty agent file', B, '', '', [`${B}:1:1`, /^got nothing, expected a mapping with apiVersion, kind/]],
  ['a list where a document should be', B, '', '- a\n', [`${B}:1:1`, /^got a list of 1, expected a mapping/]],
  ['a syntax error', B, 'tools:\n', 'tools: [\n', [`${B}:18:3`, /expected valid YAML$/]],
  [
    'an unknown tag',
    G,
    'name: gardener',
    'name: !secret gardener',
    [`${G}:5:9`, /Unresolved tag: !secret, expected valid YAML/],
  ],
  [
    'a number that would change, once',
    'limits.yaml',
    '-0.20 ',
    '-9007199254740993',
    ['limits.yaml:1:12 dry_below', /^got the number -9007199254740993, which would be changed/],
  ],
  [
    'a number that overflows',
    'limits.yaml',
    'beds:',
    'spare: 1e400\nbeds:',
    ['limits.yaml:2:8 spare', /^got the number 1e400, which is too large to be held$/],
  ],
  [
    'a key given twice',
    B,
    '  role: sub_agent\n',
    '  role: sub_agent\n  role: main\n',
    [`${B}:8:3 metadata.role`, /^this key is given twice, expected it once$/],
  ],
  [
    'a key given twice inside a list',
    G,
    '      target: human\n',
    '      target: human\n      target: human\n',
    [`${G}:38:7 autonomy.escalation_rules.0.target`, /given twice/],
  ],
  ['an alias that leads nowhere', B, 'tools:\n', 'sub_agents: *none\ntools:\n', [`${B}:17:13`, /expected valid YAML/]],
  ['aliases that multiply', B, '', BOMB, [`${B}:2:8`, /^aliases multiply without bound/]],
  [
    'a mark at the start of the file',
    B,
    'apiVersion: agent-platform/v1',
    '\uFEFFapiVersion: 3',
    [`${B}:1:13 apiVersion`, /^got the number 3, expected "agent-platform\/v1"$/],
  ],
  [
    'a directive given twice',
    B,
    'apiVersion',
    '%YAML 1.2\n%YAML 1.2\n---\napiVersion',
    [`${B}:2:1`, /^the directive %YAML is given twice, expected it once$/],
  ],
  [
    'a control character',
    B,
    'curious',
    'cur\u0007ious',
    [`${B}:14:21`, /^the character U\+0007 stands here raw, expected /],
  ],
  ['a mark inside a text', B, 'curious', 'cur\uFEFFious', [`${B}:14:21`, /^the character U\+FEFF stands here raw, /]],
  [
    'a key that is a list',
    B,
    'memory_config:\n',
    'memory_config:\n  ? [a, b]\n  : 1\n',
    [`${B}:21:5 memory_config`, /^this key is a list, expected a name$/],
  ],
  [
    'a number and a text that are one key',
    'limits.yaml',
    'beds:',
    '1: a\n"1": b\nbeds:',
    ['limits.yaml:3:1 1', /^this key is given twice/],
  ],
  [
    'half of a character, escaped',
    B,
    'personality: curious',
    'personality: "\\ud83d"',
    [`${B}:14:18 core_context.characteristics.personality`, /half of a surrogate pair/],
  ],
];

testCases(test, CASES);

test('lines that end with a lone CR are lines', async () => {
  const files = greenhouse();
  const alone = Object.entries(files).map(([name, text]) => [
    name,
    name.endsWith('.yaml') ? text.replaceAll('\n', '\r') : text,
  ]);
  const pack = await load(Object.fromEntries(alone));
  assert.equal(pack.agents.size, 2);
  const wrong = { ...files, [B]: (files[B] ?? '').replace('role: sub_agent', 'role: sub').replaceAll('\n', '\r') };
  assert.equal(placeOf((await findingsOf(wrong))[0] as Finding), `${B}:7:9 metadata.role`);
});

test('a file that is no UTF-8 is told once, at its first wrong byte', async () => {
  const folder = await writeFiles(greenhouse());
  const told = async (): Promise<string[]> => {
    const { errors } = await validateFolder(folder, { pack: null, log: pino({ level: 'silent' }) });
    return errors.map((finding) => formatFinding(inPack(finding)));
  };
  const text = greenhouse()[B] ?? '';
  await writeFile(join(folder, B), Buffer.from(text.replace('curious', 'curi\u00f6us'), 'latin1'));
  assert.deepEqual(await told(), [`${B}:14:22 the file holds a byte that is no UTF-8, expected a text file in UTF-8`]);
  for (const mark of ['\uFEFF', '']) {
    await writeFile(join(folder, B), Buffer.from(mark + text, 'utf16le'));
    assert.deepEqual(await told(), [`${B}:1:1 the file is written in UTF-16, expected UTF-8`]);
  }
  await writeFile(join(folder, B), text);
  await writeFile(join(folder, 'agents/prompts/botanist.md'), Buffer.from('# Botanist\n\n\u00e9', 'latin1'));
  assert.match((await told()).join('\n'), /^agents\/prompts\/botanist\.md:3:1 the file holds a byte that is no UTF-8/);
});

test('twenty thousand wrong keys are told, each at its line', () => {
  const keys = Array.from({ length: 20_000 }, (_, index) => `key_${index}: 1\n`).join('');
  const yaml = parseLocated('x.yaml', `${keys}key_7: 2\n`);
  const findings: Finding[] = [];
  const before = process.cpuUsage();
  checkLocated(yaml, z.strictObject({ only: z.string().optional() }), findings);
  assert.equal(findings.length, 20_000);
  assert.deepEqual([findings[0]?.line, findings[0]?.path], [20_001, 'key_7']);
  assert.deepEqual([findings.at(-1)?.line, findings.at(-1)?.path], [20_000, 'key_19999']);
  // Comparing each key with each other one took three quarters of a minute.
  assert.ok(process.cpuUsage(before).user < 10_000_000);
});

test('a list that is too long or too short is told how long it may be', () => {
  const schema = z.strictObject({
    most: z.array(z.string()).max(2),
    both: z.array(z.string()).min(1).max(3),
    exactly: z.array(z.string()).length(2),
    below: z.number().lt(3),
  });
  const wrong = { most: ['a', 'b', 'c'], both: [], exactly: ['a'], below: 3 };
  assert.deepEqual(
    problemsOf(schema, wrong).map(({ message }) => message),
    [
      'got a list of 3, expected a list of at most 2',
      'got an empty list, expected a list of 1 to 3',
      'got a list of 1, expected a list of 2',
      'got the number 3, expected a number below 3',
    ],
  );
});

test('what is quoted is cut between two characters', () => {
  assert.equal(quote('🙂'.repeat(30)), `"${'🙂'.repeat(30)}"`);
  assert.equal(quote('🙂'.repeat(31)), `"${'🙂'.repeat(29)}…"`);
});

test('a regular expression with flags is shown with them, to a model in words', () => {
  const schema = z.strictObject({
    code: z.string().regex(/^ab$/i).regex(/b/).describe('The code.'),
    plain: z.string().regex(/^x$/u),
  });
  assert.deepEqual(jsonSchemaOf(schema).properties, {
    code: { type: 'string', allOf: [{ pattern: 'b' }], description: 'The code. Matches /^ab$/i.' },
    plain: { type: 'string', pattern: '^x$' },
  });
  assert.deepEqual(
    problemsOf(schema, { code: 'no', plain: 'x' }).map(({ message }) => message),
    // Once, though it breaks both rules.
    ['got the text "no", expected text that matches /^ab$/i and b'],
  );
});

test('a schema with an id stands where it is used; one that contains itself is refused', () => {
  const line = z.strictObject({ sku: z.string() }).meta({ id: 'order/line' });
  const shown = {
    type: 'object',
    properties: { sku: { type: 'string' } },
    required: ['sku'],
    additionalProperties: false,
  };
  assert.deepEqual(jsonSchemaOf(line), shown);
  const order = z.strictObject({ first: line.describe('The first.'), all: z.array(line) });
  assert.deepEqual(jsonSchemaOf(order).properties, {
    first: { ...shown, description: 'The first.' },
    all: { type: 'array', items: shown },
  });
  const tree: z.ZodType = z.strictObject({ below: z.array(z.lazy(() => tree)) }).meta({ id: 'tree' });
  assert.throws(() => jsonSchemaOf(tree), /refers to itself/);
});

test.run();
