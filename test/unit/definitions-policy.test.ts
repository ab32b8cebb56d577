import assert from 'node:assert/strict';
import { formatFinding } from '../../runtime/definitions/resolved.ts';
import { evaluate } from '../../runtime/policy/expression.ts';
import { suite } from '../support/suite.ts';
import { type Case, testCases } from './definitions-cases.ts';
import { findingsOf, greenhouse, inPack, load, placeOf, removeFolders, spoil } from './definitions-fixture.ts';

const test = suite('definitions: policy');
test.after(removeFolders);

const G = 'agents/gardener.yaml';
/** The end of gardener.yaml: what is put in its place begins on line 39. */
const END = '      reason: the sensor answers nothing\n';
const RULE = (...lines: string[]) =>
  `${END}    - condition: too_dry\n${lines.map((line) => `      ${line}\n`).join('')}`;
const TO_HUMAN = ['target: human', 'reason: it is too dry'];
const ENFORCE = (...lines: string[]) =>
  `${END}  enforce:\n    - id: measured\n${lines.map((line) => `      ${line}\n`).join('')}`;
const MEASURE = 'message: measure it first';
const AT = 'autonomy.enforce.0';

const CASES: Case[] = [
  [
    'a syntax error in an expression',
    G,
    END,
    ENFORCE('before: [emit_event]', 'require: calls.get_moisture >=', MEASURE),
    [`${G}:42:37 ${AT}.require`, /^Unexpected token: EOF, expected a CEL expression$/],
  ],
  [
    'an unknown variable in a quoted expression',
    G,
    END,
    ENFORCE('before: [emit_event]', "require: '1 < 2 && call.get_moisture >= 1'", MEASURE),
    [`${G}:42:26 ${AT}.require`, /^unknown variable "call", .*; did you mean "calls"\?$/],
  ],
  [
    'an unknown tool in an expression over several lines',
    G,
    END,
    ENFORCE(
      'before: [emit_event]',
      'require: >-',
      '  input.data.level == "low" ||',
      '  calls.get_moistrue >= 1',
      MEASURE,
    ),
    [`${G}:44:15 ${AT}.require`, /^calls\.get_moistrue: it has no tool .*; did you mean "get_moisture"\?$/],
  ],
  [
    'an unknown tool behind escaped quotes',
    G,
    END,
    ENFORCE('before: [emit_event]', 'require: "input.a == \\"x\\" || done.fly == null"', MEASURE),
    [`${G}:42:42 ${AT}.require`, /^done\.fly: it has no tool "fly"/],
  ],
  [
    'a type error',
    G,
    END,
    RULE('when: calls.get_moisture == "a"', ...TO_HUMAN),
    [`${G}:40:13 autonomy.escalation_rules.1.when`, /no such overload: int == string/],
  ],
  [
    'an expression that is not about true or false',
    G,
    END,
    RULE('when: size(payload)', ...TO_HUMAN),
    [`${G}:40:13 autonomy.escalation_rules.1.when`, /^the result is int, expected true or false$/],
  ],
  [
    'a regular expression',
    G,
    END,
    RULE('when: payload.bed.matches("a+")', ...TO_HUMAN),
    [`${G}:40:25 autonomy.escalation_rules.1.when`, /^matches\(\) runs regular expressions/],
  ],
  [
    'a fact that no tool makes',
    G,
    END,
    RULE('when: facts.get_moistrue.moisture < 0.2', ...TO_HUMAN),
    [`${G}:40:19 autonomy.escalation_rules.1.when`, /no tool of the pack makes the fact "get_moistrue"/],
  ],
  [
    'an escalation rule that can never fire',
    G,
    END,
    RULE('when: false && has(payload.bed)', ...TO_HUMAN),
    [`${G}:40:13 autonomy.escalation_rules.1.when`, /^it is always false, so the rule can never fire/],
  ],
  [
    'a constraint that can never refuse',
    G,
    END,
    ENFORCE('before: [emit_event]', 'require: 1 < 2', MEASURE),
    [`${G}:42:16 ${AT}.require`, /^it is always true, so the rule can never fire/],
  ],
  [
    'a rule before tools that the agent does not have',
    G,
    END,
    ENFORCE('before: [store_memory, emit_evnt]', 'require: calls.get_moisture >= 1', MEASURE),
    [
      `${G}:41:16 ${AT}.before.0`,
      /^"store_memory" is not one of its tools, so the rule can never fire, expected one of/,
    ],
    [`${G}:41:30 ${AT}.before.1`, /^"emit_evnt" is not one of its tools, so .*; did you mean "emit_event"\?$/],
  ],
  [
    'one unknown tool among others',
    G,
    END,
    RULE('when: payload.bed == "north"', 'before: [report, emit_evnt]', ...TO_HUMAN),
    [
      `${G}:41:24 autonomy.escalation_rules.1.before.1`,
      /^"emit_evnt" is not one of its tools, expected one of get_moisture,/,
    ],
  ],
  [
    'an escalation rule before escalate',
    G,
    END,
    RULE('when: payload.bed == "north"', 'before: [escalate]', ...TO_HUMAN),
    [
      `${G}:41:16 autonomy.escalation_rules.1.before.0`,
      /^"escalate" is not one of its tools, so the rule can never fire/,
    ],
  ],
  [
    'a constraint that nothing decides',
    G,
    END,
    ENFORCE('before: [report]', MEASURE),
    [
      `${G}:40:11 ${AT}.id`,
      /^nothing decides "measured", expected `require`, or a check of that name in the pack's module/,
    ],
  ],
  [
    'two constraints of one id',
    G,
    END,
    `${ENFORCE('before: [report]', 'require: calls.get_moisture >= 1', MEASURE)}    - {id: measured, before: [report], require: has(payload.bed), message: m}\n`,
    [`${G}:44:12 autonomy.enforce.1.id`, /^"measured" is the id of two rules, expected one$/],
  ],
  [
    'a condition that both an expression and code decide',
    G,
    END,
    `      reason: the sensor answers nothing\n      when: has(payload.bed)\n`,
    [
      `${G}:39:13 autonomy.escalation_rules.0.when`,
      /^the pack's module decides "sensor_broken" as well, expected one of the two$/,
    ],
  ],
  [
    'an expression that no count of calls makes true',
    G,
    END,
    RULE('when: calls.get_moisture == 1 && attempts.get_moisture < calls.get_moisture', ...TO_HUMAN),
    [`${G}:40:13 autonomy.escalation_rules.1.when`, /^it is always false, so the rule can never fire/],
  ],
  [
    'an expression that every count of calls makes true',
    G,
    END,
    ENFORCE('before: [emit_event]', 'require: calls.get_moisture >= 0', MEASURE),
    [`${G}:42:16 ${AT}.require`, /^it is always true, so the rule can never fire/],
  ],
  [
    'an expression about a report that is not made there',
    G,
    END,
    ENFORCE('before: [emit_event]', 'require: report == null || calls.get_moisture > 1', MEASURE),
    [`${G}:42:16 ${AT}.require`, /^it is always true, so the rule can never fire/],
  ],
  [
    'a decider by a fact that no tool makes',
    G,
    END,
    RULE('when: has(payload.bed)', 'decides: {fact: /get_owner/name}', ...TO_HUMAN),
    [
      `${G}:41:23 autonomy.escalation_rules.1.decides.fact`,
      /^no tool of the pack makes the fact "get_owner", expected get_moisture/,
    ],
  ],
  [
    "the agent's decider by such a fact",
    G,
    END,
    `${END}  human: {decides: {fact: /get_moistur/by}}\n`,
    [`${G}:39:27 autonomy.human.decides.fact`, /did you mean "get_moisture"/],
  ],
  [
    'a rule for nobody that exists',
    G,
    END,
    RULE('when: has(payload.bed)', 'target: nobody', 'reason: why'),
    [`${G}:41:15 autonomy.escalation_rules.1.target`, /"nobody", expected one of human, parent/],
  ],
  [
    'a malformed duration and budget',
    G,
    END,
    `${END}  budget: {max_turns: 0, deadline: soon}\n`,
    [`${G}:39:23 autonomy.budget.max_turns`, /expected a whole number from 1 to 10000/],
    [`${G}:39:36 autonomy.budget.deadline`, /expected a duration such as 90s, 30m, 4h or 2d/],
  ],
];

