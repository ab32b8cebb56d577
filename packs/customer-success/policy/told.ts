import type { Json } from 'agent-platform/sdk';
import { readFacts, type View } from '../known.ts';
import { withoutOwnNames } from './own-names.ts';
import { stringsIn } from './plain-text.ts';

/** One text of a call or a report, and where in it. */
export interface Told {
  where: string;
  text: string;
}

/**
 * Texts of what is judged, as its readers get them. Left out is what no person reads as text: the account's id in an
 * event's payload, which tells programs what it is about, and ids of cited memories.
 */
export function told({ call, report }: View): Told[] {
  if (report !== null) {
    const data = stringsIn(report.data).filter(({ path }) => !(path[0] === 'cited' && path.at(-1) === 'id'));
    return [{ where: 'text', text: report.text }, ...data.map(({ path, text }) => named(['data', ...path], text))];
  }
  const input: Json = call?.input ?? null;
  const isEvent = call?.name === 'emit_event';
  return stringsIn(input)
    .filter(({ path }) => !isEvent || (path[0] === 'data' && path.join('.') !== 'data.account_id'))
    .map(({ path, text }) => named(path, text));
}

/** The same texts without the names of the account's own data: what every check of words reads. */
export function worded(view: View): Told[] {
  let texts = read.get(view);
  if (!texts) {
    const known = readFacts(view.facts);
    texts = told(view).map(({ where, text }) => ({ where, text: withoutOwnNames(text, known) }));
    read.set(view, texts);
  }
  return texts;
}

/** All checks of a call are given one view. */
const read = new WeakMap<View, Told[]>();

/** What is worded, without memories that are quoted as they were written: they recommend and assess nothing. */
export function recommended(view: View): Told[] {
  return worded(view).filter(({ where }) => !where.startsWith('data.cited'));
}

/** The first text in which something is found, with what: `talking_points.0: …`. */
export function firstIn(texts: readonly Told[], find: (told: Told) => string | null): string | null {
  for (const each of texts) {
    const found = find(each);
    if (found !== null) return `${each.where}: ${found}`;
  }
  return null;
}

function named(path: readonly string[], text: string): Told {
  return { where: path.join('.'), text };
}
