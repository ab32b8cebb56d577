import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { embedLexically, lexicalEmbedder } from '../../runtime/memory/embedder.ts';
import { wordsOf } from '../../runtime/memory/words.ts';
import { suite } from '../support/suite.ts';

const test = suite('memory embedder');

function cosine(a: string, b: string): number {
  const [left, right] = [embedLexically(a), embedLexically(b)];
  return left.reduce((sum, value, i) => sum + value * (right[i] ?? 0), 0);
}

test('every text becomes a vector of length 1, also the empty one and pure punctuation', () => {
  for (const text of [
    '',
    ' ',
    '…!?',
    '💥',
    'a',
    'the of and',
    'Usage fell by a third',
    '使用量下降',
    'x'.repeat(8000),
  ]) {
    const vector = embedLexically(text);
    assert.equal(vector.length, lexicalEmbedder.dimensions);
    const length = Math.hypot(...vector);
    assert.ok(Math.abs(length - 1) < 1e-5, `${JSON.stringify(text.slice(0, 20))} has length ${length}`);
  }
});

test('a vector does not change between versions under the same id', () => {
  // Stored vectors are compared with new ones: whoever changes these numbers must change the embedder's id.
  const texts = ['Weekly usage fell, then recovered by itself.', 'Größe 35 %, 35 seats', '…'];
  const rounded = texts.map((text) => [...embedLexically(text)].map((value) => Math.round(value * 1000) + 0));
  assert.equal(lexicalEmbedder.id, 'lexical-1');
  assert.equal(createHash('sha256').update(JSON.stringify(rounded)).digest('hex').slice(0, 16), '55b2d7e7d6c9c199');
});

test('texts that share words are nearer than texts that share none', () => {
  const query = 'usage dip that recovered without intervention';
  const near = cosine(query, 'A dip in usage in spring; it recovered without any intervention.');
  const far = cosine(query, 'Invoices go to a new address since March.');
  assert.ok(near > 0.4, `near is ${near}`);
  assert.ok(far < 0.15, `far is ${far}`);
});

test('inflections and typos meet through parts of words', () => {
  assert.ok(cosine('escalation', 'escalated') > 0.3);
  assert.ok(cosine('integration outage', 'integratoin outage') > 0.5);
  assert.ok(Math.abs(cosine('escalation', 'printer')) < 0.15);
});

test('case, width and function words hardly matter', () => {
  assert.ok(cosine('Usage DROPPED', 'usage dropped') > 0.999);
  assert.ok(cosine('Ｕｓａｇｅ', 'usage') > 0.999);
  assert.ok(cosine('the usage of the product', 'usage product') > 0.75);
});

test('it is lexical: a paraphrase without common words is not found', () => {
  assert.ok(cosine('seats shrank', 'licences were reduced') < 0.2);
});

test('words are runs of letters and digits in any script', () => {
  assert.deepEqual(wordsOf('Größe-35 % “naïve” acme_corp'), ['größe', '35', 'naïve', 'acme', 'corp']);
  assert.deepEqual(wordsOf('—'), []);
});

test('a batch gives the same vectors as its texts one by one', async () => {
  const [first, second] = await lexicalEmbedder.embed(['one text', 'another text']);
  assert.deepEqual(first, embedLexically('one text'));
  assert.deepEqual(second, embedLexically('another text'));
});

test.run();
