import assert from 'node:assert/strict';
import { type ModelWait, modelWait, waitsText, waitText } from '../../bridge/journals/model-waits.ts';
import { tellWaits, type WaitTeller } from '../../bridge/cli/render/tell-waits.ts';
import type { JournaledEvent, Timer } from '../../runtime/journal/entry.ts';
import type { StoredEntry } from '../../runtime/journal/journal.ts';
import { announcedName, elsewhereName, retryName } from '../../runtime/policy/retry.ts';
import { suite } from '../support/suite.ts';

const test = suite('what is said of a model that does not answer');

const NOW = Date.parse('2026-11-16T06:00:00.000Z');
const BUSY = { code: 'model.unavailable', message: 'claude cannot answer now: 529' };
const inSeconds = (seconds: number): string => new Date(NOW + seconds * 1000).toISOString();

function entry(state: string, ...events: JournaledEvent[]): StoredEntry {
  return { v: 1, at: '', writer: 'w', key: 'k', agent: 'finder', subject: null, events, state, digest: '', seq: 1 };
}

function backsOff(retry: Timer, message = BUSY.message): StoredEntry {
  return entry('backing_off', { type: 'model.failed', ordinal: 1, error: { ...BUSY, message }, retry });
}

test('one wait says why, when it ends and which attempt it leads to', () => {
  const wait = modelWait([backsOff({ name: retryName(4, 2), at: inSeconds(20) })]);
  assert.ok(wait);
  assert.equal(waitText(wait, NOW), 'claude cannot answer now: 529; asked again in 20 s (attempt 3 of 6)');
  assert.match(waitText({ ...wait, at: inSeconds(-1) }, NOW), /asked again now \(attempt 3 of 6\)$/);
  assert.match(waitText({ ...wait, at: inSeconds(1800) }, NOW), /asked again in 30 min /);
});

test('a wait for a worker that may ask the model is no attempt', () => {
  const wait = modelWait([backsOff({ name: elsewhereName(1, 3), at: inSeconds(60) })]);
  assert.deepEqual([wait?.attempt, wait && waitText(wait, NOW).endsWith('asked again in 60 s')], [null, true]);
});

test('a wait that the API asks for is told as that, and is no attempt', () => {
  const retry = { name: announcedName(1, 3), at: inSeconds(8) };
  const wait = modelWait([
    entry('backing_off', { type: 'model.failed', ordinal: 1, error: BUSY, retry, announced: true }),
  ]);
  assert.ok(wait);
  assert.equal(waitText(wait, NOW), 'claude cannot answer now: 529; asked again in 8 s (it asks to wait)');
  assert.equal(wait.attempt, null);
});

test('what was journaled since does not hide the wait; what has gone on does not wait', () => {
  const waiting = backsOff({ name: retryName(1, 1), at: inSeconds(2) });
  const resumed = entry('backing_off', { type: 'resumed', worker: 'w', delivery: 2 });
  assert.equal(modelWait([waiting, resumed])?.attempt, 2);
  assert.equal(modelWait([waiting, entry('thinking', { type: 'timer.fired', name: retryName(1, 1) })]), null);
  assert.equal(modelWait([entry('failed', { type: 'model.failed', ordinal: 1, error: BUSY, retry: null })]), null);
});

test('many waits are one line: the commonest reason, harmless and short, and the first that ends', () => {
  const wait = (message: string, seconds: number): ModelWait => ({
    error: { ...BUSY, message },
    at: inSeconds(seconds),
    attempt: 2,
    announced: false,
  });
  const waits = [wait('busy', 30), wait('no\u001b connection\n', 20), wait('busy', 40)];
  assert.equal(
    waitsText(waits, 3, NOW),
    '3 runs wait for the model: busy (and 1 other reason); the next is asked again in 20 s',
  );
  const [, odd] = waits;
  assert.ok(odd);
  assert.equal(waitsText([odd], 1, NOW), '1 run waits for the model: no\ufffd connection; it is asked again in 20 s');
  assert.ok(waitsText([wait('x'.repeat(5_000), 1)], 1, NOW).length < 300);
});

const address = (run: string, path = '0') => ({ tenant: 't', run, path });

test('a run that is followed alone is told of each of its waits at once', () => {
  const said: string[] = [];
  const waits = tellWaits({ runs: 1, say: (text) => void said.push(text), now: () => new Date(NOW) });
  waits.take(address('a'), backsOff({ name: retryName(1, 1), at: inSeconds(2) }));
  waits.take(address('a'), entry('thinking', { type: 'timer.fired', name: retryName(1, 1) }));
  waits.take(address('a', '0-1'), backsOff({ name: retryName(1, 2), at: inSeconds(4) }));
  waits.stop();
  assert.deepEqual(said, [
    'waiting: claude cannot answer now: 529; asked again in 2 s (attempt 2 of 6)',
    'waiting: claude cannot answer now: 529; asked again in 4 s (attempt 3 of 6)',
  ]);
});

test('runs of a batch are told of together, those that went on meanwhile are left out', async () => {
  let waits: WaitTeller | undefined;
  const line = new Promise<string>((say) => {
    waits = tellWaits({ runs: 12, say, now: () => new Date(NOW), gatherMs: 1 });
    for (const run of ['a', 'b', 'c']) {
      waits.take(address(run), backsOff({ name: retryName(1, 1), at: inSeconds(2) }));
    }
    waits.take(address('a', '0-1'), backsOff({ name: retryName(1, 1), at: inSeconds(2) }));
    waits.take(address('c'), entry('thinking', { type: 'timer.fired', name: retryName(1, 1) }));
  });
  assert.equal(await line, '2 runs wait for the model: claude cannot answer now: 529; the next is asked again in 2 s');
  waits?.stop();
});

test.run();
