import type { Known } from '../known.ts';
import { words } from '../wording.ts';

/**
 * What the account's data calls itself and its people says nothing about it: «Churn & Renewal Forecast GmbH» is no
 * forecast, and a Head of Credits concedes nothing. So every check of words reads texts without these names, and does so
 * before a text is cut into sentences, as a name may hold a full stop.
 *
 * Names count as the data spells them, or in capitals only: a company called Churn does not hide that it may churn.
 */
export function withoutOwnNames(text: string, known: Known): string {
  const { exact, phrases } = ownNames(known);
  const named = [...exact, ...exact.map((name) => name.toUpperCase())];
  return without(without(text, named, 'gu'), phrases, 'giu');
}

/** One character in place of each name, which is no word and goes on with nothing. */
const MARK = '◇';

/** `phrases` are known in any case: roles of several words, and «free plan», as a tier is a name only where it stands as one. */
function ownNames({ metrics, lifecycle }: Known): { exact: string[]; phrases: string[] } {
  const contacts = lifecycle?.contacts ?? [];
  const people = contacts.map(({ name }) => name);
  const roles = contacts.map(({ role }) => role);
  const exact = [metrics?.account_name, lifecycle?.account_name, lifecycle?.owner, ...people, ...roles];
  const tier = lifecycle === null ? [] : [`${lifecycle.plan_tier} plan`, `${lifecycle.plan_tier} tier`];
  return {
    exact: exact.filter((name) => name !== undefined).filter((name) => name.trim().length > SHORTEST),
    phrases: [...roles, ...tier].filter((name) => words(name).length > 1),
  };
}

const SHORTEST = 2;

/** Whole words, however they are spaced and marked up; the longest name first. */
function without(text: string, names: readonly string[], flags: string): string {
  const patterns = [...new Set(names)]
    .sort((a, b) => b.length - a.length)
    .map((name) => words(name).map(escaped).join('[\\s*_~`]+'))
    .filter((pattern) => pattern !== '');
  if (patterns.length === 0) return text;
  return text.replace(new RegExp(`(?<![\\p{L}\\p{N}])(?:${patterns.join('|')})(?![\\p{L}\\p{N}])`, flags), MARK);
}

function escaped(word: string): string {
  return word.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&').replace(/['’]/g, "['’]");
}
