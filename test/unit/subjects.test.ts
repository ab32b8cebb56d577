import assert from 'node:assert/strict';
import {
  escapeToken,
  journalSubject,
  mailSubject,
  parseJournalSubject,
  parseMailbox,
  shardOf,
  startSubject,
  unescapeToken,
} from '../../runtime/subjects.ts';
import { topicSubject } from '../../runtime/topics/subject.ts';
import { suite } from '../support/suite.ts';

const test = suite('subjects');

const hostile = ['', 'acme-corp', 'a.b', '*', '>', 'a b', '%', '%25', 'ключ/名前', '🙂', '\t', 'A_b-9', '../..', '%%'];

test('any text becomes one subject token and comes back unchanged', () => {
  for (const text of hostile) {
    const token = escapeToken(text);
    assert.match(token, /^[A-Za-z0-9_%-]+$/, JSON.stringify(text));
    assert.equal(unescapeToken(token), text);
  }
});

test('different texts never share a token', () => {
  assert.equal(new Set(hostile.map(escapeToken)).size, hostile.length);
});

test('a run id of any characters survives start, mail and journal subjects', () => {
  for (const run of hostile.filter((text) => text !== '')) {
    const to = { tenant: 'default', agent: 'librarian', run, path: '0-2' };
    assert.deepEqual(parseMailbox(mailSubject(to)), to);
    assert.deepEqual(parseMailbox(startSubject({ ...to, path: '0' })), { ...to, path: '0' });
    assert.deepEqual(parseJournalSubject(journalSubject(to, 3)), { tenant: 'default', run, path: '0-2' });
    assert.equal(mailSubject(to).split('.').length, 5);
  }
});

test('a run has one shard, inside the range, and runs spread over all of them', () => {
  const shards = Array.from({ length: 200 }, (_, i) => shardOf(`run-${i}`, 4));
  assert.deepEqual(new Set(shards), new Set([0, 1, 2, 3]));
  assert.equal(shardOf('run-1', 4), shardOf('run-1', 4));
});

test('a topic’s subject is filled with escaped tokens; what is absent becomes the empty token', () => {
  const subject = topicSubject('overdue.{tenant}.{data.shelf}.{data.none}.{subject}.{event}', {
    tenant: 'town',
    subject: 'a.b',
    event: 'e 1',
    data: { shelf: '>' },
  });
  assert.equal(subject, 'overdue.town.%3E.%.a%2Eb.e%201');
});

test.run();
