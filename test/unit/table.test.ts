import assert from 'node:assert/strict';
import { cell, renderTable } from '../../bridge/terminal/table.ts';
import { widthOf, wrap } from '../../bridge/terminal/lines.ts';
import { COLOURS, harmless } from '../../bridge/terminal/terminal.ts';
import { suite } from '../support/suite.ts';

const test = suite('table');
const COLUMNS = [{ title: 'Name' }, { title: 'Days', align: 'right' as const }, { title: 'Reasons' }];
const ROWS = [
  [cell('Alpha'), cell('7'), cell(['a first reason of some length', 'a second reason of some length'])],
  [cell('Beta Limited'), cell('120'), cell('–')],
];
const lines = (width: number): string[] => renderTable(COLUMNS, ROWS, { width }).split('\n');

test('columns are as wide as their contents where there is room', () => {
  assert.deepEqual(lines(80), [
    'Name          Days  Reasons',
    '────────────  ────  ──────────────────────────────',
    'Alpha            7  a first reason of some length',
    '                    a second reason of some length',
    'Beta Limited   120  –',
  ]);
});

test('no line is wider than the terminal, and no word is lost, at any width', () => {
  const words = ROWS.flat().flatMap(({ items }) => items.flatMap((item) => item.match(/\w+/g) ?? []));
  for (let width = 14; width <= 90; width++) {
    const text = lines(width);
    for (const line of text) assert.ok(widthOf(line) <= width, `${width}: ${JSON.stringify(line)}`);
    for (const word of words)
      assert.ok(
        text.some((line) => line.includes(word)),
        `${width}: ${word} is missing`,
      );
  }
});

test('a wrapped item of a list hangs, so that the next item stands out', () => {
  assert.deepEqual(
    lines(44)
      .slice(2)
      .map((line) => line.slice(20)),
    ['a first reason of some', '  length', 'a second reason of some', '  length', '–'],
  );
});

test('where a list would be squeezed its items stand below their row', () => {
  assert.deepEqual(lines(36), [
    'Name          Days',
    '────────────  ────',
    'Alpha            7',
    '  a first reason of some length',
    '  a second reason of some length',
    'Beta Limited   120',
  ]);
});

test('a terminal too narrow for columns gets a block of lines per row', () => {
  assert.deepEqual(lines(12).slice(0, 3), ['Name: Alpha', 'Days: 7', 'Reasons: a']);
});

test('what people copy is never cut: it stands above its row where it takes too much, however wide', () => {
  const id = 'weekly_health_check-2026-11-16-326fb1ba-acme-corporation';
  const columns = [{ title: 'Run', whole: true }, { title: 'State' }, { title: 'Entries', align: 'right' as const }];
  const rows = [
    [cell(id), cell('completed'), cell('18')],
    [cell('r'), cell('failed'), cell('3')],
  ];
  const at = (width: number): string[] => renderTable(columns, rows, { width }).split('\n');
  assert.equal(at(90)[2], `${id}  completed       18`);
  assert.deepEqual(at(40), [
    'Run',
    'State      Entries',
    '─────────  ───────',
    id,
    'completed       18',
    'r',
    'failed           3',
  ]);
  assert.deepEqual(at(12).slice(0, 2), [`Run: ${id}`, 'State:']);
});

test('wide characters count two cells and combining marks none', () => {
  assert.equal(widthOf('東京'), 4);
  assert.equal(widthOf('e\u0301'), 1);
  const table = renderTable(
    [{ title: 'A' }, { title: 'B' }],
    [
      [cell('東京'), cell('x')],
      [cell('abcd'), cell('y')],
    ],
    { width: 40 },
  );
  assert.deepEqual(table.split('\n').slice(2), ['東京  x', 'abcd  y']);
});

test('a value from the data cannot command the terminal', () => {
  assert.equal(harmless('\u001b[31mred\u0007'), '\ufffd[31mred\ufffd');
  assert.deepEqual(cell('a\tb').items, ['a  b']);
  assert.deepEqual(cell('a\u202eb').items, ['a\ufffdb']);
});

test('colours change no width', () => {
  const tinted = renderTable(COLUMNS, [[cell('Alpha', 'bad'), cell('7', 'faint'), cell('x')]], {
    width: 60,
    paint: COLOURS,
  });
  const bare = renderTable(COLUMNS, [[cell('Alpha'), cell('7'), cell('x')]], { width: 60 });
  assert.notEqual(tinted, bare);
  assert.equal(tinted.replaceAll(/\u001b\[\d+m/g, ''), bare);
});

test('a cell of many thousand characters is laid out at once', () => {
  const rows = ['x'.repeat(20_000), 'word and '.repeat(2_500)].map((text) => [cell('a'), cell(text)]);
  const table = renderTable([{ title: 'A' }, { title: 'Message' }], rows, { width: 100 });
  assert.ok(table.split('\n').every((line) => widthOf(line) <= 100));
});

test('a word longer than its line is cut, never dropped', () => {
  assert.deepEqual(wrap('abcdefgh ij', 3), ['abc', 'def', 'gh', 'ij']);
  assert.deepEqual(wrap('one_two_three', 9), ['one_two_', 'three']);
});

test.run();
