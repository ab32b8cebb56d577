import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { shrinks } from '../../bridge/contract/published.ts';
import { documentText, publishedDocuments } from '../../docs/schemas.documents.ts';
import type { Json, JsonObject } from '../../runtime/json.ts';
import { suite } from '../support/suite.ts';

const test = suite('published documents');
const docs = new URL('../../docs/', import.meta.url);

/** A document whose only operation takes `AskRequest` and answers `Answer`. */
function document(ask: JsonObject, answer: JsonObject, parameters: Json[] = []): JsonObject {
  return {
    openapi: '3.1.0',
    info: { version: '1' },
    paths: {
      '/ask': {
        post: {
          parameters,
          requestBody: { content: { json: { schema: { $ref: '#/components/schemas/AskRequest' } } } },
          responses: { 200: { content: { json: { schema: { $ref: '#/components/schemas/Answer' } } } } },
        },
      },
    },
    components: { schemas: { AskRequest: object(ask), Answer: object(answer) } },
  };
}

function object({ required = [], ...properties }: JsonObject): JsonObject {
  return { type: 'object', properties, required };
}

const TEXT = { type: 'string' };
const STATE = { type: 'string', enum: ['open', 'done'] };

function taken(before: JsonObject, after: JsonObject): string[] {
  return shrinks(before, after).map((line) => line.replace(/^(components › schemas|paths › \/ask › post) › /, ''));
}

test('each committed document is what the schemas say: run `npm run docs:schemas`', async () => {
  for (const [name, generated] of Object.entries(await publishedDocuments())) {
    assert.equal(readFileSync(new URL(name, docs), 'utf8'), documentText(generated), name);
  }
});

test('each document still has all that was published', async () => {
  for (const [name, generated] of Object.entries(await publishedDocuments())) {
    const published = JSON.parse(readFileSync(new URL(`published/${name}`, docs), 'utf8')) as JsonObject;
    assert.deepEqual(shrinks(published, generated, name.startsWith('schemas/')), [], name);
  }
});

test('what is new and may be left alone takes nothing away', () => {
  const before = document({ a: TEXT, required: ['a'] }, { state: STATE });
  const after = document(
    { a: { ...TEXT, description: 'new words' }, b: TEXT, required: ['a'] },
    { state: { ...STATE, enum: ['open', 'done', 'late'] }, more: TEXT, required: ['more'] },
    [{ name: 'q', in: 'query', required: false }],
  );
  assert.deepEqual(taken(before, after), []);
});

test('a path, a method or a status that is gone is told', () => {
  const before = document({}, {});
  assert.deepEqual(taken(before, { ...before, paths: {} }), ['paths › /ask: is gone']);
  assert.deepEqual(taken(before, { ...before, paths: { '/ask': {} } }), ['paths › /ask › post: is gone']);
  const silent = { '/ask': { post: { parameters: [], requestBody: {}, responses: {} } } };
  assert.deepEqual(taken(before, { ...before, paths: silent }), [
    'requestBody › content: is gone',
    'responses › 200: is gone',
  ]);
});

test('a field or a value that is gone is told, in requests and in answers', () => {
  const before = document({ a: TEXT, state: STATE }, { description: TEXT, state: STATE });
  const after = document({ state: { ...STATE, enum: ['open'] } }, { state: { ...STATE, enum: ['done'] } });
  assert.deepEqual(taken(before, after), [
    'AskRequest › properties › a: is gone',
    'AskRequest › properties › state › enum: done is gone',
    'Answer › properties › description: is gone',
    'Answer › properties › state › enum: open is gone',
  ]);
});

test('a request may ask for no more than before, an answer may leave out nothing', () => {
  const before = document({ a: TEXT }, { b: TEXT, required: ['b'] });
  const after = document({ a: TEXT, required: ['a'] }, { b: TEXT }, [{ name: 'q', in: 'query', required: true }]);
  assert.deepEqual(taken(before, after), [
    'parameters › query q: is asked for now',
    'AskRequest › required: a is asked for now',
    'Answer › required: b may be left out now',
  ]);
});

test('a request’s limits may only widen; an answer’s types may not', () => {
  const before = document({ a: { ...TEXT, maxLength: 9 }, c: { type: ['string', 'null'] } }, { b: TEXT });
  const wider = document({ a: { ...TEXT, maxLength: 10 }, c: { type: ['string', 'null', 'number'] } }, { b: TEXT });
  assert.deepEqual(taken(before, wider), []);
  const after = document(
    { a: { ...TEXT, maxLength: 8, pattern: '^a' }, c: { type: 'string' } },
    { b: { type: ['string', 'null'] } },
  );
  assert.deepEqual(taken(before, after), [
    'AskRequest › properties › a › maxLength: was 9, is 8',
    'AskRequest › properties › a › pattern: was nothing, is ^a',
    'AskRequest › properties › c › type: null is gone',
    'Answer › properties › b › type: null is new',
  ]);
});

test('a message of an operation that points elsewhere is told', () => {
  const pointing = (to: string): JsonObject => ({ operations: { ask: { action: 'receive', channel: { $ref: to } } } });
  assert.deepEqual(shrinks(pointing('#/channels/a'), pointing('#/channels/b')), [
    'operations › ask › channel › $ref: was "#/channels/a", is "#/channels/b"',
  ]);
});

test.run();
