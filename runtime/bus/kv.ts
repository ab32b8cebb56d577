import type { KvEntry } from 'nats';

/**
 * What a key holds; null when it holds nothing. A marker is no value: of a deletion, or of an age that passed, which the client
 * tells as a put of nothing. The revision of either is what the next write has to name.
 */
export function held(entry: KvEntry | null): KvEntry | null {
  return entry?.operation === 'PUT' && entry.length > 0 ? entry : null;
}
