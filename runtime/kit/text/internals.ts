import { pattern } from './pattern.ts';
import { folded, readings } from './plain-text.ts';

/** An id that people outside must not read: the subject's own, or another's. */
export interface InternalId {
  id: string;
  /** What people call it; null when that is not known. An id that is part of it gives nothing away. */
  name: string | null;
  /** What such a thing is called, as a regular expression in small letters: `parcels?`. A number is an id behind that only. */
  called?: string;
}

/** A channel that people outside must not read. */
export interface InternalChannel {
  channel: string;
  owner: string;
  /** Names that it may be part of. */
  names: readonly string[];
}

/**
 * Which kind of internal word a text gives away; null when none. However it is spelled: in capitals, marked up, or inside a
 * longer word that is joined by anything but letters and digits (`weekly-acme-corp`). Limits: a number, or an id of fewer than
 * four letters and digits, is only found behind «id», «number» or what it is called, as it may be any figure or word; an id
 * that holds no letter or digit is not looked for.
 */
export function givenAway(
  text: string,
  internal: { ids: readonly InternalId[]; channels: readonly InternalChannel[] },
): 'id' | 'channel' | null {
  // `ACME_CORP` is the id as well: nobody joins the words of a name so.
  const joined = text.replace(/(?<=[\p{L}\p{N}])_(?=[\p{L}\p{N}])/gu, '-');
  const texts = [...readings(text), ...readings(joined)];
  if (internal.ids.some((id) => texts.some((one) => holdsId(one, id)))) return 'id';
  return internal.channels.some((channel) => texts.some((one) => holdsChannel(one, channel))) ? 'channel' : null;
}

/** A word such as `#team-north`, which is a channel whoever owns it. A heading has a space behind its `#`. */
export function channelIn(text: string): string | null {
  return (
    readings(text).flatMap((one) => /(?:^|[\s([{"'>,;:])#[a-z][a-z0-9]*(?:[-_.][a-z0-9]+)*/m.exec(one) ?? [])[0] ?? null
  );
}

/** Words behind which even a plain number is an id. */
function markedAs(called = ''): string {
  const words = `${called === '' ? '' : `${called}|`}clients?|tenants?|ids?|identifiers?|nos?|numbers?|nr`;
  return String.raw`(?:${words})\s*[.:=#(\["']*\s*`;
}

function holdsId(text: string, { id: given, name: named, called }: InternalId): boolean {
  const id = folded(given).trim();
  const name = folded(named ?? '');
  if (!/[\p{L}\p{N}]/u.test(id) || word(id).test(name)) return false;
  const told = (id.match(/[\p{L}\p{N}]/gu) ?? []).length;
  const common = told < DISTINCT || /^[\d\s.,]+$/.test(id);
  return (common ? word(id, markedAs(called)) : word(id)).test(text) || (!common && calledId(id).test(text));
}

/** «acme corp id», «id: acme.corp»: its parts, however they are joined, where they are called an id. */
function calledId(id: string): RegExp {
  const parts = id.split(/[^\p{L}\p{N}]+/u).filter((part) => part !== '');
  const joined = parts.map(escaped).join('[\\W_]{0,3}');
  return pattern(
    `(?<![\\p{L}\\p{N}])(?:${joined}\\W{1,3}(?:id|identifier)|(?:id|identifier)\\W{1,3}${joined})(?![\\p{L}\\p{N}])`,
  );
}

const DISTINCT = 4;

function holdsChannel(text: string, { channel: given, owner, names }: InternalChannel): boolean {
  const channel = folded(given).trim();
  const bare = channel.replace(/^[#@]/, '');
  const inNames = [owner, ...names].some((name) => word(bare).test(folded(name)));
  if ((bare.match(/[\p{L}\p{N}]/gu) ?? []).length < DISTINCT || inNames) return false;
  // `sales-maya` of Maya Lindqvist is no phrase of anybody's, with or without its sign.
  const parts = bare.split(/[-_.]/);
  const personal = parts.length > 1 && parts.some((part) => part.length > 2 && word(part).test(folded(owner)));
  if (personal && word(bare).test(text)) return true;
  // A channel that is a plain word, such as `general`, is one only where it is called so.
  if ((channel !== bare || !/^\p{L}+$/u.test(bare)) && word(channel).test(text)) return true;
  const called = pattern(`(?:channel|slack|room|dm)\\W{0,3}${escaped(bare)}(?![\\p{L}\\p{N}])`);
  const calling = pattern(`(?<![\\p{L}\\p{N}])${escaped(bare)}\\W{0,3}(?:slack |teams )?(?:channel|room)`);
  return called.test(text) || calling.test(text);
}

function word(token: string, before = ''): RegExp {
  return pattern(`(?<![\\p{L}\\p{N}])${before}${escaped(token)}(?![\\p{L}\\p{N}])`);
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
