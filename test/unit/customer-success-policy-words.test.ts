import assert from 'node:assert/strict';
import { channelIn } from 'agent-platform/text';
import { concessionIn } from '../../packs/customer-success/policy/concessions.ts';
import { forecastIn } from '../../packs/customer-success/policy/forecast.ts';
import { givenAway, type Internals } from '../../packs/customer-success/policy/internals.ts';
import { unknownName, withoutOwnNames } from '../../packs/customer-success/policy/names.ts';
import { lifecycle } from '../support/accounts.ts';
import { suite } from '../support/suite.ts';

const test = suite('words that texts of customer success may not hold');

const nobody = { metrics: null, lifecycle: lifecycle(), memories: null };
const acme: Internals = {
  account_id: 'acme-corp',
  account_name: 'Acme Corp',
  owner_channel: '#cs-dana',
  owner: 'Dana Reyes',
};

test('discounts, price cuts, credits and changed terms are found, as offer and as idea', () => {
  for (const text of [
    'Offer a 10 % discount on the renewal.',
    'A discounted first quarter could help.',
    'Consider lowering the price for a year.',
    'We could cut their monthly fee by a tenth.',
    'Take 15% off the invoice.',
    'Give them two months free.',
    'Three extra seats, free of charge, would show goodwill.',
    'Offer the training at no extra cost.',
    'Waive the onboarding fee.',
    'Propose a service credit for the outage.',
    'Refund the last invoice.',
    'Extend the contract by three months.',
    'Suggest a shorter renewal term.',
    'Ask whether quarterly billing would help them stay.',
    'Be flexible on payment terms.',
    'Move them to net-60.',
    'Put a loyalty offer on the table.',
    'An opt-out clause would calm them.',
    'Lock the price for two years.',
    'Mention special pricing for early renewals.',
    'Offer no discount yet.',
    'A price freeze may be an idea.',
    'Renegotiate the contract.',
    'Pause their subscription for a quarter.',
    'Suggest a cheaper plan.',
    '15 percent cheaper.',
    'Take 500 dollars off.',
    'Bring the price down by a fifth.',
    'Two months without paying.',
    'Upgrade them at their current price.',
    'Throw in premium support.',
    'Match the competitor’s quote.',
    'Save them 20 %.',
    'A 20% saving.',
    'Special rate.',
    'Extend their trial.',
    'Bundle training at zero cost.',
    'Let them skip an invoice.',
    'Sweeten the deal.',
    'Gratis onboarding.',
  ]) {
    assert.notEqual(concessionIn(text), null, text);
  }
});

test('a concession is found in bold, with invisible letters, and with letters of other alphabets', () => {
  for (const text of [
    'Offer a **dis**count.',
    'Offer a dis\u00adcount.',
    'Offer a dis\u200bcount.',
    'Offer a d\u0456sc\u043eunt.',
    'Offer a ＤＩＳＣＯＵＮＴ.',
    'Offer a dis-count.',
    'Offer a dis<b></b>count.',
    'Offer a &#100;iscount.',
    'Offer a `price_cut`.',
    'Offer a _rebate_.',
    'Offer a dïscöunt.',
  ]) {
    assert.notEqual(concessionIn(text), null, text);
  }
});

test('plain talk about usage, tickets and the renewal is no concession', () => {
  for (const text of [
    'Weekly active users fell 35 % in 30 days (100 → 65).',
    'Ask which results the team wants to see before the renewal in 60 days.',
    'It is on the growth plan at $4,200 a month, 26 months with us.',
    'Ask what is behind the NPS of 20 in the last 60 days, and listen before explaining.',
    'Describe the fix in the customer’s own terms.',
    'There was a drop-off in usage after the kick-off call.',
    'Feel free to bring support to the call.',
    'Long-term adoption depends on the reports.',
    'Give the team credit for the clean-up.',
    'They asked how pricing works; take the question to your next call.',
    'The contract renews on 2027-01-15.',
    'Renewed for another term after weekly active users had fallen 45 % in the summer.',
    'Find out which work moved elsewhere: 4 features in use over 30 days, 8 before.',
    'Usage is 35 % lower than before, and the renewal is in 60 days.',
    'Escalated tickets dropped off the list in the last 14 days.',
    'The export saves them 3 hours a week.',
    'The response rate is at its current level.',
    'Match the dashboards with the goals of the team.',
  ]) {
    assert.equal(concessionIn(text), null, text);
  }
});

test('what the account’s data calls somebody is not read as a concession', () => {
  const named = lifecycle({
    account_name: 'Discount Tyres',
    contacts: [{ name: 'Ann Free', role: 'Head of Credits' }],
  });
  const known = { ...nobody, lifecycle: named };
  const read = (text: string) => concessionIn(withoutOwnNames(text, known));
  assert.equal(read('Call Ann Free (Head of Credits) of Discount Tyres.'), null);
  assert.notEqual(read('Offer Discount Tyres a discount.'), null);
});

