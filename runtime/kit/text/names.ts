import { isOrdinary } from './ordinary-words.ts';
import { type OwnNames, withoutNames } from './own-names.ts';
import { folded, unmarked } from './plain-text.ts';

/**
 * Names of people that the data does not have. Found are: two or more capitalized words in a row, an initial and
 * a capitalized word, a title with one, and «Family, Given», unless they are names from the data or ordinary words of such
 * texts. A word that begins a sentence may be any word, so it is only taken for a name if it is no ordinary one.
 *
 * Limits, by design: a first name alone, names in small letters, and names in scripts without capitals are not found; a
 * name made of ordinary words only («Rose Young») is not found; a product or place of two words («New York») is, and has
 * to be worded otherwise.
 */
export function unknownName(text: string, { own, known, ordinary = NONE }: KnownNames): string | null {
  const names = new Set(known.flatMap((name) => tokensOf(folded(name))));
  const isKnown = (word: string) => names.has(folded(word.replace(/['’]s?$/u, '')));
  const words: Words = { isKnown, isOrdinary: (word) => isOrdinary(word, ordinary) };
  for (const block of blocksOf(unmarked(withoutNames(apart(text), own)))) {
    const found = nameIn(block, words);
    if (found !== null) return found;
  }
  return null;
}

export interface KnownNames {
  /** Names that are left out before anything is looked for. */
  own: OwnNames;
  /** Names each word of which may be used, alone and with others. */
  known: readonly string[];
  /** Words of the trade, in small letters, that are no names. */
  ordinary?: ReadonlySet<string>;
}

interface Words {
  isKnown(word: string): boolean;
  isOrdinary(word: string): boolean;
}

const NONE: ReadonlySet<string> = new Set();

/** «John_Smith», and «John Smith» whose space nobody sees, are two words. */
function apart(text: string): string {
  return text.replace(/(?<=\p{L})_(?=\p{L})/gu, ' ').replace(/(?<=\p{Ll})\p{Cf}+(?=\p{Lu})/gu, ' ');
}

/** Paragraphs, list items and headings, each on one line. */
function blocksOf(text: string): string[] {
  const blocks: string[] = [];
  let open = false;
  for (const line of text.split(/\r\n|[\n\r\u0085\u2028\u2029]/)) {
    const starts = /^\s*(?:[-+•>#|]|\d+[.)]\s)/.test(line);
    if (open && !starts && line.trim() !== '') blocks.push(`${blocks.pop() ?? ''} ${line.trim()}`);
    else blocks.push(line.replace(/^[\s\-+•>#|]+|^\s*\d+[.)]\s/, ''));
    open = line.trim() !== '' && !/^\s*#/.test(line);
  }
  return blocks.filter((block) => block !== '');
}

interface Token {
  text: string;
  /** Begins a sentence, a list item or a heading. */
  first: boolean;
  /** Follows the one before with nothing but a space, a hyphen or a slash between. */
  joined: boolean;
  /** Follows the one before with a comma between. */
  listed: boolean;
}

const CAPITALIZED = /^\p{Lu}[\p{L}\p{M}'’]*$/u;
const PARTICLES = new Set([
  'van',
  'von',
  'de',
  'der',
  'den',
  'da',
  'di',
  'del',
  'la',
  'le',
  'bin',
  'al',
  'el',
  'dos',
  'ter',
]);
const TITLES = new Set([
  'mr',
  'mrs',
  'ms',
  'miss',
  'dr',
  'prof',
  'professor',
  'sir',
  'herr',
  'frau',
  'mme',
  'monsieur',
  'madame',
]);

function nameIn(text: string, words: Words): string | null {
  const { isKnown, isOrdinary } = words;
  const tokens = tokenize(text);
  for (const [at, { text: word, first }] of tokens.entries()) {
    if (!CAPITALIZED.test(word)) continue;
    const after = tokens[at + 1];
    if (
      !first &&
      after?.listed &&
      CAPITALIZED.test(after.text) &&
      [word, after.text].every((one) => isStrange(one, words))
    ) {
      return `${word}, ${after.text}`;
    }
    const next = follower(tokens, at);
    if (next === null) continue;
    const other = next.text;
    if (isKnown(word) && isKnown(other)) continue;
    if (TITLES.has(word.toLowerCase())) {
      if (!isKnown(other)) return `${word} ${other}`;
      continue;
    }
    // An initial: «J. Doe».
    if (word.length === 1 && !(first && /^[AI]$/.test(word)) && isStrange(other, words)) return `${word}. ${other}`;
    if (first && (isOrdinary(word) || isKnown(other))) continue;
    if (word.length > 1 && (isStrange(word, words) || isStrange(other, words))) return `${word} ${other}`;
  }
  return null;
}

/** The capitalized word that goes on with what may be a name; particles between are passed over. */
function follower(tokens: readonly Token[], at: number): Token | null {
  for (let next = at + 1; next < tokens.length; next += 1) {
    const token = tokens[next];
    if (token === undefined || !token.joined) return null;
    if (CAPITALIZED.test(token.text)) return token;
    if (!PARTICLES.has(token.text.toLowerCase())) return null;
  }
  return null;
}

/** Neither from the data nor a word of such texts. Short words in capitals are abbreviations. */
function isStrange(word: string, { isKnown, isOrdinary }: Words): boolean {
  if (isKnown(word) || isOrdinary(word)) return false;
  return word.length > 1 && !(word.length <= 3 && word === word.toUpperCase());
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let end = 0;
  let fresh = true;
  for (const match of text.matchAll(/[\p{L}\p{M}][\p{L}\p{M}\p{N}'’]*|\p{N}[\p{L}\p{N}.,]*|◇/gu)) {
    const between = text.slice(end, match.index);
    const before = tokens.at(-1)?.text ?? '';
    const abbreviated = /^\.\s*$/.test(between) && (before.length === 1 || TITLES.has(before.toLowerCase()));
    const first = fresh || (/[.!?:;|]["'”)\]]?\s/.test(between) && !abbreviated);
    tokens.push({
      text: match[0],
      first,
      joined: !fresh && (abbreviated || /^[\s/-]+$/.test(between)),
      listed: !fresh && /^,\s+$/.test(between),
    });
    fresh = false;
    end = match.index + match[0].length;
  }
  return tokens;
}

function tokensOf(name: string): string[] {
  return name.match(/[\p{L}\p{M}\p{N}']+/gu) ?? [];
}
