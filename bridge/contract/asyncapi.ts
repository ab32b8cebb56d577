/**
 * The AsyncAPI 3 document of a platform with these packs: service endpoints with request and reply, and topics with
 * their events. Schemas come from the zod that validates. The journal, mail and timers are the platform's own affair,
 * change without notice, and are not in it. Pure.
 */
import { z } from 'zod';
import type { LoadedPack } from '../../runtime/definitions/resolved.ts';
import type { TopicDefinition } from '../../runtime/definitions/schema.ts';
import type { JsonObject } from '../../runtime/json.ts';
import { apiSubject } from '../../runtime/subjects.ts';
import { type ApiEndpoint, endpointsOf } from './endpoints.ts';
import { SchemaBook } from './json-schemas.ts';
import { Refusal } from './schemas.ts';

const CorrelationId = z.string().describe('Finds the request again in mail, journal and events; made up when absent.');
const Traceparent = z.string().describe('W3C trace context; carried on when valid.');

const RequestHeaders = z.object({ 'correlation-id': CorrelationId.optional(), traceparent: Traceparent.optional() });
const ReplyHeaders = z.object({ 'correlation-id': CorrelationId });
const RefusalHeaders = z.object({
  'Nats-Service-Error-Code': z.string().describe('One of the codes in errors.md: text, not a number.'),
  'Nats-Service-Error': z.string().describe('What was wrong, in one line for people.'),
  'correlation-id': CorrelationId.optional(),
});

/** CloudEvents 1.0 in NATS binary mode. Every value is percent-encoded as the NATS binding has it: decode what you read. */
export const EventHeaders = z.object({
  'ce-specversion': z.literal('1.0'),
  'ce-id': z.string().describe('Unique to the event: a repeated delivery has the same. Percent-encoded.'),
  'ce-source': z.string().describe('/agent-platform/<tenant>/<agent>'),
  'ce-type': z.string().describe('agent-platform.<topic>'),
  'ce-time': z.iso.datetime(),
  'ce-datacontenttype': z.literal('application/json'),
  'ce-subject': z.string().optional().describe('What the run is about, percent-encoded.'),
  'ce-correlationid': z.string().describe('Correlation id of the request that led to it, percent-encoded.'),
  'ce-traceparent': z.string().optional(),
  'content-type': z.literal('application/json'),
});

const ESCAPING =
  'One subject token: bytes outside A–Z a–z 0–9 _ - are written %XX (of their UTF-8), the empty text as a lone %.';
/** No topic's name holds a dot. */
const REPLIES = 'api.replies';

export function asyncapiDocument({ version, packs }: { version: string; packs: readonly LoadedPack[] }): JsonObject {
  const book = new SchemaBook();
  const messages: JsonObject = {
    Refusal: message('Refusal', 'The request was refused; nothing was changed.', RefusalHeaders, Refusal, book),
  };
  const channels: Record<string, JsonObject> = {};
  const operations: Record<string, JsonObject> = {};
  const replies: JsonObject = { Refusal: { $ref: '#/components/messages/Refusal' } };

  for (const endpoint of endpointsOf(packs)) {
    const key = `${endpoint.group}.${endpoint.name}`;
    const request = messageName(endpoint.request, book);
    const reply = messageName(endpoint.reply, book);
    messages[request] ??= message(request, endpoint.request.description ?? '', RequestHeaders, endpoint.request, book);
    messages[reply] ??= message(reply, '', ReplyHeaders, endpoint.reply, book);
    replies[reply] = { $ref: `#/components/messages/${reply}` };
    channels[key] = endpointChannel(endpoint, request);
    operations[key] = {
      action: 'receive',
      summary: endpoint.description,
      channel: { $ref: `#/channels/${key}` },
      messages: [{ $ref: `#/channels/${key}/messages/${request}` }],
      reply: {
        channel: { $ref: `#/channels/${REPLIES}` },
        messages: [reply, 'Refusal'].map((each) => ({ $ref: `#/channels/${REPLIES}/messages/${each}` })),
      },
      bindings: { nats: { queue: 'q' } },
    };
  }
  channels[REPLIES] = { address: null, description: 'The reply subject that a request names.', messages: replies };

  for (const pack of packs) {
    for (const [name, topic] of Object.entries(pack.manifest.topics)) {
      const payload = pack.code.schemas[topic.schema];
      if (!payload) continue;
      messages[topic.schema] ??= message(topic.schema, topic.description, EventHeaders, payload, book);
      channels[name] = topicChannel(topic);
      operations[`${name}.emit`] = {
        action: 'send',
        summary: topic.description,
        channel: { $ref: `#/channels/${name}` },
        messages: [{ $ref: `#/channels/${name}/messages/${topic.schema}` }],
      };
    }
  }
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'agent-platform',
      version,
      description:
        'Start agents and follow what they tell, over NATS. Requests are answered by the micro service `agent-platform`.',
    },
    defaultContentType: 'application/json',
    channels,
    operations,
    components: { messages, schemas: book.schemas },
  };
}

function messageName(schema: z.ZodType, book: SchemaBook): string {
  const { $ref } = book.refer(z.globalRegistry.get(schema)?.id ?? '', schema);
  return $ref.slice($ref.lastIndexOf('/') + 1);
}

function message(name: string, summary: string, headers: z.ZodType, payload: z.ZodType, book: SchemaBook): JsonObject {
  const { $schema: _, ...shown } = z.toJSONSchema(headers, { io: 'input', target: 'draft-7' });
  return {
    name,
    ...(summary && { summary }),
    contentType: 'application/json',
    headers: JSON.parse(JSON.stringify(shown)) as JsonObject,
    payload: book.refer(name, payload),
  };
}

function endpointChannel({ group, name, description }: ApiEndpoint, request: string): JsonObject {
  return {
    address: apiSubject('{tenant}', group, name),
    description,
    parameters: { tenant: { description: 'Who the data belongs to.' } },
    messages: { [request]: { $ref: `#/components/messages/${request}` } },
  };
}

/** `{data.<field>}` in a template is the parameter `<field>`, found in the payload. */
function topicChannel({ subject, schema, description }: TopicDefinition): JsonObject {
  const parameters: JsonObject = {};
  const known: Record<string, JsonObject> = {
    tenant: { description: 'Who the data belongs to.' },
    subject: { description: `What the run is about. ${ESCAPING}` },
    event: { description: `The event's id. ${ESCAPING}` },
  };
  const address = subject.replace(/\{(data\.)?(\w+)\}/g, (_, data: string | undefined, name: string) => {
    parameters[name] = data
      ? { description: ESCAPING, location: `$message.payload#/${name}` }
      : (known[name] ?? { description: ESCAPING });
    return `{${name}}`;
  });
  return { address, description, parameters, messages: { [schema]: { $ref: `#/components/messages/${schema}` } } };
}
