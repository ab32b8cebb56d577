import assert from 'node:assert/strict';
import { unknownName } from '../../packs/customer-success/policy/names.ts';
import { briefingForm } from '../../packs/customer-success/playbook.ts';
import { countWords, formProblem } from 'agent-platform/text';
import { lifecycle, metrics, playbook } from '../support/accounts.ts';
import { suite } from '../support/suite.ts';

const test = suite('the form of a briefing, and the names in it');

const limits = playbook.briefing;
const problem = (markdown: string) => formProblem(markdown, briefingForm(playbook), 'Acme Corp');
const body = { Situation: 'One.', Risks: '- Two.', Actions: '- Three.', 'Talking points': '- Four.' };

function briefing(over: Partial<typeof body> = {}, title = '# Acme Corp: briefing as of 2026-11-16'): string {
  const sections = Object.entries({ ...body, ...over }).map(([heading, text]) => `## ${heading}\n\n${text}`);
  return `${title}\n\n${sections.join('\n\n')}\n`;
}

const known = {
  metrics: metrics(),
  lifecycle: lifecycle({
    contacts: [
      { name: 'Priya Nair', role: 'Head of Operations' },
      { name: 'Dr. Lucia Ferraro', role: 'Chief Information Officer' },
      { name: 'Pieter van Dam', role: 'Revenue Manager' },
    ],
  }),
  memories: null,
};

test('a section may have as many words as the playbook says, and not one more', () => {
  for (const [heading, limit] of [
    ['Situation', limits.situation],
    ['Risks', limits.risks],
    ['Actions', limits.actions],
    ['Talking points', limits.talking_points],
  ] as const) {
    const of = (count: number) => briefing({ [heading]: Array.from({ length: count }, () => 'word').join(' ') });
    assert.equal(problem(of(limit)), null);
    assert.equal(problem(of(limit + 1)), `«${heading}» has ${limit + 1} words, and may have ${limit}`);
  }
});

test('words that are glued together count apart', () => {
  assert.equal(countWords('- one two-fold three'), 4);
  for (const glued of [
    'one/two',
    'one—two',
    'one_two',
    'one…two',
    'one,two',
    'one\u00a0two',
    'o\u200bne two',
    'one<br>two',
    'one(two',
    'one→two',
    'one.two',
    'one\u3000two',
  ]) {
    assert.equal(countWords(glued), 2, glued);
  }
  const long = Array.from({ length: limits.actions + 1 }, () => 'word').join('/');
  assert.match(problem(briefing({ Actions: long })) ?? '', /«Actions» has 51 words/);
});

test('sections that are missing, doubled, renamed, reordered or empty are refused', () => {
  const { Situation, Risks, Actions } = body;
  const swapped = { Risks, Situation, Actions, 'Talking points': '- Four.' };
  const text = (sections: Record<string, string>) =>
    `# Acme Corp\n\n${Object.entries(sections)
      .map(([heading, one]) => `## ${heading}\n\n${one}`)
      .join('\n\n')}`;
  for (const wrong of [
    text({ Situation, Risks, Actions }),
    text(swapped),
    text({ ...body, Summary: 'More.' }),
    text({ ...body, 'Talking points': '' }),
    briefing({ Risks: '- ' }),
    briefing().replace('## Risks', '### Risks'),
    briefing().replace('## Risks', '## RISKS'),
    briefing().replace('## Risks', '**Risks**'),
    briefing({ Actions: '- Three.\n\n### Later\n\n- More.' }),
    briefing({ Actions: '- Three.\n\nLater\n-----\n\n- More.' }),
    briefing({ Actions: '<h2>Later</h2>' }),
    `${briefing()}\n## Situation\n\nAgain.`,
  ]) {
    assert.match(problem(wrong) ?? '', /the headings have to be|is empty/, wrong);
  }
});

test('a title comes first, and nothing stands around the briefing', () => {
  assert.equal(problem(briefing()), null);
  assert.equal(problem(briefing().replaceAll('\n', '\r\n')), null);
  for (const wrong of ['', 'Here is the briefing:\n\n', '```markdown\n', '## Acme Corp\n\n']) {
    assert.match(problem(`${wrong}${briefing()}`.trim() || ' ') ?? (wrong === '' ? 'title line' : ''), /title line/);
  }
  assert.match(problem(briefing({}, '# Acme Corp\n\nA summary.')) ?? '', /between the title/);
});

