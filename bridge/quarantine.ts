import type { StoredEntry } from '../runtime/journal/journal.ts';

/** Why the supervisor set an invocation aside, from the last entry of its journal; null when it did not. */
export function quarantineReason({ state, events }: Pick<StoredEntry, 'state' | 'events'>): string | null {
  if (state !== 'failed') return null;
  const failure = events.find((event) => event.type === 'failed');
  return failure?.error.code === 'activation.quarantined' ? failure.error.message : null;
}
