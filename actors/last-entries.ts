import { DeliverPolicy, type NatsConnection } from 'nats';
import { PlatformError } from '../config/errors.ts';
import { askLeader } from '../runtime/bus/stored.ts';
import type { Address } from '../runtime/address.ts';
import { openReader, type StreamMessage } from '../runtime/bus/reader.ts';
import { tryEntry } from '../runtime/journal/unreadable.ts';
import { journalFilter, journalStream, parseJournalSubject } from '../runtime/subjects.ts';

/** A server that restarts may forget how far it was, and would be waited for without end. */
const STALLED_MS = 15_000;

export interface LastEntry {
  address: Address;
  agent: string;
  state: string;
  /** When it was appended: milliseconds of the server's clock. */
  appended: number;
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
    if (entry) yield { address, agent: entry.agent, state: entry.state, appended: message.time.getTime() };
    else onUnreadable(address, error);
  }
}

/**
 * The last message of each subject of a stream, all of them by one consumer: those that are there when it begins. A message
 * may be followed by a later one of its subject: the consumer reads a replica, which may be behind, and is followed until it
 * has come to the last message that the leader had.
 * @throws PlatformError `journal.cut_off` when nothing came for a while although some are left
 */
export async function* lastMessages(
  nc: NatsConnection,
  stream: string,
  filter: string,
  stalledMs = STALLED_MS,
): AsyncGenerator<StreamMessage> {
  const newest = (await askLeader(nc, stream, { last_by_subj: filter }))?.seq ?? 0;
  if (newest === 0) return;
  const { messages, pending, close } = await openReader(nc, stream, {
    filterSubjects: [filter],
    deliver_policy: DeliverPolicy.LastPerSubject,
  });
  let left = pending;
  let seen = 0;
  // Only the server is timed, not whoever takes the messages.
  let timer = setTimeout(close, stalledMs);
  try {
    for await (const message of messages) {
      clearTimeout(timer);
      yield message;
      left = Math.min(left - 1, message.pending);
      seen = Math.max(seen, message.seq);
      if (left <= 0 && seen >= newest) return;
      timer = setTimeout(close, stalledMs);
    }
    throw new PlatformError(
      'journal.cut_off',
      `${Math.max(left, 1)} journals of ${stream} were still to come when the server fell silent; ask again`,
    );
  } finally {
    clearTimeout(timer);
    close();
  }
}
