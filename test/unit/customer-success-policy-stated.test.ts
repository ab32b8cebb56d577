import assert from 'node:assert/strict';
import type { Assessment } from '../../packs/customer-success/facts.ts';
import { otherAssessmentIn } from '../../packs/customer-success/policy/contradiction.ts';
import { forecastIn } from '../../packs/customer-success/policy/forecast.ts';
import { withoutOwnNames } from '../../packs/customer-success/policy/names.ts';
import { lifecycle } from '../support/accounts.ts';
import {
  type Before,
  type Data,
  first,
  type Input,
  RECALLED,
  REMEMBERED,
  refusal,
  refusals,
} from '../support/customer-policy.ts';
import { good } from '../support/customer-played.ts';
import { suite } from '../support/suite.ts';

const test = suite('what risk analysis states, in fields and in words');
const AGENT = 'risk_analysis';

const emit = (change?: (data: Data) => void) => good('emit_event', (input) => change?.(input.data));
const store = (assessment: string, text: string) =>
  good('store_memory', (input) => Object.assign(input, { assessment, text: `${text} Memory: 2026-08-17.` }));
const brief = (change: (context: Data<string>) => void) =>
  good('delegate_to_csm_briefing', ({ context }) => change(context));
const report = (change: (data: Data<string>, input: Input) => void) =>
  good('submit_report', (input) => change(input.data as unknown as Data<string>, input));
const acted: Before = { ...REMEMBERED, made: [RECALLED, emit(), good('store_memory')] };

test('every carrier has one of the three words, spelled as they are', async () => {
  for (const other of ['No action', 'no_action', 'urgent intervention', 'Watch', 'watch ', 'w\u0430tch', '__proto__']) {
    const stored = store(other, `Acme Corp: ${other}.`);
    const handed = brief((context) => void (context.assessment = other));
    assert.deepEqual(await refusals(AGENT, [stored], REMEMBERED), ['one_assessment'], other);
    assert.match(await refusal(AGENT, [handed], REMEMBERED), /^one_assessment: .*none of stable, watch/, other);
  }
});

test('no text of an alert, a memory, a briefing’s task or a report states another assessment', async () => {
  const calm = 'No action is recommended: the account is stable.';
  const watched = store('watch', 'Acme Corp: watch, that is: stable, no action.');
  assert.deepEqual(await refusals(AGENT, [watched], REMEMBERED), ['one_assessment']);
  for (const call of [
    emit((data) => data.talking_points.push(calm)),
    emit((data) => void (first(data.reasons).text = calm)),
    brief((context) => context.reasons.push(calm)),
    report((_, input) => void (input.text = calm)),
    report((data) => data.reasons.push('All fine, do nothing.')),
  ]) {
    assert.match(await refusal(AGENT, [call], acted), /^one_assessment: .*another assessment than urgent/, call.name);
  }
});

test('phrases that state an assessment are found; the past, denials and questions are none', () => {
  const read = (text: string) => withoutOwnNames(text, { metrics: null, lifecycle: lifecycle(), memories: null });
  const other = (text: string, own: Assessment) => otherAssessmentIn(read(text), own);
  for (const [text, own] of [
    ['The account is stable.', 'watch'],
    ['Acme Corp is currently **stable**.', 'urgent_intervention'],
    ['Acme Corp: stable (unchanged).', 'watch'],
    ['Assessed as stable.', 'watch'],
    ['There is nothing to do.', 'watch'],
    ['No action needed.', 'urgent_intervention'],
    ['Assessment: watch.', 'urgent_intervention'],
    ['Acme Corp is on watch.', 'stable'],
    ['Urgent intervention: call today.', 'watch'],
    ['This calls for an immediate intervention.', 'stable'],
  ] as const) {
    assert.notEqual(other(text, own), null, text);
  }
  for (const [text, own] of [
    ['The account is stable.', 'stable'],
    ['Acme Corp is assessed as watch, up from stable on 2026-11-09.', 'watch'],
    ['Assessed as stable 5 weeks ago.', 'watch'],
    ['Urgent intervention 3 weeks ago was resolved by an intervention.', 'watch'],
    ['Ask whether what led to the last assessment (urgent intervention, 2 weeks ago) has settled.', 'watch'],
    ['Usage declines and the renewal is in 9 days: doing nothing is not an option.', 'watch'],
    ['No action is no option.', 'watch'],
    ['The account is not stable.', 'watch'],
    ['The single sign-on is stable.', 'watch'],
    ['1 signal declines; an intervention needs 2.', 'watch'],
    ['Watch the export with them.', 'urgent_intervention'],
    ['The action plan has no action items yet.', 'watch'],
  ] as const) {
    assert.equal(other(text, own), null, text);
  }
});

test('a report repeats renewal, history, signals and quotations as the facts have them', async () => {
  for (const [change, why] of [
    [(data: Data<string>) => void (data.renewal_days = 4000), /renewal_days is 60 by the facts, not 4000/],
    [(data: Data<string>) => void (data.previous = 'stable'), /previous is "watch" by the facts/],
    [(data: Data<string>) => void Object.assign(data, { changed: 'unchanged' }), /changed is "from watch"/],
    [(data: Data<string>) => void data.signals.pop(), /escalated_tickets is declining by the facts, and is missing/],
    [(data: Data<string>) => void (first(data.cited).text = 'They love us.'), /2026-08-17 does not say that/],
  ] as const) {
    const refused = await refusal(AGENT, [report(change)], acted);
    assert.match(refused, /^figures_hold: /);
    assert.match(refused, why);
  }
  for (const passage of ['usage slipped and came back', 'Watch for Acme Corp: usage slipped…']) {
    const quoted = report((data) => void (first(data.cited).text = passage));
    assert.deepEqual(await refusals(AGENT, [quoted], acted), [null], passage);
  }
});

test('an alert’s reasons are signals by name, and its account is called as the facts call it', async () => {
  for (const metric of ['ceo_gone', 'nps ', 'NPS', '__proto__', 'sunshine']) {
    const reason = { metric, window: 'ever', value: -99, text: 'Their chief left.' };
    const made = emit((data) => data.reasons.push(reason));
    assert.match(await refusal(AGENT, [made], REMEMBERED), /^reasons_hold: .* is no signal; a reason is one of weekly/);
  }
  const figure = { metric: 'last_assessment', window: '1 week', value: -99, text: 'It was watch.' };
  assert.deepEqual(await refusals(AGENT, [emit((data) => data.reasons.push(figure))], REMEMBERED), ['reasons_hold']);
  const renamed = emit((data) => void (data.account_name = 'Lumen Retail'));
  assert.match(
    await refusal(AGENT, [renamed], REMEMBERED),
    /^own_account: .*is called "Acme Corp", not "Lumen Retail"/,
  );
});

test('names of the account’s data are no words of the agent, and hide none', () => {
  const named = lifecycle({
    account_name: 'Lumen. Retail! Will churn?',
    owner: 'Usage Falling',
    contacts: [{ name: 'Will Stay', role: 'Head of Retention Forecasts' }],
  });
  const read = (text: string) =>
    forecastIn(withoutOwnNames(text, { metrics: null, lifecycle: named, memories: null }), false);
  assert.equal(read('Lumen. Retail! Will churn? went to risk analysis.'), null);
  assert.equal(
    read('**Lumen. Retail! Will churn?**: ask Will Stay, head of retention forecasts, and USAGE FALLING.'),
    null,
  );
  assert.notEqual(read('Lumen. Retail! Will churn? will churn.'), null);
  assert.notEqual(read('They will stay.'), null, 'a name counts as the data spells it');
});

test.run();
