/**
 * How text becomes words, for the lexical embedder and for counting words in common. Pure.
 *
 * A word's weight stands in for its rarity: there is no corpus to count in, so function words weigh next to nothing and
 * short words less than long ones.
 */
const STOP_WORDS = new Set(
  (
    'a about after all also an and any are as at be because been before but by can could did do does for from had has ' +
    'have he her his how i if in into is it its may me more most my no not of on or our out over s she should so some ' +
    'such than that the their them then there these they this those to too under up us was we were what when where ' +
    'which who why will with would you your'
  ).split(' '),
);
const STOP_WEIGHT = 0.1;
const SHORT_WEIGHT = 0.7;
const SHORT_LENGTH = 3;

/** The words of a text in order: runs of letters and digits, compatibility forms folded, lower case. */
export function wordsOf(text: string): string[] {
  return (
    text
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{L}\p{M}\p{N}]+/gu) ?? []
  );
}

export function isStopWord(word: string): boolean {
  return STOP_WORDS.has(word);
}

/** 0–1: how much a word tells. */
export function wordWeight(word: string): number {
  if (isStopWord(word)) return STOP_WEIGHT;
  return word.length <= SHORT_LENGTH ? SHORT_WEIGHT : 1;
}
