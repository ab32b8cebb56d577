/** Tables for people, as wide as their terminal. Pure. */
import { pad, widthOf, wrap } from './lines.ts';
import { harmless, type Paint, PLAIN } from './terminal.ts';

export interface Column {
  title: string;
  align?: 'left' | 'right';
  /** Its words are never cut, as people copy them: where they are too long they stand on a line of their own, however wide. */
  whole?: boolean;
}

/** The items of a list stand below each other; a tone colours the whole cell. */
export interface Cell {
  items: string[];
  tone?: keyof Paint;
}

export interface TableOptions {
  /** Cells of the terminal. */
  width: number;
  paint?: Paint;
}

const GAP = 2;
/** A word up to this length is never cut to make a column narrower. */
const WHOLE_WORD = 26;
/** Rows by which the widths are judged. */
const SAMPLE = 40;
const WORDS = /\s+/;
/** A name like `one_two` may break behind its underscore before a table breaks up. */
const WORD_PARTS = /\s+|(?<=_)/;
const HANGING = '  ';
/** A list narrower than this is put below its row, with this indent. */
const LIST_WIDTH = 24;
const BELOW = '  ';
/** What stands for an absent value. */
export const NOTHING = '–';

export function cell(value: string | string[], tone?: keyof Paint): Cell {
  const items = (Array.isArray(value) ? value : [value]).map(harmless);
  return tone === undefined ? { items } : { items, tone };
}

/**
 * Columns as wide as their contents where they fit, else they give way and wrap. Where that would squeeze lists, their
 * items go below each row instead; where whole columns take too much, they go above it; where even the rest does not fit, a
 * row becomes a block of `title: value` lines. No trailing spaces, no line feed at the end.
 */
export function renderTable(columns: readonly Column[], rows: readonly Cell[][], options: TableOptions): string {
  const { width, paint = PLAIN } = options;
  const all = columns.map((_, i) => i);
  const lists = all.filter((i) => rows.some((row) => (row[i]?.items.length ?? 0) > 1));
  const others = all.filter((i) => !lists.includes(i));
  const whole = others.filter((i) => columns[i]?.whole);
  const rest = others.filter((i) => !whole.includes(i));
  const layouts = [
    { above: [], side: all, below: [], words: WORDS },
    { above: [], side: others, below: lists, words: WORDS },
    { above: [], side: others, below: lists, words: WORD_PARTS },
    ...(whole.length > 0 ? [{ above: whole, side: rest, below: lists, words: WORD_PARTS }] : []),
  ];
  for (const { above, side, below, words } of layouts) {
    const pick = <T>(row: readonly T[]): T[] => side.flatMap((i) => row[i] ?? []);
    const heads = pick(columns);
    const picked = rows.map(pick);
    const widths = side.length === 0 ? null : fit(heads, picked, width - GAP * (heads.length - 1), words);
    if (widths === null) continue;
    const titles = heads.map(({ title }) => cell(title, 'strong'));
    const names = above.map((i) => paint.strong(columns[i]?.title ?? ''));
    const rule = widths.map((each) => '─'.repeat(each)).join(' '.repeat(GAP));
    const body = rows.flatMap((row, at) => [
      ...above.flatMap((i) => (row[i]?.items ?? []).map((item) => toned(item, row[i]?.tone, paint))),
      ...sideBySide(heads, picked[at] ?? [], widths, paint),
      ...below.flatMap((i) => itemsBelow(row[i], width, paint)),
    ]);
    return [...names, ...sideBySide(heads, titles, widths, paint), paint.faint(rule), ...body].join('\n');
  }
  return rows.map((row) => block(columns, row, width, paint)).join('\n\n');
}

function sideBySide(
  columns: readonly Column[],
  cells: readonly Cell[],
  widths: readonly number[],
  paint: Paint,
): string[] {
  const wrapped = cells.map(({ items }, i) => itemLines(items, widths[i] ?? 1));
  const height = Math.max(...wrapped.map((lines) => lines.length));
  return Array.from({ length: height }, (_, at) =>
    cells
      .map(({ tone }, i) => {
        const text = wrapped[i]?.[at] ?? '';
        const padded = pad(text, widths[i] ?? 0, columns[i]?.align);
        return tone === undefined ? padded : padded.replace(text, () => paint[tone](text));
      })
      .join(' '.repeat(GAP))
      .trimEnd(),
  );
}

