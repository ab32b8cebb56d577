import assert from 'node:assert/strict';
import { PlatformError } from '../../config/errors.ts';
import { checkMemory, checkQuery, readMemory } from '../../runtime/memory/check.ts';
import { asFields, fromFields } from '../../runtime/memory/fields.ts';
import { memoryKey, parseMemoryKey, vectorKey } from '../../runtime/memory/keys.ts';
import { seededMemory } from '../../runtime/memory/long-term.ts';
import type { Memory } from '../../runtime/memory/memory.ts';
import { type Ranking, rank, searchableText } from '../../runtime/memory/recall.ts';
import { suite } from '../support/suite.ts';

const test = suite('memory recall');

const memory = (fields: Partial<Memory> = {}): Memory => ({
  id: 'm1',
  tenant: 'default',
  scope: 'analyst',
  subject: 'acme-corp',
  date: '2026-08-16',
  source: 'seed',
  text: 'Usage dipped and recovered without intervention.',
  ...fields,
});
const ranking = (fields: Partial<Ranking> = {}): Ranking => ({
  query: 'usage dip',
  subject: null,
  before: '2026-11-16',
  asOf: '2026-11-16',
  limit: 10,
  ...fields,
});
const ids = (found: { id: string }[]) => found.map(({ id }) => id);

test('only memories dated before the as-of date are history', () => {
  const candidates = ['2026-11-15', '2026-11-16', '2026-11-17'].map((date) => ({
    memory: memory({ id: date, date }),
    cosine: 1,
  }));
  assert.deepEqual(ids(rank(ranking(), candidates)), ['2026-11-15']);
});

test('age counts in whole days back from the as-of date, over leap days too', () => {
  const [found] = rank(ranking({ before: '2024-03-01', asOf: '2024-03-01' }), [
    { memory: memory({ date: '2024-02-28' }), cosine: 0.5 },
  ]);
  assert.equal(found?.age_days, 2);
});

test('a candidate of another subject is dropped even if the index proposed it', () => {
  const found = rank(ranking({ subject: 'acme-corp' }), [
    { memory: memory({ id: 'ours' }), cosine: 0.1 },
    { memory: memory({ id: 'theirs', subject: 'acme' }), cosine: 1 },
    { memory: memory({ id: 'general', subject: null }), cosine: 1 },
  ]);
  assert.deepEqual(ids(found), ['ours']);
});

test('of equally relevant memories the newer comes first', () => {
  const found = rank(ranking(), [
    { memory: memory({ id: 'old', date: '2025-09-16' }), cosine: 0.5 },
    { memory: memory({ id: 'new', date: '2026-08-16' }), cosine: 0.5 },
  ]);
  assert.deepEqual(ids(found), ['new', 'old']);
});

test('words in common lift a memory over one that is merely near', () => {
  const found = rank(ranking({ query: 'pricing objection' }), [
    { memory: memory({ id: 'near', text: 'Talked about invoices.' }), cosine: 0.4 },
    { memory: memory({ id: 'said', text: 'A pricing objection was raised.' }), cosine: 0.3 },
  ]);
  assert.deepEqual(ids(found), ['said', 'near']);
});

test('scores lie between 0 and 1 and equal scores are ordered the same every time', () => {
  const found = rank(ranking(), [
    { memory: memory({ id: 'b' }), cosine: 1 },
    { memory: memory({ id: 'a' }), cosine: 1 },
    { memory: memory({ id: 'opposite', text: 'Nothing.' }), cosine: -1 },
  ]);
  assert.deepEqual(ids(found), ['a', 'b', 'opposite']);
  assert.ok(found.every(({ score }) => score >= 0 && score <= 1));
});

test('the limit is kept, and a query without words still ranks', () => {
  const candidates = Array.from({ length: 5 }, (_, i) => ({ memory: memory({ id: `m${i}` }), cosine: 0 }));
  assert.equal(rank(ranking({ query: '…', limit: 3 }), candidates).length, 3);
});

