import { type OwnNames, unknownName as nameIn, withoutNames } from 'agent-platform/text';
import type { Known } from '../known.ts';

/** Names as the account's data has them. A tier is a name only where it stands as one: «free plan». */
export function ownNames({ metrics, lifecycle }: Known): OwnNames {
  const contacts = lifecycle?.contacts ?? [];
  const people = contacts.map(({ name }) => name);
  const roles = contacts.map(({ role }) => role);
  const exact = [metrics?.account_name, lifecycle?.account_name, lifecycle?.owner, ...people, ...roles];
  const tier = lifecycle === null ? [] : [`${lifecycle.plan_tier} plan`, `${lifecycle.plan_tier} tier`];
  return { exact: exact.filter((name) => name !== undefined), phrases: [...roles, ...tier] };
}

/** A text without these names: what every check of words reads. */
export function withoutOwnNames(text: string, known: Known): string {
  return withoutNames(text, ownNames(known));
}

/** The first name of a person that the account's data does not have. */
export function unknownName(text: string, known: Known): string | null {
  const own = ownNames(known);
  const tier = known.lifecycle === null ? [] : [known.lifecycle.plan_tier];
  return nameIn(text, { own, known: [...own.exact, ...tier].filter((name) => name.trim() !== ''), ordinary: ORDINARY });
}

/** Words of the trade that are no names. */
const ORDINARY = new Set('account churn csm customer nps promoter qbr renew renewal retention wau'.split(' '));
