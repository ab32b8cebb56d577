import assert from 'node:assert/strict';
import { headers } from 'nats';
import { EventHeaders } from '../../bridge/contract/asyncapi.ts';
import { attributeOf, encodeAttribute } from '../../runtime/topics/attributes.ts';
import { eventHeaders } from '../../runtime/topics/topics.ts';
import { suite } from '../support/suite.ts';

const test = suite('events as CloudEvents');

const EVENT = {
  id: 'r-0-1-4',
  topic: 'notices',
  tenant: 'town',
  agent: 'librarian',
  subject: 'emma',
  data: {},
  trace: { correlation_id: 'c1' },
  at: '2026-12-01T06:00:00.000Z',
};

function headersOf(event: object): Record<string, string> {
  const told = eventHeaders({ ...EVENT, ...event }, () => new Date(0));
  return Object.fromEntries(told.keys().map((key) => [key, told.get(key)]));
}

test('an event has these headers', () => {
  assert.deepEqual(headersOf({ trace: { correlation_id: 'order 7', traceparent: '00-1-2-01' } }), {
    'ce-specversion': '1.0',
    'ce-id': 'r-0-1-4',
    'ce-source': '/agent-platform/town/librarian',
    'ce-type': 'agent-platform.notices',
    'ce-time': '2026-12-01T06:00:00.000Z',
    'ce-datacontenttype': 'application/json',
    'ce-subject': 'emma',
    'ce-correlationid': 'order%207',
    'ce-traceparent': '00-1-2-01',
    'content-type': 'application/json',
  });
  assert.ok(EventHeaders.safeParse(headersOf({})).success);
  assert.ok(!('ce-subject' in headersOf({ subject: null })));
  assert.ok(!('ce-subject' in headersOf({ subject: '' })), 'an attribute is never empty');
});

/** Id → `ce-id`. */
const GOLDEN: [id: string, written: string][] = [
  ['dup', 'dup'],
  [' dup', '%20dup'],
  ['dup ', 'dup%20'],
  ['plain id', 'plain%20id'],
  ['plain%20id', 'plain%2520id'],
  ['%', '%25'],
  ['"quoted"', '%22quoted%22'],
  [`!#$&'()*+,-./:;<=>?@[\\]^_\`{|}~`, `!#$&'()*+,-./:;<=>?@[\\]^_\`{|}~`],
  ['a\r\nce-id: b', 'a%0D%0Ace-id:%20b'],
  ['\u0000\u001b[2J\u007f\u0085', '%00%1B[2J%7F%C2%85'],
  ['東京 🙂', '%E6%9D%B1%E4%BA%AC%20%F0%9F%99%82'],
  ['e\u0301 \u202etxt', 'e%CC%81%20%E2%80%AEtxt'],
];

test('whatever an id holds, its header holds printable ASCII, and a consumer that decodes has the id', () => {
  for (const [id, written] of GOLDEN) {
    const told = eventHeaders({ ...EVENT, id, subject: id, trace: { correlation_id: id } }, () => new Date(0));
    for (const name of ['id', 'subject', 'correlationid']) {
      assert.equal(told.get(`ce-${name}`), written, id);
      assert.equal(decodeURIComponent(told.get(`ce-${name}`)), id);
      assert.equal(attributeOf(told, name), id);
    }
    assert.match(written, /^[\u0021-\u007e]+$/);
  }
  assert.equal(new Set(GOLDEN.map(([id]) => encodeAttribute(id))).size, GOLDEN.length);
});

test('events of earlier versions, without a type of their data, have the id as it is and the subject decoded', () => {
  const told = headers();
  told.set('ce-id', 'plain%20id-0-1-4');
  told.set('ce-subject', 'plain%20id%2Fa');
  assert.equal(attributeOf(told, 'id'), 'plain%20id-0-1-4');
  assert.equal(attributeOf(told, 'subject'), 'plain id/a');
  assert.equal(attributeOf(told, 'correlationid'), null);
  assert.equal(attributeOf(undefined, 'id'), null);
  told.set('ce-subject', '100%');
  assert.equal(attributeOf(told, 'subject'), '100%');
});

test.run();
