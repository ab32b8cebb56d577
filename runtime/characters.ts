/**
 * Characters that have no business in an id or on a terminal, as parts of a regular expression's class. Both the check of
 * ids and every way in which text leaves take them from here. Pure.
 */

/** C0, DEL and C1 controls, and Unicode's own line breaks. */
export const CONTROLS = '\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029';
/** All that Unicode calls `Bidi_Control`: they make text read in another order than it is written. */
export const BIDIRECTIONAL = '\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069';
