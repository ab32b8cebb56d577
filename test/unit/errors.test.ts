import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describeError, ERRORS, PlatformError } from '../../config/errors.ts';
import { errorsDocument } from '../../docs/errors.document.ts';
import { suite } from '../support/suite.ts';

const test = suite('errors');

test('docs/errors.md says what the registry says', () => {
  const written = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
  assert.ok(written === errorsDocument(), 'they differ: run `npm run docs:errors`');
});

test('every code is an area and a name, and every meaning is a sentence', () => {
  for (const [code, meaning] of Object.entries(ERRORS)) {
    assert.match(code, /^[a-z]+\.[a-z_]+$/);
    assert.ok(meaning.endsWith('.'), code);
  }
});

test('a coded error keeps its code, its cause and its details', () => {
  const cause = new Error('refused');
  const error = new PlatformError('nats.unreachable', 'no server at nats://localhost:1', {
    cause,
    details: { port: 1 },
  });
  assert.equal(error.cause, cause);
  assert.deepEqual(error.details, { port: 1 });
  assert.deepEqual(describeError(error, 'activation.crashed'), {
    code: 'nats.unreachable',
    message: 'no server at nats://localhost:1',
  });
});

test('anything else that was thrown is described under the fallback code', () => {
  assert.deepEqual(describeError(new TypeError('x is undefined'), 'tool.failed'), {
    code: 'tool.failed',
    message: 'x is undefined',
  });
  assert.deepEqual(describeError('plain text', 'tool.failed'), { code: 'tool.failed', message: 'plain text' });
});

test.run();
