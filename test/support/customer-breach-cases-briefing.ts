import { type Case, text } from './customer-breaches.ts';

const line = (words: string) => text((all) => `${all.trimEnd()}\n- ${words}\n`);

/** Ways to break each rule of csm_briefing. */
export const BRIEFING_CASES: Case[] = [
  {
    sentence: 'four sections',
    agent: 'csm_briefing',
    rule: 'four_sections',
    spoil: text((all) => all.replace('## Actions', '## To do')),
    held: [],
  },
  {
    sentence: 'word limits',
    agent: 'csm_briefing',
    rule: 'four_sections',
    spoil: line(Array.from({ length: 61 }, () => 'listen').join('/')),
    held: [],
  },
  {
    sentence: 'only names from the data',
    agent: 'csm_briefing',
    rule: 'known_names',
    spoil: text((all) => all.replace('Dana Whitfield', 'Jordan Blake')),
    held: [],
  },
  {
    sentence: 'no id in the briefing',
    agent: 'csm_briefing',
    rule: 'no_internals',
    spoil: line('acme-corp'),
    held: [],
  },
  {
    sentence: 'no channel in the briefing',
    agent: 'csm_briefing',
    rule: 'no_channels',
    spoil: line('Ask in #support.'),
    held: [],
  },
  {
    sentence: 'no concession in the briefing',
    agent: 'csm_briefing',
    rule: 'no_concessions',
    spoil: line('Waive a fee.'),
    held: [],
  },
  {
    sentence: 'the briefing states the assessment of its task',
    agent: 'csm_briefing',
    rule: 'one_assessment',
    spoil: line('The account is stable: no action is needed.'),
    held: [],
  },
];
