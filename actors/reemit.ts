/**
 * Makes the events of topics again from the journals. An event's id is made from its place in the journal, and its
 * subject takes one message: what is there already is refused, so making all of them again adds only what was lost.
 */
import type { JetStreamManager, NatsConnection } from 'nats';
import pMap from 'p-map';
import { AT_ONCE } from '../runtime/at-once.ts';
import { PlatformError } from '../config/errors.ts';
import type { Address } from '../runtime/address.ts';
import { journalStream, topicStream, isBatchAgent } from '../runtime/subjects.ts';
import { eventsOf } from './emitted.ts';
import { type LastEntry, lastEntries } from './last-entries.ts';
import type { Runtime } from './runtime.ts';

export interface Reemitted {
  /** Events that were missing and are there again. */
  events_created: number;
  /** Events that could not be made: no loaded pack declares the topic, or the data no longer fits its schema. */
  events_left_out: number;
}

const DAY_MS = 86_400_000;
/** In a topic stream's metadata: its last sequence when all journals had been gone through while it was empty. */
const CHECKED_KEY = 'agent-platform.empty-at';

/**
 * Goes through the journals and emits what the topics' streams miss. With `onlyIfLost` it does so only when a stream
 * holds nothing and has not been gone through in that condition before: that is asked with one request per topic.
 */
export async function reemit(nc: NatsConnection, runtime: Runtime, onlyIfLost: boolean): Promise<Reemitted> {
  const result: Reemitted = { events_created: 0, events_left_out: 0 };
  const jsm = await nc.jetstreamManager();
  const topics = await topicsOf(jsm, runtime);
  const empty = topics.filter((topic) => topic.isEmpty);
  const wanted = onlyIfLost ? empty.filter((topic) => !topic.isChecked) : topics;
  if (wanted.length === 0 || (onlyIfLost && !(await hasEntries(jsm, runtime.journal.shards)))) return result;
  const since = new Map(wanted.map(({ name, since }) => [name, since]));
  let newer = false;
  const onUnreadable = (_address: Address, { code }: PlatformError): void => {
    newer ||= code === 'journal.newer';
  };
  for (let shard = 0; shard < runtime.journal.shards; shard++) {
    const emit = async ({ address, agent }: LastEntry): Promise<void> => {
      if (!isBatchAgent(agent)) await reemitOf(runtime, address, since, result); // A batch emits nothing.
    };
    await pMap(lastEntries(nc, shard, onUnreadable), emit, AT_ONCE);
  }
  if (newer) return result; // Whoever can read those goes through them.
  for (const { stream, metadata, lastSequence } of empty) {
    await jsm.streams.update(stream, { metadata: { ...metadata, [CHECKED_KEY]: String(lastSequence) } });
  }
  return result;
}

interface TopicState {
  name: string;
  stream: string;
  metadata: Record<string, string>;
  isEmpty: boolean;
  isChecked: boolean;
  lastSequence: number;
  /** ISO time: what is older would soon leave the stream again. Empty when the stream keeps all. */
  since: string;
}

async function topicsOf(jsm: JetStreamManager, { catalog, now }: Runtime): Promise<TopicState[]> {
  const names = catalog.packs.flatMap(({ manifest }) => Object.keys(manifest.topics));
  return Promise.all(
    names.map(async (name) => {
      const stream = topicStream(name);
      const { config, state } = await jsm.streams.info(stream);
      const { metadata = {}, max_age } = config;
      const keptMs = max_age / 1e6;
      return {
        name,
        stream,
        metadata,
        isEmpty: state.messages === 0,
        isChecked: metadata[CHECKED_KEY] === String(state.last_seq),
        lastSequence: state.last_seq,
        since: keptMs > 0 ? new Date(now().getTime() - Math.max(0, keptMs - DAY_MS)).toISOString() : '',
      };
    }),
  );
}

async function hasEntries(jsm: JetStreamManager, shards: number): Promise<boolean> {
  for (let shard = 0; shard < shards; shard++) {
    if ((await jsm.streams.info(journalStream(shard))).state.messages > 0) return true;
  }
  return false;
}

async function reemitOf(
  runtime: Runtime,
  address: Address,
  since: ReadonlyMap<string, string>,
  result: Reemitted,
): Promise<void> {
  const leaveOut = (error: unknown): void => {
    if (!(error instanceof PlatformError)) throw error;
    result.events_left_out += 1;
    const { run, path } = address;
    runtime.log.warn({ run, path, code: error.code }, `an event was not made again: ${error.message}`);
  };
  const entries = await runtime.journal.read(address).catch(leaveOut);
  const events = entries && (await eventsOf(runtime, entries).catch(leaveOut));
  for (const event of events ?? []) {
    const oldest = since.get(event.topic);
    if (oldest === undefined || (event.at ?? '') < oldest) continue;
    const created = await runtime.topics.emit(event).catch(leaveOut);
    if (created) result.events_created += 1;
  }
}
