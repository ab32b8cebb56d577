import assert from 'node:assert/strict';
import { NatsError } from 'nats';
import { inTime } from '../../bridge/contract/in-time.ts';
import { refusalOf } from '../../bridge/contract/refusals.ts';
import { PlatformError } from '../../config/errors.ts';
import { suite } from '../support/suite.ts';

const test = suite('what a door answers');

test('a server that does not answer now is worth asking again; a mistake of ours is not', () => {
  const leaderless = new NatsError('JetStream system temporarily unavailable', '503', undefined);
  leaderless.api_error = { code: 503, err_code: 10008, description: 'JetStream system temporarily unavailable' };
  const refused = new NatsError('maximum messages exceeded', '400');
  refused.api_error = { code: 400, err_code: 10003, description: 'bad request' };
  for (const [error, status, code] of [
    [new NatsError('TIMEOUT', 'TIMEOUT'), 503, 'platform.not_ready'],
    [new NatsError('no responders', '503'), 503, 'platform.not_ready'],
    [new NatsError('CONNECTION_CLOSED', 'CONNECTION_CLOSED'), 503, 'platform.not_ready'],
    [leaderless, 503, 'platform.not_ready'],
    [new Error('Connection is closed.'), 503, 'redis.unreachable'],
    [new PlatformError('nats.unreachable', 'no NATS at 10.0.0.1'), 503, 'platform.not_ready'],
    [refused, 500, 'platform.unexpected'],
    [new TypeError('x is not a function'), 500, 'platform.unexpected'],
  ] as const) {
    const answer = refusalOf(error);
    assert.deepEqual([answer.status, answer.code, answer.unexpected], [status, code, true], error.message);
    assert.doesNotMatch(answer.message, /10\.0\.0\.1/);
  }
});

test('work that takes too long is refused for now, and work that does not is itself', async () => {
  await assert.rejects(inTime(1, new Promise(() => {})), { code: 'platform.not_ready' });
  assert.equal(await inTime(60_000, Promise.resolve('done')), 'done');
  await assert.rejects(inTime(60_000, Promise.reject(new Error('mine'))), /mine/);
});

test.run();
