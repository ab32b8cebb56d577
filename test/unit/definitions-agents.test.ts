import { suite } from '../support/suite.ts';
import { type Case, testCases } from './definitions-cases.ts';
import { removeFolders } from './definitions-fixture.ts';

const test = suite('definitions: agents');
test.after(removeFolders);

const G = 'agents/gardener.yaml';
const B = 'agents/botanist.yaml';

const CASES: Case[] = [
  [
    'a missing prompt file',
    G,
    './prompts/gardener.md',
    './prompts/gardner.md',
    [`${G}:12:11 core_context.system_prompt.file`, /^"\.\/prompts\/gardner\.md" does not exist, expected it at /],
  ],
  [
    'a prompt outside the pack',
    G,
    './prompts/gardener.md',
    '../../../etc/passwd',
    [`${G}:12:11 core_context.system_prompt.file`, /leads out of the pack's folder/],
  ],
  [
    'a prompt by absolute path',
    G,
    './prompts/gardener.md',
    '/etc/passwd',
    [`${G}:12:11 core_context.system_prompt.file`, /leads out of the pack's folder/],
  ],
  [
    'a prompt that is a folder',
    G,
    './prompts/gardener.md',
    './prompts',
    [`${G}:12:11 core_context.system_prompt.file`, /cannot be read \(EISDIR\)/],
  ],
  [
    'an empty prompt',
    'agents/prompts/gardener.md',
    '',
    '\n',
    [`${G}:12:11 core_context.system_prompt.file`, /is empty/],
  ],
  [
    'an unknown tool',
    G,
    '- get_moisture',
    '- get_moistrue',
    [
      `${G}:21:5 tools.0`,
      /^unknown tool "get_moistrue", expected one of get_moisture, recall_memory, .*; did you mean "get_moisture"\?$/,
    ],
  ],
  [
    'a tool listed twice',
    G,
    '  - emit_event\n',
    '  - emit_event\n  - emit_event\n',
    [`${G}:23:5 tools.2`, /listed twice/],
  ],
  [
    'a tool that the runtime adds',
    G,
    '- get_moisture',
    '- submit_report',
    [`${G}:21:5 tools.0`, /is added by the runtime/],
  ],
  [
    'a delegate tool without its sub-agent',
    B,
    '- recall_memory',
    '- delegate_to_gardener',
    [`${B}:18:5 tools.0`, /^"gardener" is not in sub_agents/],
  ],
  [
    'a delegate tool for nobody',
    B,
    '- recall_memory',
    '- delegate_to_nobody',
    [`${B}:18:5 tools.0`, /^unknown tool "delegate_to_nobody"/],
  ],
  [
    'a memory tool without long-term memory',
    B,
    'long_term_enabled: true',
    'long_term_enabled: false',
    [`${B}:18:5 tools.0`, /^"recall_memory" needs long-term memory/],
    [`${B}:19:5 tools.1`, /^"store_memory" needs/],
  ],
  [
    'an unknown sub-agent',
    G,
    'sub_agents:\n  - botanist',
    'sub_agents:\n  - botanist\n  - botanits',
    [`${G}:26:5 sub_agents.1`, /^unknown agent "botanits", expected botanist; did you mean "botanist"\?$/],
  ],
  [
    'an allowed sub-agent that is not listed',
    G,
    'allowed_sub_agents:\n    - botanist',
    'allowed_sub_agents:\n    - botanist\n    - stranger',
    [`${G}:35:7 autonomy.allowed_sub_agents.1`, /^"stranger" is not in sub_agents, expected botanist$/],
  ],
  [
    'sub-agents that depth 0 makes unreachable',
    G,
    'max_delegation_depth: 1',
    'max_delegation_depth: 0',
    [`${G}:31:25 autonomy.max_delegation_depth`, /botanist can never be reached, expected at least 1/],
  ],
  [
    'a delegation cycle',
    B,
    'memory_config:',
    'sub_agents: [gardener]\nmemory_config:',
    [`${B}:20:14 sub_agents.0`, /^delegation cycle botanist → gardener → botanist/],
    [`${B}:25:25 autonomy.max_delegation_depth`, /gardener can never be reached/],
  ],
  [
    'an unknown scope',
    G,
    '[shared_notes]',
    '[shared_note]',
    [
      `${G}:29:27 memory_config.shared_context_scopes.0`,
      /^unknown scope "shared_note", expected shared_notes .*did you mean "shared_notes"/,
    ],
  ],
  [
    'approval for a tool that it has not',
    G,
    '[emit_event]',
    '[get_moisture, store_memory]',
    [`${G}:32:43 autonomy.requires_human_approval.1`, /^"store_memory" is not one of its tools/],
  ],
  [
    'two rules for one condition',
    G,
    '      reason: the sensor answers nothing\n',
    '      reason: x\n    - {condition: sensor_broken, target: parent, reason: y}\n',
    [`${G}:39:19 autonomy.escalation_rules.1.condition`, /has two rules/],
  ],
  [
    'an id that another agent has',
    G,
    'id: agent-gardener',
    'id: agent-botanist',
    [`${G}:4:7 metadata.id`, /^"agent-botanist" is already the id of the agent in .*botanist\.yaml/],
  ],
  [
    'a name that another agent has',
    G,
    'name: gardener',
    'name: botanist',
    [`${G}:5:9 metadata.name`, /is already the name of the agent in/],
    ['pack.yaml:6:9 module', /players name an unknown agent "gardener"/],
    ['pack.yaml:19:12 schedules.rounds.agent', /unknown agent "gardener"/],
  ],
];

testCases(test, CASES);
test.run();
