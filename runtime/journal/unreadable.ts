/**
 * Journals that this version cannot read: a newer one wrote them, or what was written is no entry. Whoever goes through
 * all journals leaves them alone and says so; only who asks for one of them is told the error.
 */
import { PlatformError } from '../../config/errors.ts';
import { parseEntry, type StoredEntry } from './journal.ts';

export function isUnreadable(error: unknown): error is PlatformError {
  return error instanceof PlatformError && (error.code === 'journal.newer' || error.code === 'journal.invalid');
}

/** What every version of an entry says alike. */
export interface Outline {
  agent: string;
  subject: string | null;
  state: string;
}

/** The entry, or why it cannot be read and what of it can, which is nothing when it is no entry. */
export function tryEntry(
  text: string,
  seq: number,
): { entry: StoredEntry; error: null } | { entry: null; error: PlatformError; outline: Outline | null } {
  try {
    return { entry: parseEntry(text, seq), error: null };
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return { entry: null, error, outline: error.code === 'journal.newer' ? (JSON.parse(text) as Outline) : null };
  }
}
