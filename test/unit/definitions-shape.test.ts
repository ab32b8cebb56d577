import { suite } from '../support/suite.ts';
import { type Case, testCases } from './definitions-cases.ts';
import { removeFolders } from './definitions-fixture.ts';

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
];

testCases(test, CASES);
test.run();
