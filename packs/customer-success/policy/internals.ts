import type { Known } from '../known.ts';
import { folded, readings } from './plain-text.ts';

/** What people outside the system must not read: the account's id and the channel of its owner. */
export interface Internals {
  account_id: string;
  /** Null when no tool has told it. */
  account_name: string | null;
  /** Empty when no tool has told it. */
  owner_channel: string;
  owner: string;
}

export function internalsOf({ metrics, lifecycle }: Known, subject: string | null): Internals {
  return {
    account_id: subject ?? lifecycle?.account_id ?? metrics?.account_id ?? '',
    account_name: lifecycle?.account_name ?? metrics?.account_name ?? null,
    owner_channel: lifecycle?.owner_channel ?? '',
    owner: lifecycle?.owner ?? '',
  };
}

/**
 * What a text gives away, in words; null when nothing. However it is spelled: in capitals, marked up, or inside a longer
 * word that is joined by anything but letters and digits (`weekly-acme-corp`). Limits: an id that is part of the account's
 * name gives nothing away; a number, or an id of fewer than four letters and digits, is only found behind «account»,
 * «id» or the like, as it may be any figure or word; an id that holds no letter or digit is not looked for.
 */
export function givenAway(text: string, internals: Internals): string | null {
  // `ACME_CORP` is the id as well: nobody joins the words of a name so.
  const joined = text.replace(/(?<=[\p{L}\p{N}])_(?=[\p{L}\p{N}])/gu, '-');
  const texts = [...readings(text), ...readings(joined)];
  if (texts.some((one) => holdsId(one, internals))) return 'the internal id of the account';
  if (texts.some((one) => holdsChannel(one, internals))) return 'the internal channel of its owner';
  return null;
}

/** A word such as `#csm-team`, which is a channel whoever owns it. A heading has a space behind its `#`. */
export function channelIn(text: string): string | null {
  return (
    readings(text).flatMap((one) => /(?:^|[\s([{"'>,;:])#[a-z][a-z0-9]*(?:[-_.][a-z0-9]+)*/m.exec(one) ?? [])[0] ?? null
  );
}

const MARKED = String.raw`(?:accounts?|acct|customers?|clients?|tenants?|ids?|identifiers?|nos?|numbers?|account_id|nr)\s*[.:=#(\["']*\s*`;

function holdsId(text: string, { account_id, account_name }: Internals): boolean {
  const id = folded(account_id).trim();
  const name = folded(account_name ?? '');
  if (!/[\p{L}\p{N}]/u.test(id) || word(id).test(name)) return false;
  const told = (id.match(/[\p{L}\p{N}]/gu) ?? []).length;
  const common = told < DISTINCT || /^[\d\s.,]+$/.test(id);
  return (common ? word(id, MARKED) : word(id)).test(text) || (!common && calledId(id).test(text));
}

/** «acme corp id», «id: acme.corp»: its parts, however they are joined, where they are called an id. */
function calledId(id: string): RegExp {
  const parts = id.split(/[^\p{L}\p{N}]+/u).filter((part) => part !== '');
  const joined = parts.map(escaped).join('[\\W_]{0,3}');
  return new RegExp(
    `(?<![\\p{L}\\p{N}])(?:${joined}\\W{1,3}(?:id|identifier)|(?:id|identifier)\\W{1,3}${joined})(?![\\p{L}\\p{N}])`,
    'u',
  );
}

const DISTINCT = 4;

function holdsChannel(text: string, { owner_channel, owner, account_name }: Internals): boolean {
  const channel = folded(owner_channel).trim();
  const bare = channel.replace(/^[#@]/, '');
  const inNames = [owner, account_name ?? ''].some((name) => word(bare).test(folded(name)));
  if ((bare.match(/[\p{L}\p{N}]/gu) ?? []).length < DISTINCT || inNames) return false;
  // `csm-maya` of Maya Lindqvist is no phrase of anybody's, with or without its sign.
  const parts = bare.split(/[-_.]/);
  const personal = parts.length > 1 && parts.some((part) => part.length > 2 && word(part).test(folded(owner)));
  if (personal && word(bare).test(text)) return true;
  // A channel that is a plain word, such as `general`, is one only where it is called so.
  if ((channel !== bare || !/^\p{L}+$/u.test(bare)) && word(channel).test(text)) return true;
  const called = new RegExp(`(?:channel|slack|room|dm)\\W{0,3}${escaped(bare)}(?![\\p{L}\\p{N}])`, 'u');
  const calling = new RegExp(`(?<![\\p{L}\\p{N}])${escaped(bare)}\\W{0,3}(?:slack |teams )?(?:channel|room)`, 'u');
  return called.test(text) || calling.test(text);
}

function word(token: string, before = ''): RegExp {
  return new RegExp(`(?<![\\p{L}\\p{N}])${before}${escaped(token)}(?![\\p{L}\\p{N}])`, 'u');
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
