import type { Json } from '../../json.ts';

/**
 * Text as a reader takes it in: what only looks different is the same. Checks compare such texts, so that a word does not
 * slip through in bold, with an invisible character inside, or with a letter of another alphabet. Pure.
 */
const LOOK_ALIKES: Record<string, string> = {
  ...pairs('аеорсхуіѕјһԁкмтвнгԛԝ', 'aeopcxyisjhdkmtbhrqw'),
  ...pairs('αορνικτυεχηβ', 'aopviktuexnb'),
  ...pairs('ıɡɑℓ', 'igal'),
};
const ENTITIES: Record<string, string> = {
  nbsp: ' ',
  shy: '',
  amp: '&',
  hyphen: '-',
  dash: '-',
  num: '#',
  percnt: '%',
};

/**
 * The ways to read a text, in lower case: marks such as `*` and `_` as nothing (`dis*count*`) and as a space (`price_cut`),
 * and as a browser shows it, without comments and the targets of links. A pattern is to be tried on each.
 */
export function readings(text: string): string[] {
  const known = read.get(text);
  if (known) return known;
  const found = readingsOf(text);
  if (read.size >= MOST_READ) read.clear();
  read.set(text, found);
  return found;
}

/** A dozen checks read the same few texts of a turn. */
const read = new Map<string, string[]>();
const MOST_READ = 256;

function readingsOf(text: string): string[] {
  const plain = decoded(text);
  const unmarkedAs = (source: string, marks: string) =>
    skeleton(source.replace(/<!--|-->|<\/?[a-z][^<>]*>|[*_`~\\|]+/gi, marks));
  const shown = plain.replace(/<!--[\s\S]*?(?:-->|$)/g, '').replace(/\[([^[\]]*)\]\([^()\s]*\)/g, '$1');
  return [...new Set([unmarkedAs(plain, ''), unmarkedAs(plain, ' '), unmarkedAs(shown, '')])];
}

/** The first reading: for what is compared as a whole, such as an id or a name. */
export function folded(text: string): string {
  return readings(text)[0] ?? '';
}

/** Without emphasis and invisible characters, but with its capitals: for what goes by capitals. */
export function unmarked(text: string): string {
  return composed(decoded(text).replace(/<\/?[a-z][^<>]*>|[*_`~\\]+/gi, ''));
}

/** Sentences and list items. A heading is one of its own. */
export function sentencesOf(text: string): string[] {
  return text
    .split(/(?<=[.!?;])\s+|\n/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** The start of the first sentence that one way to read it makes true; null when there is none. `find` gets lower case. */
export function sentenceIn(text: string, find: (reading: string) => boolean): string | null {
  const found = sentencesOf(text).find((sentence) => readings(sentence).some(find));
  return found === undefined ? null : excerpt(found);
}

/** Every string inside a JSON value, with the keys that lead to it. */
export function stringsIn(
  value: Json | undefined,
  path: readonly string[] = [],
): { path: readonly string[]; text: string }[] {
  if (typeof value === 'string') return [{ path, text: value }];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => stringsIn(item, [...path, key]));
}

/** The start of a text, for a message. */
export function excerpt(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return `«${line.length > EXCERPT ? `${line.slice(0, EXCERPT)}…` : line}»`;
}

const EXCERPT = 80;

function skeleton(text: string): string {
  if (/^\p{ASCII}*$/u.test(text)) return text.toLowerCase();
  const lower = composed(text).toLowerCase().normalize('NFD').replace(/\p{M}/gu, '');
  return lower.replace(/\P{ASCII}/gu, (letter) => LOOK_ALIKES[letter] ?? letter);
}

/** One form of each character, one kind of dash and apostrophe, nothing invisible. */
function composed(text: string): string {
  return text
    .normalize('NFKC')
    .replace(/[\p{Cf}\p{Variation_Selector}]|\u034f|\u115f|\u1160|\u3164/gu, '')
    .replace(/[\p{Pd}\u2212]/gu, '-')
    .replace(/[‘’ʼ]/g, "'");
}

function decoded(text: string): string {
  return text
    .replace(/&(?:#(\d{1,6})|#x([0-9a-f]{1,5})|([a-z]+));/gi, (whole, decimal, hex, name) => {
      if (name !== undefined) return ENTITIES[String(name).toLowerCase()] ?? whole;
      const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    })
    .replace(/%([2-7][0-9a-f])/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function pairs(from: string, to: string): Record<string, string> {
  const letters = Array.from(to);
  return Object.fromEntries(Array.from(from).map((letter, at) => [letter, letters[at] ?? letter]));
}
