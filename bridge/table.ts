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
const WHOLE_WORD = 26;
/** Rows by which the widths are judged. */
const SAMPLE = 40;
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

/**
 * The width of each column; null when they do not fit. While they are too wide, one cell is taken from the column where
 * that costs the fewest lines, of equal ones from the widest.
 */
function fit(columns: readonly Column[], rows: readonly Cell[][], room: number): number[] | null {
  const texts = columns.map(({ title }, i) => [title, ...rows.flatMap((row) => row[i]?.items ?? [])]);
  const widths = texts.map((column) => Math.max(1, ...column.flatMap((text) => text.split('\n')).map(widthOf)));
  const least = texts.map((column) =>
    Math.max(1, ...column.flatMap((text) => text.split(/\s+/)).map((word) => Math.min(widthOf(word), WHOLE_WORD))),
  );
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
