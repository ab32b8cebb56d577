import assert from 'node:assert/strict';
import { cronProblem, lastTick, nextTick, tickName } from '../../runtime/schedules/cron.ts';
import { Chance } from '../chaos/random.ts';
import { drawLine, serverNext } from '../support/cron-lines.ts';
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

test('a line is taken only where the server and we read it alike; the others name the field, the reason and the nearest', () => {
  const refused: [line: string, problem: RegExp, nearest: string][] = [
    ['0 0 6 * * 7', /day of week "7": 7 is not from 0 to 6/, '0 0 6 * * 0'],
    ['0 0 6 * * 1-7', /7 is not from 0 to 6/, '0 0 6 * * 0,1-6'],
    ['0 0 6 * * FRI-SUN', /FRI-SUN ends before it begins/, '0 0 6 * * 0,5-6'],
    ['0 0 6 * * monday', /"monday" is not taken/, '0 0 6 * * 1'],
    ['0 0 6 L * *', /day of month "L": "L" is not taken/, '0 0 6 28 * *'],
    ['0 0 6 LW * *', /"LW" is not taken/, '0 0 6 28 * *'],
    ['0 0 6 15W * *', /"15W" is not taken/, '0 0 6 15 * *'],
    ['0 0 6 * * 1#1', /"1#1" is not taken/, '0 0 6 * * 1'],
    ['0 0 6 * * 5L', /"5L" is not taken/, '0 0 6 * * 5'],
    ['0 0 6 * * +5', /"\+5" is not taken/, '0 0 6 * * 5'],
    ['0 0 6 ? * MON', /"\?" is not taken/, '0 0 6 * * MON'],
    ['0 0 6 */1 * 1', /only \* alone/, '0 0 6 * * 1'],
    ['0 0 6 *,5 * 1', /only \* alone/, '0 0 6 * * 1'],
    ['0 0 6 1 * */1', /only \* alone/, '0 0 6 1 * *'],
    ['0 5/10 * * * *', /"5\/10" is no range/, '0 5-59/10 * * * *'],
    ['0 0 22-2 * * *', /22-2 ends before it begins/, '0 0 0-2,22-23 * * *'],
    ['*/90 * * * * *', /step 90 is not from 1 to 60/, '0 * * * * *'],
    ['0 1,,2 * * * *', /"" is not taken/, '0 1,2 * * * *'],
    ['0 0 25 * * 1', /hour "25": 25 is not from 0 to 23/, '0 0 23 * * 1'],
    ['0 6 * * 1', /has 5 fields/, '0 0 6 * * 1'],
    ['@daily', /has 1 fields/, '0 0 0 * * *'],
    ['0\t0 6 * * 1', /white space/, '0 0 6 * * 1'],
    ['0 0 0 30 2 *', /never comes due/, '0 0 0 29 2 *'],
    ['0 0 0 31 4,6 *', /never comes due/, '0 0 0 30 4,6 *'],
    ['gibberish', /has 1 fields/, '0 0 6 * * 1'],
  ];
  for (const [line, problem, nearest] of refused) {
    const wrong = cronProblem(line);
    assert.match(wrong?.problem ?? 'taken', problem, line);
    assert.equal(wrong?.nearest, nearest);
    assert.equal(cronProblem(nearest), null);
  }
  const taken = [
    mondays,
    '0 */1 * * * *',
    '0 0  6 * * MON-fri/2',
    '0 0 6 */2 * 1',
    '0 0 6 29 2 *',
    '0 0 6 1,15 JAN-Jun *',
  ];
  for (const line of taken) assert.equal(cronProblem(line), null, line);
});

test('the next and the last tick of any line that is taken are those of the server’s rule', () => {
  const chance = new Chance(20_261_201);
  let days = 0;
  for (let count = 0; count < 150; count++) {
    const line = drawLine(chance);
    if (cronProblem(line)?.problem === 'never comes due') continue;
    assert.equal(cronProblem(line), null, line);
    if (!/ \* \S+ \S+$| \*$/.test(line)) days += 1;
    const from = new Date(chance.between(Date.UTC(2026, 0), Date.UTC(2090, 0)));
    const next = serverNext(line, from);
    assert.equal(nextTick(line, from)?.getTime(), next?.getTime(), `${line} after ${from.toISOString()}`);
    if (next === null) continue;
    const after = serverNext(line, next);
    assert.equal(lastTick(line, next)?.getTime(), next.getTime(), line);
    if (after) assert.equal(lastTick(line, new Date(after.getTime() - 1))?.getTime(), next.getTime(), line);
  }
  assert.ok(days > 25, 'lines that name both days');
});

test('further dates: leap days, ends of months, both days, and years apart', () => {
  const table: [line: string, from: string, next: string][] = [
    ['0 0 6 29 2 *', '2026-12-01T00:00:00Z', '2028-02-29T06:00:00Z'],
    ['0 0 6 31 * *', '2026-12-31T06:00:00Z', '2027-01-31T06:00:00Z'],
    ['59 59 23 31 12 *', '2026-12-31T23:59:59Z', '2027-12-31T23:59:59Z'],
    ['0 0 6 13 * FRI', '2026-12-01T00:00:00Z', '2026-12-04T06:00:00Z'],
    ['0 0 6 */10 2 1', '2027-02-01T06:00:00Z', '2027-02-08T06:00:00Z'],
    ['0 0 6 30 4,6 *', '2026-12-01T00:00:00Z', '2027-04-30T06:00:00Z'],
    ['0 0 0 1 1 *', '2026-12-31T23:59:59.999Z', '2027-01-01T00:00:00Z'],
  ];
  for (const [line, from, next] of table) {
    assert.equal(serverNext(line, at(from))?.getTime(), at(next).getTime(), `${line} by the server’s rule`);
    assert.equal(nextTick(line, at(from))?.getTime(), at(next).getTime(), line);
  }
});

test.run();