testCases(test, CASES);

test('rules are checked against the output of the tools, with place and the nearest name', async () => {
  const declared = spoil(
    greenhouse(),
    'pack.mjs',
    'run: async () => ({ moisture: 0.5 }),',
    'output: z.strictObject({ moisture: z.number(), keeper: z.strictObject({ name: z.string() }) }),\n run: async () => ({}),',
  );
  const rule = RULE(
    'when: facts.get_moisture.moistrue < 0.2',
    ...TO_HUMAN,
    'decides: {fact: /get_moisture/keeper/nam}',
  );
  const found = (await findingsOf(spoil(declared, G, END, rule))).map((one) => `${placeOf(one)} | ${one.message}`);
  assert.deepEqual(found, [
    `${G}:40:32 autonomy.escalation_rules.1.when | facts.get_moisture.moistrue: there is no field "moistrue", expected one of moisture, keeper; did you mean "moisture"?`,
    `${G}:43:23 autonomy.escalation_rules.1.decides.fact | facts.get_moisture.keeper.nam: there is no field "nam", expected name; did you mean "name"?`,
  ]);
  const right = RULE(
    'when: facts.get_moisture.moisture < 0.2',
    ...TO_HUMAN,
    'decides: {fact: /get_moisture/keeper/name}',
  );
  await load(spoil(declared, G, END, right));
});

