/** A value that survives JSON unchanged: what journals, mail, facts and reports are made of. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** JSON text has an escape for half of a surrogate pair, and two backslashes for one. */
const HALF_PAIR = /(?<!\\)(?:\\\\)*\\ud[89a-f]/;

/** Whether a value of JSON holds half of a surrogate pair, which no subject and no key could hold. */
export function hasHalfPair(value: unknown): boolean {
  return HALF_PAIR.test(JSON.stringify(value));
}
