import { isList, type Result, Undecided, type Value } from './values.ts';

/** Functions of texts. Positions and sizes count code points, as CEL does; JavaScript counts halves of them. Pure. */
type Texts = Record<string, (text: string, ...args: Value[]) => Result | undefined>;

const OUTSIDE = new Undecided('the position is outside of the text');

const isText = (value: Value | undefined): value is string => typeof value === 'string';
const isInt = (value: Value | undefined): value is bigint => typeof value === 'bigint';

export function sizeOfText(text: string): bigint {
  let size = text.length;
  for (let at = 0; at < text.length; at++) if ((text.codePointAt(at) ?? 0) > 0xffff) size -= 1;
  return BigInt(size);
}

/** By name and number of arguments; undefined when one of them is of the wrong type. */
export const TEXT_METHODS: Texts = {
  'contains/1': (text, part) => (isText(part) ? text.includes(part) : undefined),
  'startsWith/1': (text, part) => (isText(part) ? text.startsWith(part) : undefined),
  'endsWith/1': (text, part) => (isText(part) ? text.endsWith(part) : undefined),
  'lowerAscii/0': (text) => text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase()),
  'upperAscii/0': (text) => text.replaceAll(/[a-z]+/g, (letters) => letters.toUpperCase()),
  // U+FEFF is white space for JavaScript alone, U+0085 for Unicode alone.
  'trim/0': (text) => text.replace(/^\p{White_Space}+/u, '').replace(/(?<!\p{White_Space})\p{White_Space}+$/u, ''),
  'indexOf/1': (text, part) => (isText(part) ? pointAt(text, text.indexOf(part)) : undefined),
  'indexOf/2': (text, part, from) => {
    if (!isText(part) || !isInt(from)) return undefined;
    const at = unitAt(text, from);
    return at === null ? OUTSIDE : pointAt(text, text.indexOf(part, at));
  },
  'lastIndexOf/1': (text, part) => (isText(part) ? pointAt(text, text.lastIndexOf(part)) : undefined),
  'lastIndexOf/2': (text, part, from) => {
    if (!isText(part) || !isInt(from)) return undefined;
    const at = unitAt(text, from);
    return at === null ? OUTSIDE : pointAt(text, text.lastIndexOf(part, at));
  },
  'substring/1': (text, from) => (isInt(from) ? slice(text, unitAt(text, from), text.length) : undefined),
  'substring/2': (text, from, to) =>
    isInt(from) && isInt(to) ? slice(text, unitAt(text, from), unitAt(text, to)) : undefined,
  'split/1': (text, by) => (isText(by) ? split(text, by) : undefined),
  'split/2': (text, by, most) => (isText(by) && isInt(most) ? splitAtMost(split(text, by), by, most) : undefined),
};

export function join(list: Value, by: Value = ''): Result | undefined {
  return isText(by) && isList(list) && list.every(isText) ? list.join(by) : undefined;
}

/** How many code points stand before a place that JavaScript counts; −1 stays what it is. */
function pointAt(text: string, unit: number): bigint {
  return unit < 0 ? -1n : sizeOfText(text.slice(0, unit));
}

/** Where JavaScript has a code point; null when the text is shorter. */
function unitAt(text: string, point: bigint): number | null {
  if (point < 0n || point > BigInt(text.length)) return null;
  let unit = 0;
  for (let at = 0; at < Number(point); at++) {
    if (unit >= text.length) return null;
    unit += (text.codePointAt(unit) ?? 0) > 0xffff ? 2 : 1;
  }
  return unit;
}

function slice(text: string, from: number | null, to: number | null): Result {
  return from === null || to === null || from > to ? OUTSIDE : text.slice(from, to);
}

/** Without a separator, a text falls into its code points. */
function split(text: string, by: string): string[] {
  return by === '' ? Array.from(text) : text.split(by);
}

/** The last part holds the rest; a negative number of parts bounds nothing. */
function splitAtMost(parts: string[], by: string, most: bigint): string[] {
  if (most < 0n || BigInt(parts.length) <= most) return parts;
  if (most === 0n) return [];
  const whole = parts.slice(0, Number(most) - 1);
  return [...whole, parts.slice(whole.length).join(by)];
}