test('an output that no rule could be checked against, and agents that nobody knows, are found in the module', async () => {
  const run = 'run: async () => ({ moisture: 0.5 }),';
  const dated = spoil(greenhouse(), 'pack.mjs', run, `output: z.strictObject({ at: z.date() }), ${run}`);
  await assert.rejects(load(dated), /the output of tool "get_moisture" has no JSON Schema \(/);
  const named = spoil(greenhouse(), 'pack.mjs', 'conditions: {', "agents: ['gardner'], conditions: {");
  await assert.rejects(load(named), /the module's agents name an unknown agent "gardner", .*; did you mean "gardener"/);
});

test('a definition with every kind of rule loads as it stands, and keeps its expressions', async () => {
  const policy = `${RULE('when: facts.get_moisture.moisture < 0.2', 'before: [emit_event, report]', ...TO_HUMAN, 'due: 4h', 'decides: {fact: /get_moisture/keeper, role: botanist}')}  enforce:
    - id: measured
      before: [emit_event, escalate]
      require: attempts.get_moisture >= 1
      message: measure it first
    - {id: polite, before: [report], message: be polite}
  budget: {max_turns: 20, max_usd: 0.5, max_children: 2, deadline: 30m}
  human: {decides: {role: keeper}, due: 2d, on_expiry: escalate}
`;
  const files = spoil(
    spoil(greenhouse(), G, END, policy),
    'pack.mjs',
    'conditions: {',
    'checks: { polite: () => null }, conditions: {',
  );
  const { agents, warnings } = await load(files);
  const resolved = agents.get('gardener')?.resolved;
  assert.deepEqual(resolved?.decided_conditions, ['sensor_broken', 'too_dry']);
  const { enforce, budget, human, escalation_rules } = resolved.definition.autonomy;
  assert.equal(enforce?.[0]?.require, 'attempts.get_moisture >= 1');
  assert.deepEqual([budget?.max_turns, human?.decides?.role, escalation_rules[1]?.due], [20, 'keeper', '4h']);
  assert.ok(!warnings.some(({ message }) => message.includes('model only')), 'an expression decides too_dry');
  const view = { payload: {}, input: {}, report: null, calls: {}, attempts: {}, done: {} };
  assert.equal(
    evaluate(escalation_rules[1]?.when ?? '', { ...view, facts: { get_moisture: { moisture: 0.1 } } }),
    true,
  );
});

test('a rule that neither an expression nor code decides is legal, and said to be the model’s alone', async () => {
  const { warnings } = await load(spoil(greenhouse(), G, END, RULE(...TO_HUMAN)));
  const said = warnings.map((warning) => formatFinding(inPack(warning)));
  assert.ok(
    said.some((line) =>
      /:39:18 autonomy\.escalation_rules\.1\.condition: "too_dry" is decided by the model only/.test(line),
    ),
    said.join('\n'),
  );
});

test('checks that are no functions are found in the module', async () => {
  const files = spoil(greenhouse(), 'pack.mjs', 'conditions: {', 'checks: { polite: true }, conditions: {');
  await assert.rejects(load(files), /create\(\) returned a wrong checks\.polite: got true, expected a function/);
});

test.run();
