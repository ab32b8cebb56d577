/** Reads the events of a topic from its stream: the newest, then each new one. */
import { DeliverPolicy, NatsError } from 'nats';
import { openReader, type ReadFrom, type StreamMessage } from '../../runtime/bus/reader.ts';
import type { JsonObject } from '../../runtime/json.ts';
import { topicFilter, topicStream } from '../../runtime/subjects.ts';
import { attributeOf } from '../../runtime/topics/attributes.ts';
import type { Platform } from '../platform/platform.ts';

/** A CloudEvent as it lies in the stream. */
export interface StoredEvent {
  id: string;
  topic: string;
  tenant: string;
  type: string;
  source: string;
  /** ISO time. */
  time: string;
  subject: string | null;
  correlation_id: string | null;
  /** Stream sequence. */
  seq: number;
  data: JsonObject;
}

export interface TailOptions {
  tenant?: string;
  /** All since then; else the newest `limit`. */
  since?: Date;
  limit: number;
  follow: boolean;
  signal: AbortSignal;
  onEvent(event: StoredEvent): void;
}

/** Calls `onEvent` in stream order. Resolves after the newest event, or with `follow` when the signal aborts. */
export async function tailTopic({ nc, jsm }: Platform, topic: string, options: TailOptions): Promise<void> {
  const { tenant, since, limit, follow, signal, onEvent } = options;
  const stream = topicStream(topic);
  const filter = topicFilter(topic, tenant);
  const { state } = await jsm.streams.info(stream);
  // Of the events at hand, the last that is wanted: what comes after it is new.
  const newest = await jsm.streams.getMessage(stream, { last_by_subj: filter }).catch(orNull);
  const last = newest === null || (since !== undefined && newest.time < since) ? 0 : newest.seq;
  if (last === 0 && !follow) return;

  const { messages, close } = await openReader(nc, stream, { filterSubjects: [filter], ...startOf() });
  signal.addEventListener('abort', close, { once: true });
  if (signal.aborted) close();
  try {
    await read(messages);
  } finally {
    signal.removeEventListener('abort', close);
    close();
  }

  function startOf(): Omit<ReadFrom, 'filterSubjects'> {
    if (last === 0) return { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: state.last_seq + 1 };
    if (since !== undefined) return { deliver_policy: DeliverPolicy.StartTime, opt_start_time: since.toISOString() };
    // Of one tenant, others' events lie between: all are passed, and the newest kept.
    const first = tenant === undefined ? Math.max(1, last - limit + 1) : 1;
    return { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: first };
  }

  async function read(from: AsyncIterable<StreamMessage>): Promise<void> {
    const backlog: StreamMessage[] = [];
    for await (const message of from) {
      if (message.seq > last) {
        onEvent(eventOf(message, topic));
        continue;
      }
      backlog.push(message);
      if (since === undefined && backlog.length > limit) backlog.shift();
      if (message.seq < last) continue;
      for (const each of backlog.splice(0)) onEvent(eventOf(each, topic));
      if (!follow) return;
    }
  }
}

function eventOf(message: StreamMessage, topic: string): StoredEvent {
  const attribute = (name: string): string | null => attributeOf(message.headers, name);
  return {
    id: attribute('id') ?? '',
    topic,
    tenant: message.subject.split('.')[1] ?? '',
    type: attribute('type') ?? '',
    source: attribute('source') ?? '',
    time: attribute('time') ?? message.time.toISOString(),
    subject: attribute('subject'),
    correlation_id: attribute('correlationid'),
    seq: message.seq,
    data: JSON.parse(message.string()) as JsonObject,
  };
}

function orNull(error: unknown): null {
  if (error instanceof NatsError && error.api_error?.code === 404) return null;
  throw error;
}
