import assert from 'node:assert/strict';
import {
  ANNOUNCED_WAITS,
  announcedName,
  attemptOf,
  elsewhereName,
  MODEL_ATTEMPTS,
  nextTry,
  retryName,
  type Unanswered,
  waitElsewhere,
} from '../../runtime/policy/retry.ts';
import { suite } from '../support/suite.ts';

const test = suite('when a model is asked again');

const turn = (change: Partial<Unanswered> = {}): Unanswered => ({
  run: 'r',
  path: '0',
  ordinal: 7,
  failures: 0,
  announced: 0,
  ...change,
});
/** The waits of as many runs as there are in a large batch, all turned away at the same moment. */
const crowd = (change: Partial<Unanswered>, askedMs: number | null): number[] =>
  Array.from(
    { length: 2_000 },
    (_, i) => nextTry(turn({ run: `batch-target-${i}`, ...change }), askedMs)?.wait_ms ?? 0,
  );
const within = (waits: number[], from: number, to: number): boolean => waits.every((ms) => ms >= from && ms <= to);

test('without a wish the wait doubles up to a minute, half of it spread, and ends with the last attempt', () => {
  for (const [failures, step] of [2_000, 4_000, 8_000, 16_000, 32_000].entries()) {
    assert.ok(within(crowd({ failures }, null), step / 2, step), `${step}`);
    const next = nextTry(turn({ failures }), null);
    assert.deepEqual([next?.name, next?.announced], [retryName(7, failures + 1), false]);
  }
  assert.equal(nextTry(turn({ failures: MODEL_ATTEMPTS - 1 }), null), null);
});

test('a wish of no time at all is none', () => {
  assert.deepEqual(nextTry(turn(), 0), nextTry(turn(), null));
});

test('what the API asks for is waited, and a spread that doubles to ten minutes, never a step in its place', () => {
  for (const [announced, spread] of [2_000, 4_000, 8_000, 16_000, 32_000].entries()) {
    assert.ok(within(crowd({ announced }, 8_000), 8_000, 8_000 + spread), `${spread}`);
  }
  const late = crowd({ announced: 40 }, 8_000);
  assert.ok(within(late, 8_000, 608_000) && Math.max(...late) > 590_000);
  assert.ok(within(crowd({}, 250.5), 251, 2_251), 'a wait of less than a second, in whole milliseconds');
  assert.ok(within(crowd({}, 1e17), 3_600_000, 3_602_000), 'an hour at most, however long it asks for');
});

test('who was turned away together comes back evenly apart, and a second time in another order', () => {
  for (const announced of [0, 1, 20]) {
    const waits = crowd({ announced }, 1_000).map((ms) => ms - 1_000);
    const tenths = Array.from({ length: 10 }, () => 0);
    const spread = Math.min(2_000 * 2 ** announced, 600_000);
    for (const ms of waits) tenths[Math.min(9, Math.floor((10 * ms) / spread))]! += 1;
    assert.ok(Math.min(...tenths) > 130 && Math.max(...tenths) < 270, tenths.join(' '));
  }
  const [first, second] = [crowd({ announced: 19 }, 1_000), crowd({ announced: 20 }, 1_000)];
  const alike = first.filter((ms, i) => Math.abs(ms - (second[i] ?? 0)) < 60_000).length;
  assert.ok(alike > 280 && alike < 480, `${alike} of 2000 as two independent draws would, 380`);
});

test('the spread follows from whose turn it is, its path and the attempt, and from nothing else', () => {
  assert.deepEqual(nextTry(turn(), 1_000), nextTry(turn(), 1_000));
  const others = [{ run: 's' }, { path: '0-1' }, { ordinal: 8 }].map((change) => nextTry(turn(change), 1_000)?.wait_ms);
  assert.equal(new Set([nextTry(turn(), 1_000)?.wait_ms, ...others]).size, 4);
});

test('announced waits end with the hundredth, whatever else failed; failures do not count towards them', () => {
  const last = nextTry(turn({ announced: ANNOUNCED_WAITS - 1, failures: MODEL_ATTEMPTS }), 1_000);
  assert.deepEqual([last?.name, last?.announced], [announcedName(7, ANNOUNCED_WAITS), true]);
  assert.equal(nextTry(turn({ announced: ANNOUNCED_WAITS }), 1_000), null);
  assert.equal(nextTry(turn({ announced: ANNOUNCED_WAITS }), null)?.name, retryName(7, 1));
});

test('2,000 runs on a key of 50 requests a minute all get their turns, in little more than the time that it takes', () => {
  const { minutes, most } = played({ runs: 2_000, turns: 2, perMinute: 50 });
  assert.ok(minutes < 1.15 * 80, `${minutes} minutes`);
  assert.ok(most < 0.6 * ANNOUNCED_WAITS, `${most} waits in a row`);
});

/** Runs on a key that refills evenly and names the whole second at which it has a place again. */
function played({ runs, turns, perMinute }: { runs: number; turns: number; perMinute: number }) {
  const every = 60_000 / perMinute;
  const asks = Array.from({ length: runs }, (_, i) => ({ run: `batch-target-${i}`, at: i, ordinal: 1, announced: 0 }));
  let free = -60_000;
  let most = 0;
  let now = 0;
  for (let next = earliest(asks); next !== undefined; next = earliest(asks)) {
    now = next.at;
    free = Math.max(free, now - 60_000);
    const wait = free + every - now;
    if (wait <= 0) {
      free += every;
      next.ordinal += 1;
      next.announced = 0;
      next.at = next.ordinal > turns ? Number.POSITIVE_INFINITY : now + 5_000;
    } else {
      const { run, ordinal, announced } = next;
      next.at =
        now + (nextTry(turn({ run, ordinal, announced }), Math.ceil(wait / 1000) * 1000)?.wait_ms ?? Number.NaN);
      next.announced += 1;
      most = Math.max(most, next.announced);
    }
  }
  return { minutes: now / 60_000, most };
}

function earliest<T extends { at: number }>(asks: readonly T[]): T | undefined {
  let first: T | undefined;
  for (const ask of asks) if (ask.at < (first?.at ?? Number.POSITIVE_INFINITY)) first = ask;
  return first;
}

test('a run that waits for a worker with its model waits without end, an hour at a time at most', () => {
  assert.deepEqual([0, 1, 2].map(waitElsewhere), [60_000, 120_000, 240_000]);
  assert.equal(waitElsewhere(500), 3_600_000);
});

test('the name of a timer says which attempt it begins; a wait that was announced or is for another worker begins none', () => {
  assert.deepEqual([attemptOf(retryName(7, 1)), attemptOf(retryName(7, 5))], [2, MODEL_ATTEMPTS]);
  assert.equal(attemptOf(announcedName(7, 1)), null);
  assert.equal(attemptOf(elsewhereName(7, 1)), null);
  assert.equal(attemptOf('due-1'), null);
});

test.run();
