import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  bullets,
  checkTexts,
  fit,
  foreignLinkIn,
  givenAway,
  htmlIn,
  linksIn,
  quotes,
  wrongLines,
} from 'agent-platform/text';
import { importPath } from '../../runtime/definitions/import-path.ts';
import type { Check } from '../../runtime/pack.ts';
import { readTutorial, writeTutorial } from '../support/document.ts';
import { suite } from '../support/suite.ts';

const test = suite('agent-platform/text');
const tutorial = readTutorial(new URL('../../docs/text.md', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'text-document-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

const FACTS = { get_parcel: { parcel: 'KD-20417', sender: 'Blue Kettle Ltd', channel: '#depot-north', days: 3 } };
const view = (text: string, data: unknown = null) =>
  ({ subject: 'KD-20417', facts: FACTS, call: null, report: { text, data } }) as unknown as Parameters<Check>[0];

async function documented(): Promise<Record<string, Check>> {
  writeTutorial(tutorial, folder);
  return ((await importPath(join(folder, 'courier/checks.ts'))) as { checks: Record<string, Check> }).checks;
}

test('the checks of docs/text.md say what it shows', async () => {
  const { nothing_internal: check } = await documented();
  const expected = tutorial.examples[0] as Record<string, unknown>;
  const said = Object.fromEntries(Object.keys(expected).map((text) => [text, check?.(view(text))]));
  assert.deepEqual(said, expected);
});

test('form and figures of another trade are checked by its own limits and facts', async () => {
  const { letter_form: form, days_hold: days } = await documented();
  const letter = (where: string) =>
    `# Blue Kettle Ltd: your parcel\n\n## Where it is\n\n${where}\n\n## What to do\n\nWait.\n`;
  assert.equal(form?.(view(letter('In the depot.'))), null);
  assert.equal(form?.(view(letter('on/'.repeat(13)))), '«Where it is» has 13 words, and may have 12');
  assert.equal(
    form?.(view('# A letter\n\nHello.\n\n## Where it is\n\nHere.\n\n## What to do\n\nWait.')),
    'between the title and «## Where it is» nothing may stand',
  );
  const line = { metric: 'days', window: 'since it was sent', value: 3 };
  assert.equal(days?.(view('', { figures: [line] })), null);
  assert.equal(days?.(view('', { figures: [{ ...line, value: 9 }] })), 'days is 3 by the facts, not 9');
  assert.equal(days?.(view('', { figures: [] })), 'days is known by the facts, and is missing');
  assert.match(String(wrongLines([line, line], [line], 'known')), /named twice; these are: days/);
});

test('ids of others are found as one’s own are, and a number only behind what it is called', () => {
  const ids = [
    { id: 'KD-20417', name: null },
    { id: '35', name: null, called: 'parcels?' },
  ];
  const found = (text: string) => givenAway(text, { ids, channels: [] });
  assert.equal(found('See kd_20417.'), 'id');
  assert.equal(found('See parcel 35.'), 'id');
  assert.equal(found('It took 35 days.'), null);
});

test('links are found in Markdown, in HTML and as they stand; only those to the hosts pass', () => {
  const text =
    'See [a](https://a.example/x), <b@c.example> <a href="//evil.example">b</a>, www.d.example. [r]: e.example';
  assert.deepEqual(linksIn(text), ['https://a.example/x', '//evil.example', 'www.d.example']);
  for (const [written, foreign] of [
    ['https://help.courier.example/a', null],
    ['https://courier.example.evil.example', 'https://courier.example.evil.example'],
    ['https://courier.example@evil.example', 'https://courier.example@evil.example'],
    ['[x](javascript:alert)', 'javascript:alert'],
    ['[x](/etc)', '/etc'],
    ['no link', null],
  ] as const) {
    assert.equal(foreignLinkIn(written, ['courier.example']), foreign, written);
  }
});

test('tags and comments are HTML, comparisons are not', () => {
  for (const text of ['<br>', 'a <!-- b', '</P>', '<img src=x />']) assert.notEqual(htmlIn(text), null, text);
  for (const text of ['a < b > c', '3 <4', '<- left', 'x<y']) assert.equal(htmlIn(text), null, text);
});

test('a refusal comes before a warning, whatever the order of the rules', () => {
  const texts = [{ where: 'text', text: 'a b' }];
  const rule = (word: string, refuses: boolean) => ({
    find: ({ text }: { text: string }) => (text.includes(word) ? word : null),
    refuses,
  });
  assert.equal(checkTexts(texts, [rule('a', false), rule('b', true)]), 'text: b');
  assert.deepEqual(checkTexts(texts, [rule('a', false), rule('c', true)]), { warning: 'text: a' });
  assert.equal(checkTexts(texts, [rule('c', false)]), null);
});

test('sentences are fitted into a limit in order; quotations are passages of what was recorded', () => {
  assert.deepEqual(fit(['one two three', 'four/five', 'six'], 4), ['one two three', 'six']);
  assert.equal(bullets(['one two three'], 2), '- one…');
  assert.equal(quotes('usage slipped…', ['Then usage  slipped.']), true);
  assert.equal(quotes('', ['anything']), false);
});

test.run();
