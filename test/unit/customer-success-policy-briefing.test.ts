import assert from 'node:assert/strict';
import { csmBriefing } from '../../packs/customer-success/player/csm-briefing.ts';
import { riskAnalysis } from '../../packs/customer-success/player/risk-analysis.ts';
import type { JsonObject } from '../../runtime/sdk.ts';
import { ACME_HISTORY, play, playbook } from '../support/accounts.ts';
import { ACCOUNT, asked, type Before, judged, RECALLED, refusal, refusals } from '../support/customer-policy.ts';
import { suite } from '../support/suite.ts';

const test = suite('the policy of csm_briefing');
const AGENT = 'csm_briefing';

const facts = ACCOUNT as unknown as JsonObject;
const risk = play(riskAnalysis(playbook), { facts }, { recall_memory: { memories: ACME_HISTORY } });
const delegation = risk.calls.find(({ name }) => name === 'delegate_to_csm_briefing');
const { context = {} } = (delegation?.input ?? {}) as { context?: JsonObject };
const briefing = play(csmBriefing(playbook), { facts, payload: context }).turns[0]?.text ?? '';
const task: Before = { facts: { ...ACCOUNT, recall_memory: RECALLED.result }, payload: context };
const with_ = (line: string) =>
  briefing
    .replace('## Talking points\n\n', `## Talking points\n\n- ${line}\n`)
    .replace(/(- Ask which results.*)\n/, '');

test('the player’s briefing stands every rule', async () => {
  assert.deepEqual(await refusals(AGENT, briefing, task), [null]);
  assert.deepEqual(await refusals(AGENT, with_('Listen first.'), task), [null]);
});

test('a section that is missing, renamed or too long is refused, with the words it has', async () => {
  assert.match(
    await refusal(AGENT, briefing.replace('## Actions', '## Next steps'), task),
    /^four_sections: .*## Next steps/,
  );
  assert.deepEqual(await refusals(AGENT, briefing.split('## Talking points')[0] ?? '', task), ['four_sections']);
  const long = with_(Array.from({ length: playbook.briefing.talking_points }, () => 'listen').join('\u200b '));
  assert.match(await refusal(AGENT, long, task), /^four_sections: .*«Talking points» has \d+ words, and may have 60/);
});

test('it states no other assessment than its task’s', async () => {
  for (const line of ['No action is needed.', 'The account is stable.', 'Acme Corp: watch.']) {
    assert.match(await refusal(AGENT, with_(line), task), /^one_assessment: .*another assessment than urgent/, line);
  }
  assert.deepEqual(await refusals(AGENT, with_('It was stable a year ago.'), task), [null]);
});

test('a name that the data does not have is refused, with the name', async () => {
  assert.match(await refusal(AGENT, with_('Ask Jordan Blake.'), task), /^known_names: .*Jordan Blake/);
  assert.deepEqual(await refusals(AGENT, with_('Ask Priya Nair.'), task), [null]);
});

test('names that only the memories or the task hold are not the account’s', async () => {
  const told = { ...task, payload: { ...context, talking_points: ['Ask Jordan Blake.'] } };
  assert.deepEqual(await refusals(AGENT, with_('Ask Jordan Blake.'), told), ['known_names']);
});

test('ids and channels are refused, of this account and any channel', async () => {
  assert.deepEqual(await refusals(AGENT, with_('See acme‑corp.'), task), ['no_internals']);
  assert.deepEqual(await refusals(AGENT, with_('Post it in #cs-dana.'), task), ['no_internals']);
  assert.deepEqual(await refusals(AGENT, with_('Post it in #support.'), task), ['no_channels']);
});

test('a commercial concession is refused, with the sentence', async () => {
  assert.match(await refusal(AGENT, with_('Offer a **10 %** dis\u00adcount.'), task), /^no_concessions: .*Offer a/);
  assert.deepEqual(await refusals(AGENT, with_('Ask whether a shorter contract would help.'), task), [
    'no_concessions',
  ]);
});

test('without its assessment the briefing goes back to the parent, whatever it says', async () => {
  const { escalation } = await judged(AGENT, briefing, { ...task, payload: { note: 'Write something.' } });
  assert.deepEqual([escalation?.rule, escalation?.target], ['missing_assessment_context', 'parent']);
  assert.match(escalation?.reason ?? '', /the task carries no assessment/);
  assert.equal(escalation?.task, undefined);
});

test('a briefing that breaks a rule for the third time is a question to a person', async () => {
  const question = await asked(AGENT, with_('Offer a discount.'), { ...task, corrections: 2 });
  assert.deepEqual([question?.kind, question?.rules], ['breach', ['enforce.no_concessions']]);
  assert.deepEqual(question?.decides, { name: 'Dana Reyes', role: 'csm_lead' });
});

test.run();
