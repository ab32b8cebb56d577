import type { Memory, Recalled, RecallQuery } from './memory.ts';
import { isStopWord, wordsOf, wordWeight } from './words.ts';

/**
 * What a recall returns and in which order. Pure: the index proposes candidates, this decides.
 *
 * score = 0.6 · cosine + 0.25 · words in common + 0.15 · recency, each 0–1.
 */
const COSINE_SHARE = 0.6;
const WORDS_SHARE = 0.25;
const RECENCY_SHARE = 0.15;
/** A memory of this age has half the recency of one from yesterday. */
const RECENCY_HALF_LIFE_DAYS = 180;
const DAY_MS = 86_400_000;

export interface Candidate {
  memory: Memory;
  /** Of the query's vector and the memory's, −1 to 1. */
  cosine: number;
}

/** Days since 1970-01-01 of an ISO date. */
export function epochDay(date: string): number {
  return Math.floor(Date.parse(`${date}T00:00:00Z`) / DAY_MS);
}

/** What is embedded and compared of a memory: its words and the fields that a query would name. */
export function searchableText({ text, subject, kind, assessment }: Memory): string {
  return [text, subject, kind, assessment].filter(Boolean).join('\n');
}

export interface Ranking {
  query: string;
  subject: string | null;
  limit: number;
  /** Ages count back from this ISO date. */
  asOf: string;
  /** Null: memories of any date. */
  before: string | null;
}

/**
 * The best candidates, best first; of equal ones the newer first. Candidates of another subject, or not dated before
 * `before`, are dropped here even if the index proposed them.
 */
export function rank(ranking: Ranking, candidates: readonly Candidate[]): Recalled[] {
  const { subject, before, asOf, limit } = ranking;
  const asked = new Set(wordsOf(ranking.query).filter((word) => !isStopWord(word)));
  return candidates
    .filter(
      ({ memory }) => (before === null || memory.date < before) && (subject === null || memory.subject === subject),
    )
    .map(({ memory, cosine }) => {
      const age_days = epochDay(asOf) - epochDay(memory.date);
      const score =
        COSINE_SHARE * Math.max(0, cosine) +
        WORDS_SHARE * shareFound(asked, searchableText(memory)) +
        RECENCY_SHARE * recency(age_days);
      return recalled(memory, age_days, Math.min(1, Math.round(score * 1e4) / 1e4));
    })
    .sort((a, b) => b.score - a.score || compare(b.date, a.date) || compare(a.id, b.id))
    .slice(0, limit);
}

export function rankingOf({ query, subject, before, limit }: RecallQuery): Ranking {
  return { query, subject, before, limit, asOf: before };
}

/** By weight, the share of the asked words that the text holds. */
function shareFound(asked: ReadonlySet<string>, text: string): number {
  const held = new Set(wordsOf(text));
  let all = 0;
  let found = 0;
  for (const word of asked) {
    all += wordWeight(word);
    if (held.has(word)) found += wordWeight(word);
  }
  return all === 0 ? 0 : found / all;
}

function recency(ageDays: number): number {
  return 0.5 ** (Math.max(0, ageDays) / RECENCY_HALF_LIFE_DAYS);
}

function recalled(
  { tenant: _tenant, scope: _scope, source: _source, ...shown }: Memory,
  age_days: number,
  score: number,
): Recalled {
  return { ...shown, age_days, score };
}

/** By code unit, the same on every machine. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
