import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import pino from 'pino';
import { asyncapiDocument } from '../../bridge/contract/asyncapi.ts';
import { loadPacks } from '../../runtime/definitions/load.ts';
import type { JsonObject } from '../../runtime/json.ts';
import { suite } from '../support/suite.ts';

const test = suite('the AsyncAPI document');
const ROOT = resolve(import.meta.dirname, '../..');

interface Channel {
  address: string | null;
  parameters?: JsonObject;
  messages: Record<string, unknown>;
}
interface Referring {
  channel: { $ref: string };
  messages: { $ref: string }[];
}
interface Operation extends Referring {
  action: string;
  reply?: Referring;
}
interface AsyncApi {
  asyncapi: string;
  channels: Record<string, Channel>;
  operations: Record<string, Operation>;
  components: { schemas: Record<string, JsonObject>; messages: Record<string, { headers: JsonObject }> };
}

async function documentOf(...folders: string[]): Promise<AsyncApi> {
  const packs = await loadPacks(
    folders.map((folder) => resolve(ROOT, folder)),
    { log: pino({ level: 'silent' }) },
  );
  return asyncapiDocument({ version: '1.2.3', packs }) as unknown as AsyncApi;
}

/** What a reference inside the document points at. */
function at(document: unknown, ref: string): unknown {
  return ref
    .replace(/^#\//, '')
    .split('/')
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], document);
}

function references(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) =>
    key === '$ref' && typeof each === 'string' ? [each] : references(each),
  );
}

test('every reference points at something, with all packs and with one', async () => {
  for (const folders of [
    ['packs/customer-success'],
    ['test/packs/library'],
    ['packs/customer-success', 'test/packs/library'],
  ]) {
    const document = await documentOf(...folders);
    assert.equal(document.asyncapi, '3.0.0');
    assert.deepEqual(
      references(document).filter((ref) => at(document, ref) === undefined),
      [],
    );
  }
});

test('an operation’s messages are messages of its channel, and its reply’s of the reply’s', async () => {
  const document = await documentOf('packs/customer-success');
  const both = Object.values(document.operations).flatMap((operation) => [operation, operation.reply ?? []].flat());
  for (const { channel, messages } of both) {
    for (const { $ref } of messages) assert.ok($ref.startsWith(`${channel.$ref}/messages/`), $ref);
  }
});

test('a channel’s parameters are those of its address', async () => {
  const { channels } = await documentOf('packs/customer-success', 'test/packs/library');
  for (const { address, parameters = {} } of Object.values(channels)) {
    const named = [...(address ?? '').matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    assert.deepEqual(Object.keys(parameters), named, String(address));
  }
});

test('service endpoints and topics are there with their addresses', async () => {
  const { channels, operations } = await documentOf('packs/customer-success');
  const shown = Object.entries(operations).map(([name, { action, channel, reply }]) => [
    name,
    action,
    (at({ channels }, channel.$ref) as Channel).address,
    reply?.messages.map(({ $ref }) => $ref.split('/').at(-1)),
  ]);
  assert.deepEqual(shown, [
    ['run.account_health_main', 'receive', 'api.{tenant}.run.account_health_main', ['RunView', 'Refusal']],
    ['runs.get', 'receive', 'api.{tenant}.runs.get', ['RunView', 'Refusal']],
    ['runs.cancel', 'receive', 'api.{tenant}.runs.cancel', ['CancelAnswer', 'Refusal']],
    ['batches.get', 'receive', 'api.{tenant}.batches.get', ['BatchView', 'Refusal']],
    ['human.list', 'receive', 'api.{tenant}.human.list', ['HumanTaskList', 'Refusal']],
    ['human.show', 'receive', 'api.{tenant}.human.show', ['HumanTaskDetail', 'Refusal']],
    ['human.decide', 'receive', 'api.{tenant}.human.decide', ['HumanTaskView', 'Refusal']],
    ['health_checks.start', 'receive', 'api.{tenant}.health_checks.start', ['StartAnswer', 'Refusal']],
    ['csm_alerts.emit', 'send', 'csm_alerts.{tenant}.{severity}.{subject}.{event}', undefined],
    ['csm_briefings.emit', 'send', 'csm_briefings.{tenant}.{subject}.{event}', undefined],
  ]);
});

test('an endpoint’s request has the pack’s own words for targets and the general ones', async () => {
  const { components } = await documentOf('packs/customer-success');
  const { properties, additionalProperties } = components.schemas.HealthChecksStartRequest as {
    properties: JsonObject;
    additionalProperties: boolean;
  };
  assert.deepEqual(Object.keys(properties), [
    'account_id',
    'account_ids',
    'target',
    'targets',
    'all',
    'batch',
    'as_of',
  ]);
  assert.equal(additionalProperties, false);
});

test('the committed document is in JSON that the platform’s own packs make', () => {
  const { asyncapi, components } = JSON.parse(readFileSync(resolve(ROOT, 'docs/asyncapi.json'), 'utf8')) as AsyncApi;
  assert.equal(asyncapi, '3.0.0');
  assert.ok(components.messages.CsmAlert?.headers);
});

test.run();