test('what is recalled names neither tenant, scope nor source', () => {
  const [found] = rank(ranking(), [{ memory: memory({ kind: 'assessment', dip_percent: 40 }), cosine: 1 }]);
  assert.deepEqual(Object.keys(found ?? {}).sort(), [
    'age_days',
    'date',
    'dip_percent',
    'id',
    'kind',
    'score',
    'subject',
    'text',
  ]);
});

test('subject, kind and assessment are searched along with the text', () => {
  assert.equal(
    searchableText(memory({ kind: 'outcome', assessment: 'watch', text: 'T' })),
    'T\nacme-corp\noutcome\nwatch',
  );
});

test('an invalid memory is refused with every field, what was expected and what came', () => {
  assert.throws(
    () => checkMemory({ ...memory(), date: '2026-02-30', tenant: 'a.b', dip_percent: '40' }),
    (error: unknown) =>
      error instanceof PlatformError &&
      error.code === 'memory.invalid' &&
      /date: an ISO date such as 2026-11-16, got "2026-02-30"/.test(error.message) &&
      /tenant: .*got "a\.b"/.test(error.message) &&
      /dip_percent: .*number.*got "40"/.test(error.message),
  );
  for (const wrong of [
    { date: '16.11.2026' },
    { date: '2026-11-16T00:00:00Z' },
    { subject: '' },
    { text: 'half \ud83d' },
    { mood: 'x' },
  ]) {
    assert.throws(() => checkMemory({ ...memory(), ...wrong }), { code: 'memory.invalid' }, JSON.stringify(wrong));
  }
  assert.throws(() => checkMemory(null), { code: 'memory.invalid' });
});

test('an invalid recall is refused too', () => {
  const query = { tenant: 'default', scope: 'analyst', query: 'q', subject: null, before: '2026-11-16', limit: 5 };
  assert.deepEqual(checkQuery(query), query);
  for (const wrong of [{ before: 'today' }, { limit: 0 }, { limit: 1.5 }, { scope: 'a*' }]) {
    assert.throws(() => checkQuery({ ...query, ...wrong }), { code: 'memory.invalid' }, JSON.stringify(wrong));
  }
});

test('a record that a newer version wrote is read without its unknown fields', () => {
  assert.deepEqual(readMemory({ ...memory(), mood: 'x' }, 'memory.a.b.c'), memory());
});

test('a memory survives its hash fields unchanged', () => {
  for (const each of [
    memory(),
    memory({ subject: null, kind: 'outcome', assessment: 'watch', dip_percent: 0, resolved_by: 'self' }),
  ]) {
    assert.deepEqual(fromFields(each, asFields(each)), each);
  }
  assert.equal(fromFields(memory(), {}), null);
});

test('keys of one scope share a cluster slot, and a memory key reads back whatever the id holds', () => {
  for (const id of ['run-1/0#2', '{x}', 'a:b', '*', 'žluť', '']) {
    const key = memoryKey('t', 's', id);
    assert.deepEqual(parseMemoryKey(key), { tenant: 't', scope: 's', id });
    assert.equal(/\{[^}]*\}/.exec(key)?.[0], /\{[^}]*\}/.exec(vectorKey('t', 's', 'lexical-1'))?.[0]);
  }
  assert.equal(parseMemoryKey(vectorKey('t', 's', 'lexical-1')), null);
  assert.notEqual(vectorKey('t', 's', 'lexical-1'), vectorKey('t', 's', 'voyage-4'));
});

test('a seed has the same id whenever it is loaded, and another when any field differs', () => {
  const seed = { scope: 'analyst', subject: 'acme-corp', date: '2026-08-16', text: 'T' };
  const { id } = seededMemory('default', seed);
  assert.match(id, /^seed-[0-9a-f]{16}$/);
  assert.equal(
    seededMemory('default', { text: 'T', date: '2026-08-16', subject: 'acme-corp', scope: 'analyst' }).id,
    id,
  );
  const others = [
    { ...seed, text: 'U' },
    { ...seed, date: '2026-08-17' },
    { ...seed, kind: 'quirk' as const },
    { ...seed, dip_percent: 0 },
  ];
  assert.equal(new Set([id, ...others.map((other) => seededMemory('default', other).id)]).size, 5);
});

test.run();
