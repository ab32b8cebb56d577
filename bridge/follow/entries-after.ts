import type { Address } from '../../runtime/address.ts';
import type { StoredEntry } from '../../runtime/journal/journal.ts';
import type { Platform } from '../platform/platform.ts';
import { Queue } from '../../runtime/bus/queue.ts';
import { watchJournals } from './watch.ts';

/**
 * The last entry of one journal if it is behind sequence `after`, and those to come, until the signal aborts. Large values are
 * references.
 */
export async function* entriesAfter(
  { nc, runtime }: Platform,
  address: Address,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<StoredEntry, void, undefined> {
  const left = new AbortController();
  const until = AbortSignal.any([signal, left.signal]);
  const entries = new Queue<StoredEntry>(until);
  watchJournals(nc, runtime.journal, {
    tenant: address.tenant,
    runs: [address.run],
    signal: until,
    onEntry: ({ path }, entry) => {
      if (path === address.path && entry.seq > after) entries.put(entry);
    },
  }).then(
    () => entries.end(null),
    (error: unknown) => entries.end(error),
  );
  try {
    yield* entries;
  } finally {
    left.abort();
  }
}