test('sentences about how likely a renewal or a loss is are forecasts', () => {
  for (const text of [
    'Acme Corp is likely to churn.',
    'They will probably not renew.',
    'The renewal is at risk.',
    'The renewal looks safe.',
    'There is a 70 % chance that we lose them.',
    'Acme Corp will renew.',
    'We could lose the account.',
    'I expect them to leave.',
    'High churn risk.',
    'Renewal unlikely.',
    'The churn probability is considerable.',
    'They are at risk of leaving.',
    'This endangers the renewal.',
    'My forecast: they cancel.',
    'Acme won’t renew.',
    'A **li**kely ch\u200burn.',
    'Ｌｉｋｅｌｙ to churn.',
    'Acme is going to go elsewhere.',
    'Renewal confidence: 20 %.',
    'Renewal health: red.',
    'We are going to lose this one.',
    'Acme Corp will not sign again.',
    'Retention looks grim.',
    'The renewal is a coin flip.',
  ]) {
    assert.notEqual(forecastIn(text, false), null, text);
  }
});

test('facts about the renewal and requests to assess are none', () => {
  for (const text of [
    'The renewal is in 60 days.',
    'The renewal was due 5 days ago.',
    'No renewal date is on record.',
    'Acme Corp is healthy: no signal declines.',
    'Acme Corp was not checked: the account has churned.',
    'Acme Corp went to risk analysis, whose report is below.',
    'Weekly active users fell 35 % in 30 days (100 → 65).',
    'Renewal in 60 days; risk analysis looks at it.',
    'They will sign in again once the export works.',
  ]) {
    assert.equal(forecastIn(text, false), null, text);
  }
  const question = 'Assess how likely Acme Corp is to churn.';
  assert.equal(forecastIn(question, true), null);
  assert.notEqual(forecastIn(question, false), null);
  assert.notEqual(forecastIn('Assess why there is an 80 % chance that they churn.', true), null);
});

test('the account’s id is found however it is spelled, and inside longer words', () => {
  for (const text of [
    'acme-corp declines.',
    'ACME-CORP declines.',
    'See (acme-corp).',
    'Run weekly-2026-11-16-acme-corp waits.',
    'https://crm.example/accounts/acme-corp?tab=1',
    'https://crm.example/accounts/acme%2Dcorp',
    'acme\u2011corp',
    'acme-\u200bcorp',
    '**acme**-corp',
    'acme\\-corp',
    'acme&#45;corp',
    '\u0430cme-corp',
    'id_acme-corp',
    'acme-<!-- -->corp',
    '[acme](x)-corp',
    '[the account](https://crm.example/acme-corp)',
    'ACME_CORP',
    'id: acme.corp',
    'acme corp id',
  ]) {
    assert.equal(givenAway(text, acme), 'the internal id of the account', text);
  }
});

test('the name, words that only begin like the id, and figures give nothing away', () => {
  for (const text of [
    'Acme Corp declines.',
    'An acme-corporate style.',
    'The Acme corporation.',
    'macme-corp is a word.',
  ]) {
    assert.equal(givenAway(text, acme), null, text);
  }
  const numbered = { ...acme, account_id: '35' };
  assert.equal(givenAway('Weekly active users fell 35 % in 30 days.', numbered), null);
  assert.notEqual(givenAway('Account 35 declines.', numbered), null);
  assert.notEqual(givenAway('It has the id: 35.', numbered), null);
  assert.notEqual(givenAway('See KD-20417.', { ...acme, account_id: 'KD-20417' }), null);
  for (const account_id of ['%', '*', ' ', '', '🙂']) {
    assert.equal(givenAway('Usage fell 35 % in 30 days 🙂 *', { ...acme, account_id }), null, account_id);
  }
  assert.equal(givenAway('Acme declines.', { ...acme, account_id: 'acme' }), null, 'a word of the name');
});

test('the owner’s channel is found with its sign, and without it where it is called a channel', () => {
  for (const text of [
    'Post it in #cs-dana.',
    'Post it in #CS-Dana',
    'the cs-dana channel',
    'Slack: cs-dana',
    '#cs\u2011dana',
    'Ask cs-dana.',
  ]) {
    assert.equal(givenAway(text, acme), 'the internal channel of its owner', text);
  }
  assert.equal(givenAway('Dana Reyes owns the account.', acme), null);
  const shared = { ...acme, owner_channel: '#customer-success' };
  assert.equal(givenAway('The customer-success manager calls.', shared), null);
  assert.notEqual(givenAway('Ask in the customer-success channel.', shared), null);
});

test('any channel is one, whoever owns it; headings and ranks are none', () => {
  assert.notEqual(channelIn('Raise it in #support-escalations.'), null);
  assert.notEqual(channelIn('(#general)'), null);
  for (const text of ['# Acme Corp: briefing', '## Risks', 'Their #1 wish', 'C# developers']) {
    assert.equal(channelIn(text), null, text);
  }
});

test('a text of any length is read in a moment', () => {
  const started = performance.now();
  for (const part of [' ', '\n', 'churn ', 'likely ', 'contract ', 'Ab ', '<', '&#', 'a/', '*_']) {
    const text = part.repeat(50_000 / part.length);
    concessionIn(text);
    forecastIn(text, true);
    givenAway(text, acme);
    channelIn(text);
    unknownName(text, nobody);
  }
  assert.ok(performance.now() - started < 5_000);
});

test.run();