test('a title has a few words beside the name, and nothing hides in a comment', () => {
  const { title: limit } = limits;
  const titled = (count: number) =>
    briefing({}, `# Acme Corp: ${Array.from({ length: count }, () => 'word').join(' ')}`);
  assert.equal(problem(titled(limit - 1)), null);
  assert.match(problem(titled(300)) ?? '', /the title has 30\d words beside the name, and may have 12/);
  assert.match(problem(briefing({ Situation: 'One. <!-- two-three-four -->' })) ?? '', /a comment in HTML/);
});

test('people whom the data does not name are found', () => {
  for (const text of [
    'Call Jordan Blake by Friday.',
    'Jordan Blake will join the call.',
    '- Jordan Blake, their new lead, decides.',
    'Ask **Jordan** Blake.',
    'Ask Jordan\nBlake.',
    'Ask Jordan-Blake.',
    'Ask J. Blake about it.',
    'Ask Mr. Blake about it.',
    'Ask Dr Blake about it.',
    'Ask Anna van der Blake.',
    'Ask JORDAN BLAKE.',
    'Ask \u0408ordan Blake.',
    'Ask José Álvarez.',
    'Ask Grace Hopper.',
    'Ask Will Turner.',
    'Priya Blake knows.',
    'Talk to Priya Nair and Jordan Blake.',
    'Contact: Jordan Blake',
    'Ask O’Neil Blake.',
    'Ask Jordan\u00a0Blake.',
    'Ask Jor\u200bdan Blake.',
    'Call Blake, Jordan.',
    'Ask Jordan_Blake',
    'Ask Jordan/Blake',
    'Ask Jordan\u2060Blake.',
  ]) {
    assert.notEqual(unknownName(text, known), null, text);
  }
});

test('people and companies of the data may be named, in whole, in part, with title and in the genitive', () => {
  for (const text of [
    'Call Priya Nair (Head of Operations) by 2026-11-19.',
    'Priya Nair’s team and Dana Reyes meet.',
    'Ask Priya about it.',
    'Ms Nair asked for it.',
    'Dr. Lucia Ferraro, Chief Information Officer, decides.',
    'Dr Ferraro decides.',
    'Pieter van Dam signs.',
    'Acme Corp is on the growth plan.',
    'Revisit Acme Corp after the call.',
    'Reconnect Priya with support.',
    'PRIYA NAIR decides.',
    '**Priya Nair** decides.',
  ]) {
    assert.equal(unknownName(text, known), null, text);
  }
});

test('ordinary English prose and title case name nobody', () => {
  for (const text of [
    'Weekly Active Users fell 35 % in 30 days.',
    'Net Promoter Score: 20 in the last 60 days.',
    'Talking Points and Next Steps',
    'Prepare an Executive Business Review with the Customer Success Manager.',
    'Please reach out by Thursday. It renews in 60 days. Usage declines.',
    '- Open with the 2 escalated tickets.\n- Ask what changed.\n- Find out which work moved elsewhere.',
    'Bring Support to the call. Slack them first.',
    'On Monday, November 23, the Support Team answers.',
    'Share the Q4 roadmap. NPS is 20; WAU is 65.',
    'They asked for SSO and an API export to Excel.',
    'I would open with the tickets. We should listen first.',
    'Review Dashboard Usage with the Account Team.',
    'The Growth Plan includes Reports, Dashboards and Automations.',
    'Renewal Risk: usage fell. Quick Win: export.',
    'Acknowledge the delay. Apologize once. Then listen.',
    'Reconfirm the success criteria, e.g. Weekly reports.',
    'Frankly, Excel exports matter. Bring Slack, Jira and Excel.',
    'Sales/Support review the Weekly_Active_Users export.',
  ]) {
    assert.equal(unknownName(text, known), null, text);
  }
});

test('what the detector cannot know is as documented', () => {
  // Not found: a first name alone, small letters, names of ordinary words only, parts of two known names.
  for (const text of ['Ask Jordan.', 'Ask jordan blake.', 'Priya Ferraro decides.']) {
    assert.equal(unknownName(text, known), null, text);
  }
  // Found although nobody: places and products of two words.
  assert.equal(unknownName('Their office in New York decides.', known), 'New York');
});

test.run();
