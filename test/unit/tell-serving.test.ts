import assert from 'node:assert/strict';
import { endedRun, endedTexts } from '../../bridge/cli/render/ended-runs.ts';
import { tellPeople } from '../../bridge/cli/render/tell-people.ts';
import { tellWaits, type WaitTeller } from '../../bridge/cli/render/tell-waits.ts';
import { PLAIN } from '../../bridge/terminal/terminal.ts';
import type { HumanTask, JournaledEvent } from '../../runtime/journal/entry.ts';
import type { StoredEntry } from '../../runtime/journal/journal.ts';
import { retryName } from '../../runtime/policy/retry.ts';
import { suite } from '../support/suite.ts';

const test = suite('what a process that serves says of runs');

const NOW = '2026-11-16T06:00:00.000Z';
const now = (): Date => new Date(NOW);
const DENIED = { code: 'model.denied', message: 'refused\u001b:\n no such key' };
const address = (run: string, path = '0') => ({ tenant: 't', run, path });

function entry(state: string, events: JournaledEvent[], more: Partial<StoredEntry> = {}): StoredEntry {
  const head = { v: 1 as const, at: NOW, writer: 'w', key: 'k', agent: 'finder', subject: 'dune', digest: '', seq: 1 };
  return { ...head, events, state, ...more };
}

const fails = (more: Partial<StoredEntry> = {}): StoredEntry =>
  entry('failed', [{ type: 'failed', error: DENIED }], more);

function ended(run: string, stored: StoredEntry) {
  return endedRun(address(run), stored) ?? assert.fail('it is no end');
}

test('a thousand runs that fail for one reason tell it once, their batch and a later run tell it again', () => {
  const text = endedTexts(PLAIN);
  const told = Array.from({ length: 1000 }, (_, i) => text(ended(`b-${i}`, fails())));
  assert.equal(told[0], '06:00:00  b-0  finder  dune  failed, model.denied: refused\ufffd: no such key');
  assert.deepEqual(
    new Set(told.slice(1).map((line) => line.replace(/b-\d+/, 'b'))),
    new Set(['06:00:00  b  finder  dune  failed, model.denied as above']),
  );
  assert.match(
    text(ended('b', fails({ agent: '_schedule-round' }))),
    / {2}schedule round {2}dune {2}failed, .*such key$/,
  );
  assert.match(text(ended('later', fails({ at: '2026-11-16T06:02:00.000Z' }))), /no such key$/);
});

test('what has failed and takes a late report does not end again; what is delegated is no end of a run', () => {
  const late: JournaledEvent = { type: 'child.reported', run: 'r', outcome: 'completed' };
  assert.equal(endedRun(address('a'), entry('failed', [late])), null);
  assert.equal(endedRun(address('a', '0-1'), fails()), null);
});

test('a run that is not admitted says by which rule; one that has completed says no more than that', () => {
  const verdicts = [{ rule: 'admission.role', ok: false, reason: 'it is a sub-agent' }];
  const text = endedTexts(PLAIN);
  const refused = entry('refused', [{ type: 'refused', worker: 'w', verdicts }]);
  assert.match(text(ended('a', refused)), /refused, admission\.refused: admission\.role: it is a sub-agent$/);
  assert.match(text(ended('a', entry('completed', [{ type: 'completed' }]))), /dune {2}completed$/);
});

/** What is said of entries, in the first line. */
function firstLine(begin: (say: (text: string) => void) => WaitTeller, entries: [string, StoredEntry][]) {
  return new Promise<string>((resolve) => {
    const teller = begin((text) => {
      teller.stop();
      resolve(text);
    });
    for (const [run, stored] of entries) teller.take(address(run), stored);
  });
}

const waits = (say: (text: string) => void): WaitTeller =>
  tellWaits({ runs: 9, now, gatherMs: 1, say, named: ({ run }, { agent }, text) => `${run} ${agent} ${text}` });

function backsOff(at: string): StoredEntry {
  const error = { code: 'model.unavailable', message: 'busy' };
  return entry('backing_off', [{ type: 'model.failed', ordinal: 1, error, retry: { name: retryName(1, 1), at } }]);
}

test('one that waits for its model alone is named; a wait that was over long ago is forgotten', async () => {
  const soon = backsOff('2026-11-16T06:00:02.000Z');
  assert.equal(
    await firstLine(waits, [
      ['gone', backsOff('2026-11-16T05:58:00.000Z')],
      ['a', soon],
    ]),
    'a finder busy; asked again in 2 s (attempt 2 of 6)',
  );
  assert.match(
    await firstLine(waits, [
      ['a', soon],
      ['b', soon],
    ]),
    /^2 runs wait for the model: busy; /,
  );
});

function asks(id: string, rule: string): StoredEntry {
  const decides = { name: null, role: 'operator' };
  const task: HumanTask = {
    id,
    kind: 'approval',
    rules: [rule],
    question: 'may\nit?',
    decides,
    opened: NOW,
    due: null,
    on_expiry: 'refuse',
  };
  return entry('waiting_for_human', [
    { type: 'escalated', escalation: { rule, target: 'human', reason: task.question, task } },
  ]);
}

const people = (say: (text: string) => void): WaitTeller =>
  tellPeople({
    now,
    gatherMs: 1,
    say,
    named: ({ run }, _entry, text) => `${run} ${text}`,
    show: (task) => `show ${task}`,
    list: () => 'list',
  });

test('one question to a person is told with how to see it; several are counted by what asks', async () => {
  const rest = entry('waiting_for_human', [{ type: 'resumed', worker: 'w', delivery: 2 }]);
  assert.equal(
    await firstLine(people, [
      ['a', asks('a.0.1', 'vip')],
      ['a', rest],
    ]),
    'a waits for a person, vip: may it?; to see it: show a.0.1',
  );
  const many: [string, StoredEntry][] = [
    ['a', asks('a.0.1', 'vip')],
    ['b', asks('b.0.1', 'rare')],
    ['c', asks('c.0.1', 'rare')],
  ];
  assert.equal(await firstLine(people, many), '3 questions wait for people: rare 2, vip 1; to see all: list');
  const decided = entry('acting', [{ type: 'resumed', worker: 'w', delivery: 2 }]);
  assert.match(await firstLine(people, [...many.slice(1), ['b', decided]]), /^c waits for a person, rare/);
});

test('what has failed, and takes a late report before its question is told, still asks; no id of a run steers the terminal', async () => {
  const failed = { ...asks('a.0.1', 'activation.quarantined'), state: 'failed' };
  const late = entry('failed', [{ type: 'child.reported', run: 'r', outcome: 'completed' }]);
  assert.match(
    await firstLine(people, [
      ['a', failed],
      ['a', late],
    ]),
    /^a waits for a person, activation\.quarantined/,
  );
  assert.doesNotMatch(await firstLine(people, [['a', asks('x\u009b31m.0.1', 'vip')]]), /\u009b/);
});

test.run();