function itemsBelow(list: Cell | undefined, width: number, paint: Paint): string[] {
  const { items = [], tone } = list ?? {};
  return items
    .filter((item) => item !== NOTHING)
    .flatMap((item) =>
      wrap(item, width - BELOW.length - HANGING.length).map((line, at) => (at === 0 ? '' : HANGING) + line),
    )
    .map((line) => BELOW + line)
    .map((line) => toned(line, tone, paint));
}

function toned(text: string, tone: keyof Paint | undefined, paint: Paint): string {
  return tone === undefined ? text : paint[tone](text);
}

/** Lines of the items; a wrapped item hangs, so that the next one can be told apart from its rest. */
function itemLines(items: readonly string[], width: number): string[] {
  return items.flatMap((item) => {
    const lines = wrap(item, width);
    const [first = '', ...rest] = lines;
    if (rest.length === 0 || items.length === 1 || longestWord(item) > width - HANGING.length) return lines;
    const below = item.slice(first.length).trimStart();
    return [first, ...wrap(below, width - HANGING.length).map((line) => HANGING + line)];
  });
}

/**
 * The width of each column; null when they do not fit. While they are too wide, one cell is taken from the column where
 * that costs the fewest lines, of equal ones from the widest.
 */
function fit(columns: readonly Column[], rows: readonly Cell[][], room: number, words: RegExp): number[] | null {
  const texts = columns.map(({ title }, i) => [title, ...rows.flatMap((row) => row[i]?.items ?? [])]);
  // No column is wider than all of the table: from there it is narrowed cell by cell.
  const widths = texts.map((column) =>
    Math.min(room, Math.max(1, ...column.flatMap((text) => text.split('\n')).map(widthOf))),
  );
  const least = texts.map((column, i) => {
    const isList = rows.some((row) => (row[i]?.items.length ?? 0) > 1);
    const uncut = columns[i]?.whole === true;
    const longest = Math.max(
      1,
      ...column.map((text) => (uncut ? longestWord(text) : Math.min(longestWord(text, words), WHOLE_WORD))),
    );
    return isList ? Math.max(longest, Math.min(widths[i] ?? 1, LIST_WIDTH)) : longest;
  });
  if (sum(least) > room) return null;
  const height = heights(columns, rows);
  while (sum(widths) > room) {
    const candidates = widths.flatMap((width, i) =>
      width > (least[i] ?? 1) ? [{ i, width, cost: height(widths.with(i, width - 1)) }] : [],
    );
    const [best] = candidates.sort((a, b) => a.cost - b.cost || b.width - a.width);
    if (!best) return null;
    widths[best.i] = best.width - 1;
  }
  return widths;
}

/** How many lines the table takes at given widths, judged by a sample of its rows. */
function heights(columns: readonly Column[], rows: readonly Cell[][]): (widths: readonly number[]) => number {
  const every = Math.ceil(rows.length / SAMPLE);
  const sample = [columns.map(({ title }) => ({ items: [title] })), ...rows.filter((_, at) => at % every === 0)];
  const known = new Map<string, number[]>();
  const ofColumn = (i: number, width: number): number[] => {
    const key = `${i} ${width}`;
    const found = known.get(key) ?? sample.map((row) => itemLines(row[i]?.items ?? [], width).length);
    known.set(key, found);
    return found;
  };
  return (widths) => {
    const lines = widths.map((width, i) => ofColumn(i, width));
    return sum(sample.map((_, at) => Math.max(...lines.map((column) => column[at] ?? 0))));
  };
}

function block(columns: readonly Column[], row: readonly Cell[], width: number, paint: Paint): string {
  return columns
    .flatMap(({ title, whole }, i) => {
      const { items, tone } = row[i] ?? { items: [] };
      const text = `${title}: ${items.join('; ')}`;
      const [first = '', ...rest] = whole ? [text] : wrap(text, width);
      const tinted = (line: string): string => toned(line, tone, paint);
      const head = first.startsWith(`${title}: `)
        ? `${paint.strong(`${title}:`)} ${tinted(first.slice(title.length + 2))}`
        : first;
      return [head, ...rest.map((line) => tinted(line))];
    })
    .join('\n');
}

function longestWord(text: string, words = WORDS): number {
  return Math.max(...text.split(words).map(widthOf));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
