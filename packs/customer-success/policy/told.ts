import { type Text, textsOf, withoutNames } from 'agent-platform/text';
import { readFacts, type View } from '../known.ts';
import { ownNames } from './names.ts';

/**
 * Texts of what is judged, as its readers get them. Left out is what no person reads as text: the account's id in an
 * event's payload, which tells programs what it is about, and ids of cited memories.
 */
export function told(view: View): Text[] {
  return textsOf(view, (path, call) => {
    if (call === 'emit_event') return path[0] === 'data' && path.join('.') !== 'data.account_id';
    return view.report === null || !(path[0] === 'cited' && path.at(-1) === 'id');
  });
}

/** The same texts without the names of the account's own data: what every check of words reads. */
export function worded(view: View): Text[] {
  let texts = read.get(view);
  if (!texts) {
    const own = ownNames(readFacts(view.facts));
    texts = told(view).map(({ where, text }) => ({ where, text: withoutNames(text, own) }));
    read.set(view, texts);
  }
  return texts;
}

/** All checks of a call are given one view. */
const read = new WeakMap<View, Text[]>();

/** What is worded, without memories that are quoted as they were written: they recommend and assess nothing. */
export function recommended(view: View): Text[] {
  return worded(view).filter(({ where }) => !where.startsWith('data.cited'));
}
