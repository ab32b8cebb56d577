import { headers, type MsgHdrs } from 'nats';
import { PlatformError } from '../../config/errors.ts';
import type { Publisher } from '../bus/publish.ts';
import type { Catalog } from '../definitions/catalog.ts';
import { problemsOf, problemsToText } from '../definitions/words.ts';
import type { Trace } from '../journal/entry.ts';
import type { JsonObject } from '../json.ts';
import { emitSubject, topicStream } from '../subjects.ts';
import { encodeAttribute } from './attributes.ts';
import { topicSubject } from './subject.ts';

/** An event to emit. Its id is made from the effect's key, so that a repeated emit finds the first one in place. */
export interface TopicEvent {
  id: string;
  topic: string;
  /** Of its subject, as whoever emits began with it: a repeat of the event finds it there. Absent: as the topic is declared. */
  template?: string;
  tenant: string;
  agent: string;
  subject: string | null;
  data: JsonObject;
  trace: Trace;
  /** ISO time at which it was first emitted; absent: now. */
  at?: string;
}

const DATA_TYPE = 'application/json';

/** Emits CloudEvents 1.0 in NATS binary mode: attributes as `ce-*` headers, the data as the body. */
export class Topics {
  private readonly publisher: Publisher;
  private readonly catalog: Catalog;
  private readonly now: () => Date;

  constructor(publisher: Publisher, catalog: Catalog, now: () => Date) {
    this.publisher = publisher;
    this.catalog = catalog;
    this.now = now;
  }

  /** Creates the event once; true when this call did. Throws when the data does not fit the topic's schema. */
  async emit(event: TopicEvent): Promise<boolean> {
    const declared = this.catalog.topic(event.topic);
    if (!declared) throw new PlatformError('tool.failed', `no loaded pack declares the topic ${event.topic}`);
    const schema = declared.pack.code.schemas[declared.topic.schema];
    const problems = schema ? problemsToText(problemsOf(schema, event.data)) : '';
    if (problems)
      throw new PlatformError('tool.failed', `an event on ${event.topic} does not fit its schema: ${problems}`);
    const attributes = eventHeaders(event, this.now);
    const subject = topicSubject(event.template ?? declared.topic.subject, {
      tenant: event.tenant,
      subject: event.subject,
      event: event.id,
      data: event.data,
    });
    const place = { subject: emitSubject(subject), stream: topicStream(event.topic), stored: subject };
    return this.publisher.once(place, event.data, attributes);
  }
}

/** The attributes of an event; `now` is asked only when it says no time itself. */
export function eventHeaders(event: TopicEvent, now: () => Date): MsgHdrs {
  const { id, topic, tenant, agent, subject, trace } = event;
  const attributes: Record<string, string | null | undefined> = {
    specversion: '1.0',
    id,
    source: `/agent-platform/${tenant}/${agent}`,
    type: `agent-platform.${topic}`,
    time: event.at ?? now().toISOString(),
    datacontenttype: DATA_TYPE,
    subject,
    correlationid: trace.correlation_id,
    traceparent: trace.traceparent,
  };
  const told = headers();
  for (const [name, value] of Object.entries(attributes)) {
    // An attribute is never empty.
    if (value) told.set(`ce-${name}`, encodeAttribute(value));
  }
  told.set('content-type', DATA_TYPE);
  return told;
}
