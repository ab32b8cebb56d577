import { DeliverPolicy, type JsMsg, type NatsConnection } from 'nats';
import { PlatformError } from '../config/errors.ts';
import type { Address } from '../runtime/address.ts';
import { openReader } from '../runtime/bus/reader.ts';
import { tryEntry } from '../runtime/journal/unreadable.ts';
import { journalFilter, journalStream, parseJournalSubject } from '../runtime/subjects.ts';

/** A server that restarts may forget how far it was, and would be waited for without end. */
const STALLED_MS = 15_000;

export interface LastEntry {
  address: Address;
  agent: string;
  state: string;
}

/** The last entry of each journal of a shard; of those that cannot be read `onUnreadable` is told. */
export async function* lastEntries(
  nc: NatsConnection,
  shard: number,
  onUnreadable: (address: Address, error: PlatformError) => void,
): AsyncGenerator<LastEntry> {
  for await (const message of lastMessages(nc, journalStream(shard), journalFilter(shard))) {
    const address = parseJournalSubject(message.subject);
    const { entry, error } = tryEntry(message.string(), message.seq);
    if (entry) yield { address, agent: entry.agent, state: entry.state };
    else onUnreadable(address, error);
  }
}

/**
 * The last message of each subject of a stream, all of them by one consumer: those that are there when it begins.
 * @throws PlatformError `journal.cut_off` when nothing came for a while although some are left
 */
export async function* lastMessages(
  nc: NatsConnection,
  stream: string,
  filter: string | string[],
  stalledMs = STALLED_MS,
): AsyncGenerator<JsMsg> {
  const { messages, pending, close } = await openReader(nc, stream, {
    filterSubjects: [filter].flat(),
    deliver_policy: DeliverPolicy.LastPerSubject,
  });
  let left = pending;
  // Only the server is timed, not whoever takes the messages.
  let timer = setTimeout(close, stalledMs);
  try {
    if (left === 0) return;
    for await (const message of messages) {
      clearTimeout(timer);
      yield message;
      left -= 1;
      if (left <= 0 || message.info.pending === 0) return;
      timer = setTimeout(close, stalledMs);
    }
    throw new PlatformError(
      'journal.cut_off',
      `${left} journals of ${stream} were still to come when the server fell silent; ask again`,
    );
  } finally {
    clearTimeout(timer);
    close();
  }
}
