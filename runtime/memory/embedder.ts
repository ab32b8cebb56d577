import { isStopWord, wordsOf, wordWeight } from './words.ts';

/**
 * Turns texts into vectors. Vectors of two embedders never meet: the id is part of the vector set's key, so a change of
 * method, weights or dimensions needs a new id.
 */
export interface Embedder {
  readonly id: string;
  readonly dimensions: number;
  /** One vector of length 1 per text, in order. Equal texts give equal vectors. */
  embed(texts: readonly string[]): Promise<Float32Array[]>;
}

const DIMENSIONS = 384;
const BIGRAM_WEIGHT = 0.5;
/** Weight of a character n-gram by its length: longer ones are rarer. They let inflections and typos meet. */
const GRAM_WEIGHTS: readonly (readonly [length: number, weight: number])[] = [
  [3, 0.15],
  [4, 0.2],
  [5, 0.25],
];

/**
 * The default embedder: offline, deterministic, and lexical. It hashes words, word pairs and character 3–5-grams into
 * signed buckets, so texts are near when they share words or parts of words. It knows no meaning: «shrank» and «declined»
 * are strangers to it.
 */
export const lexicalEmbedder: Embedder = {
  id: 'lexical-1',
  dimensions: DIMENSIONS,
  embed: (texts) => Promise.resolve(texts.map(embedLexically)),
};

export function embedLexically(text: string): Float32Array {
  const vector = new Float32Array(DIMENSIONS);
  const words = wordsOf(text);
  for (const [word, count] of counts(words)) {
    const weight = wordWeight(word) * damped(count);
    add(vector, `w ${word}`, weight);
    if (!isStopWord(word)) addGrams(vector, `<${word}>`, weight);
  }
  for (const [pair, { count, weight }] of pairs(words))
    add(vector, `b ${pair}`, BIGRAM_WEIGHT * weight * damped(count));
  // Punctuation only, or nothing at all: still a direction of its own, never a vector without length.
  if (words.length === 0) add(vector, `t ${text.trim()}`, 1);
  return normalise(vector);
}

function addGrams(vector: Float32Array, word: string, weight: number): void {
  for (const [length, gramWeight] of GRAM_WEIGHTS) {
    for (let start = 0; start + length <= word.length; start++) {
      add(vector, `c ${word.slice(start, start + length)}`, gramWeight * weight);
    }
  }
}

/** A word said ten times tells a little more than a word said once, not ten times more. */
function damped(count: number): number {
  return 1 + Math.log(count);
}

function counts(words: readonly string[]): Map<string, number> {
  const counted = new Map<string, number>();
  for (const word of words) counted.set(word, (counted.get(word) ?? 0) + 1);
  return counted;
}

function pairs(words: readonly string[]): Map<string, { count: number; weight: number }> {
  const counted = new Map<string, { count: number; weight: number }>();
  for (let i = 1; i < words.length; i++) {
    const first = words[i - 1] ?? '';
    const second = words[i] ?? '';
    const pair = `${first} ${second}`;
    const seen = counted.get(pair);
    if (seen) seen.count += 1;
    else counted.set(pair, { count: 1, weight: Math.sqrt(wordWeight(first) * wordWeight(second)) });
  }
  return counted;
}

/** Feature hashing: one bit of the hash is the sign, so that collisions cancel out on average instead of adding up. */
function add(vector: Float32Array, feature: string, weight: number): void {
  const hash = hash32(feature);
  const bucket = (hash >>> 1) % DIMENSIONS;
  vector[bucket] = (vector[bucket] ?? 0) + (hash & 1 ? weight : -weight);
}

/** FNV-1a over UTF-16 code units, then murmur3's finalizer so that the low bits are usable. */
function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function normalise(vector: Float32Array): Float32Array {
  let squares = 0;
  for (const value of vector) squares += value * value;
  if (squares === 0) {
    vector[0] = 1; // every feature cancelled by a collision
    return vector;
  }
  const length = Math.sqrt(squares);
  return vector.map((value) => value / length);
}
