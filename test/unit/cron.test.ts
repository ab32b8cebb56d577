import assert from 'node:assert/strict';
import { cronProblem, lastTick, nextTick, tickName } from '../../runtime/schedules/cron.ts';
import { suite } from '../support/suite.ts';

const test = suite('cron lines');
const mondays = '0 0 6 * * 1';
const at = (text: string) => new Date(text);

test('the last tick is the one at or before a time, the next one is after it', () => {
  const tick = '2026-11-23T06:00:00.000Z';
  assert.equal(lastTick(mondays, at(tick))?.toISOString(), tick);
  assert.equal(lastTick(mondays, at('2026-11-23T05:59:59.999Z'))?.toISOString(), '2026-11-16T06:00:00.000Z');
  assert.equal(lastTick(mondays, at('2026-11-29T23:00:00Z'))?.toISOString(), tick);
  assert.equal(nextTick(mondays, at(tick))?.toISOString(), '2026-11-30T06:00:00.000Z');
});

test('times are UTC, whatever the machine’s zone', () => {
  const zone = process.env.TZ;
  process.env.TZ = 'Pacific/Auckland';
  assert.equal(nextTick(mondays, at('2026-11-20T00:00:00Z'))?.toISOString(), '2026-11-23T06:00:00.000Z');
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
});

test('a tick’s name sorts by time and fits into an id', () => {
  assert.equal(tickName(at('2026-11-23T06:00:00.000Z')), '20261123T060000Z');
});

test('a wrong line is named', () => {
  assert.equal(cronProblem(mondays), null);
  assert.match(cronProblem('0 0 25 * * 1') ?? '', /hour: 25/);
  assert.match(cronProblem('0 6 * * 1') ?? '', /6 parts/);
  assert.match(cronProblem('0 0 0 30 2 *') ?? '', /never/);
});

test.run();
