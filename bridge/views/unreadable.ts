/** Journals that a list leaves out, because this version cannot read them. */
import type { PlatformError } from '../../config/errors.ts';
import type { Address } from '../../runtime/address.ts';
import { isUnreadable } from '../../runtime/journal/unreadable.ts';

export type OnUnreadable = (address: Address, error: PlatformError) => void;

/** What is read of a journal; null when it cannot be read, which `onUnreadable` is told. */
export async function orUnreadable<T>(
  address: Address,
  reading: Promise<T>,
  onUnreadable?: OnUnreadable,
): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    onUnreadable?.(address, error);
    return null;
  }
}

/** Counts what is left out, each journal once, and has it said at the end. */
export function unreadableJournals(): { onUnreadable: OnUnreadable; tell(note: (text: string) => void): void } {
  const newer = new Set<string>();
  const invalid = new Set<string>();
  return {
    onUnreadable: ({ tenant, run, path }, { code }) =>
      void (code === 'journal.newer' ? newer : invalid).add(`${tenant} ${run} ${path}`),
    tell: (note) => {
      const [was, are] = newer.size === 1 ? ['journal was', 'is'] : ['journals were', 'are'];
      if (newer.size > 0) note(`${newer.size} ${was} written by a newer version and ${are} left out`);
      const [holds, left] = invalid.size === 1 ? ['journal holds', 'is'] : ['journals hold', 'are'];
      if (invalid.size > 0) note(`${invalid.size} ${holds} what is no entry and ${left} left out`);
    },
  };
}
