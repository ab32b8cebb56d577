import { pattern } from './pattern.ts';
import { words } from './wording.ts';

/** Names of the data: what it calls itself and its people. */
export interface OwnNames {
  /** As the data spells them, or in capitals only. Those of two characters and fewer are not looked for. */
  exact: readonly string[];
  /** Known in any case, such as roles; those of one word are not looked for. */
  phrases: readonly string[];
}

/**
 * What the data calls itself and its people says nothing about it: a company called Discount Tyres gives none. So every check
 * of words reads texts without these names, and does so before a text is cut into sentences, as a name may hold a full stop.
 */
export function withoutNames(text: string, { exact, phrases }: OwnNames): string {
  const named = exact.filter((name) => name.trim().length > SHORTEST);
  const spoken = phrases.filter((name) => words(name).length > 1);
  return without(without(text, [...named, ...named.map((name) => name.toUpperCase())], 'gu'), spoken, 'giu');
}

/** One character in place of each name, which is no word and goes on with nothing. */
const MARK = '◇';

const SHORTEST = 2;

/** Whole words, however they are spaced and marked up; the longest name first. */
function without(text: string, names: readonly string[], flags: string): string {
  const patterns = [...new Set(names)]
    .sort((a, b) => b.length - a.length)
    .map((name) => words(name).map(escaped).join('[\\s*_~`]+'))
    .filter((pattern) => pattern !== '');
  if (patterns.length === 0) return text;
  return text.replace(pattern(`(?<![\\p{L}\\p{N}])(?:${patterns.join('|')})(?![\\p{L}\\p{N}])`, flags), MARK);
}

function escaped(word: string): string {
  return word.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&').replace(/['’]/g, "['’]");
}
