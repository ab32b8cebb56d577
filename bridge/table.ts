/** Tables for people, as wide as their terminal. Pure. */
import { harmless, pad, type Paint, PLAIN, widthOf, wrap } from './terminal.ts';

export interface Column {
  title: string;
  align?: 'left' | 'right';
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
const WHOLE_WORD = 22;
const HANGING = '  ';

export function cell(value: string | string[], tone?: keyof Paint): Cell {
  const items = (Array.isArray(value) ? value : [value]).map(harmless);
  return tone === undefined ? { items } : { items, tone };
}

/**
 * Columns as wide as their contents where they fit, else the widest give way and wrap. Where even their longest words do
 * not fit side by side, each row becomes a block of `title: value` lines. No trailing spaces, no line feed at the end.
 */
export function renderTable(columns: readonly Column[], rows: readonly Cell[][], options: TableOptions): string {
  const { width, paint = PLAIN } = options;
  const widths = fit(columns, rows, width - GAP * (columns.length - 1));
  if (widths === null) return rows.map((row) => block(columns, row, width, paint)).join('\n\n');
  const line = (cells: readonly { lines: string[]; tone?: keyof Paint }[]): string[] => {
    const height = Math.max(...cells.map(({ lines }) => lines.length));
    return Array.from({ length: height }, (_, at) =>
      cells
        .map(({ lines, tone }, i) => {
          const text = lines[at] ?? '';
          const padded = pad(text, widths[i] ?? 0, columns[i]?.align);
          return tone === undefined ? padded : padded.replace(text, () => paint[tone](text));
        })
        .join(' '.repeat(GAP))
        .trimEnd(),
    );
  };
  const heading = line(
    columns.map(({ title }, i) => ({ lines: wrap(title, widths[i] ?? 1), tone: 'strong' as const })),
  );
  const rule = paint.faint(widths.map((each) => '─'.repeat(each)).join(' '.repeat(GAP)));
  const body = rows.flatMap((row) =>
    line(row.map(({ items, tone }, i) => ({ lines: itemLines(items, widths[i] ?? 1), ...(tone && { tone }) }))),
  );
  return [...heading, rule, ...body].join('\n');
}

/** Lines of the items; a wrapped item hangs, so that the next one can be told apart from its rest. */
function itemLines(items: readonly string[], width: number): string[] {
  if (items.length === 1 || width <= 3 * HANGING.length) return items.flatMap((item) => wrap(item, width));
  return items.flatMap((item) => {
    const [first = '', ...rest] = wrap(item, width);
    if (rest.length === 0) return [first];
    const below = item.slice(first.length).trimStart();
    return [first, ...wrap(below, width - HANGING.length).map((line) => HANGING + line)];
  });
}

/** The width of each column; null when they do not fit. */
function fit(columns: readonly Column[], rows: readonly Cell[][], room: number): number[] | null {
  const texts = columns.map(({ title }, i) => [title, ...rows.flatMap((row) => row[i]?.items ?? [])]);
  const widths = texts.map((column) => Math.max(1, ...column.flatMap((text) => text.split('\n')).map(widthOf)));
  const least = texts.map((column) =>
    Math.max(1, ...column.flatMap((text) => text.split(/\s+/)).map((word) => Math.min(widthOf(word), WHOLE_WORD))),
  );
  if (sum(least) > room) return null;
  for (let over = sum(widths) - room; over > 0; over--) {
    const slack = widths.map((width, i) => (width > (least[i] ?? 1) ? width : 0));
    const widest = slack.indexOf(Math.max(...slack));
    widths[widest] = (widths[widest] ?? 1) - 1;
  }
  return widths;
}

function block(columns: readonly Column[], row: readonly Cell[], width: number, paint: Paint): string {
  return columns
    .flatMap(({ title }, i) => {
      const { items, tone } = row[i] ?? { items: [] };
      const lines = wrap(`${title}: ${items.join('; ')}`, width);
      const [first = '', ...rest] = lines;
      const tinted = (text: string): string => (tone === undefined ? text : paint[tone](text));
      const head = first.startsWith(`${title}: `)
        ? `${paint.strong(`${title}:`)} ${tinted(first.slice(title.length + 2))}`
        : first;
      return [head, ...rest.map((line) => tinted(line))];
    })
    .join('\n');
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
