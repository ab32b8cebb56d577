import assert from 'node:assert/strict';
import { type Journaled, timeline, timelineText } from '../../bridge/cli/render/timeline.ts';
import { PLAIN } from '../../bridge/terminal/terminal.ts';
import type { InvocationEvent, JudgedCall, Verdict } from '../../runtime/journal/entry.ts';
import { noUsage } from '../../runtime/report.ts';
import { suite } from '../support/suite.ts';

const test = suite('timeline');

function journal(path: string, entries: [seq: number, state: string, ...events: InvocationEvent[]][]): Journaled {
  return {
    path,
    entries: entries.map(([seq, state, ...events]) => ({
      v: 1 as const,
      seq,
      at: `2026-11-16T06:00:0${seq}.000Z`,
      writer: 'w-1',
      key: `k${seq}`,
      agent: 'watcher',
      subject: 'one',
      events,
      state,
      digest: '',
    })),
  };
}

function call(ordinal: number, name: string, more: Partial<JudgedCall> = {}): JudgedCall {
  return { ordinal, id: `c${ordinal}`, name, kind: 'read', input: {}, verdicts: [], ...more };
}

function replied(
  calls: JudgedCall[],
  more: Partial<Extract<InvocationEvent, { type: 'model.replied' }>> = {},
): InvocationEvent {
  return {
    type: 'model.replied',
    ordinal: 1,
    model: 'rehearsal',
    content: [],
    stop_reason: 'tool_use',
    usage: { input_tokens: 0, output_tokens: 0, cache_read_tokens: 0, cache_write_tokens: 0 },
    prompt: { composer: 1, digest: '' },
    calls,
    verdicts: [],
    escalation: null,
    report: null,
    ...more,
  };
}

const settled = (ordinal: number, ok: boolean, result: string): InvocationEvent => ({
  type: 'tool.settled',
  ordinal,
  ok,
  result,
  fact: null,
  created: null,
});
const wordsOf = (...journals: Journaled[]): string[] => timeline(journals).flatMap(({ words }) => words);

test('entries of all invocations stand in the order they were appended', () => {
  const rows = timeline([
    journal('0', [
      [1, 'admitting', { type: 'completed' }],
      [5, 'completed', { type: 'completed' }],
    ]),
    journal('0-1', [[3, 'thinking', { type: 'completed' }]]),
  ]);
  assert.deepEqual(
    rows.map(({ seq, path }) => [seq, path]),
    [
      [1, '0'],
      [3, '0-1'],
      [5, '0'],
    ],
  );
});

test('turns are counted, and a settled call is told by its name', () => {
  assert.deepEqual(
    wordsOf(
      journal('0', [
        [1, 'acting', replied([call(2, 'look_up'), call(3, 'count')])],
        [2, 'acting', settled(3, true, 'x')],
        [3, 'thinking', settled(2, false, 'no such folder')],
        [
          4,
          'completed',
          replied([call(5, 'submit_report', { kind: 'report' })], { report: { text: '', data: null } }),
          { type: 'completed' },
        ],
      ]),
    ),
    [
      'turn 1: look_up, count (rehearsal)',
      'count ok',
      'look_up failed: no such folder',
      'turn 2: the report (rehearsal)',
      'completed',
    ],
  );
});

test('a refused call and a turn that is sent back say the rule and the reason', () => {
  const no = (rule: string) => [{ rule, ok: false, reason: 'not so' }];
  assert.deepEqual(
    wordsOf(journal('0', [[1, 'acting', replied([call(2, 'delegate_to_x', { verdicts: no('depth.left') })])]])),
    ['turn 1: delegate_to_x (rehearsal)', 'delegate_to_x refused by depth.left: not so'],
  );
  assert.deepEqual(wordsOf(journal('0', [[1, 'thinking', replied([], { verdicts: no('report.present') })]])), [
    'turn 1: no call (rehearsal)',
    'sent back by report.present: not so',
  ]);
});

test('an escalation names its rule once, with the reason', () => {
  const escalation = { rule: 'unclear', target: 'human' as const, reason: 'two sources differ' };
  const verdicts = [{ rule: 'escalation.unclear', ok: false, reason: 'two sources differ' }];
  assert.deepEqual(
    wordsOf(
      journal('0', [
        [1, 'waiting_for_human', replied([], { escalation, verdicts }), { type: 'escalated', escalation }],
      ]),
    ),
    ['turn 1: no call (rehearsal)', 'escalated to a person by unclear: two sources differ'],
  );
});

test('a delegation that reported is told by agent, path and outcome', () => {
  const report = {
    ...{ agent: 'helper', version: '1.0.0', definition: '', run: 'r', path: '0-1', subject: null, as_of: '2026-11-16' },
    ...{ outcome: 'failed' as const, text: '', data: null, model: null, usage: noUsage(), events: [], memories: [] },
    ...{ children: [], cost_usd: 0, waited_ms: 0, error: null },
  };
  assert.deepEqual(wordsOf(journal('0', [[1, 'thinking', { type: 'child.reported', path: '0-1', report }]])), [
    'helper 0-1 reported: failed',
  ]);
});

test('the text has one line per event, with time and state', () => {
  const rows = timeline([
    journal('0', [[1, 'failed', { type: 'failed', error: { code: 'tool.failed', message: 'broken' } }]]),
  ]);
  assert.deepEqual(timelineText(rows, 100, PLAIN).split('\n').slice(2), [
    '    1  06:00:01.000  watcher 0  failed  failed, tool.failed: broken',
  ]);
});

test('rules that allowed stand in each row, and in the text on demand only', () => {
  const ok = (rule: string, reason = ''): Verdict => ({ rule, ok: true, reason });
  const allowed = [ok('input.valid'), ok('escalation.rare', 'Dana approved it')];
  const rows = timeline([
    journal('0', [
      [1, 'thinking', { type: 'admitted', worker: 'w-1', verdicts: [ok('role.known')], remaining: 1 }],
      [2, 'acting', replied([call(2, 'emit_event', { verdicts: allowed })], { verdicts: [ok('turns.left')] })],
    ]),
  ]);
  assert.deepEqual(
    rows.flatMap(({ verdicts }) => verdicts.map(({ about, rule }) => `${about}: ${rule}`)),
    [
      'admission: role.known',
      'turn 1: turns.left',
      'emit_event (call 2): input.valid',
      'emit_event (call 2): escalation.rare',
    ],
  );
  assert.doesNotMatch(timelineText(rows, 200, PLAIN), /allowed by/);
  const text = timelineText(rows, 200, PLAIN, true);
  for (const line of [
    'admission allowed by role.known',
    'turn 1 allowed by turns.left',
    'emit_event (call 2) allowed by input.valid, escalation.rare (Dana approved it)',
  ])
    assert.ok(text.includes(line), line);
});

test('what people were asked and decided, a cancel and a moved deadline are told with who and why', () => {
  const task = {
    id: 'r.0.1',
    kind: 'approval' as const,
    rules: ['rare'],
    question: 'Shall it?',
    decides: { name: 'Dana', role: 'operator' },
    opened: '2026-11-16T06:00:00.000Z',
    due: '2026-11-17T06:00:00.000Z',
    on_expiry: 'refuse' as const,
  };
  const decided = (answer: 'approve' | 'edit', verdicts: Verdict[]): InvocationEvent => ({
    type: 'human.decided',
    worker: 'w-1',
    decision: { id: 'd', task: 'r.0.1', answer, by: 'Dana', role: null, note: 'fine', at: '2026-11-16T07:00:00.000Z' },
    verdicts,
    calls: [],
    report: null,
  });
  const to = { name: 'deadline-2', at: '2026-11-18T06:00:00.000Z' };
  const words = wordsOf(
    journal('0', [
      [
        1,
        'waiting_for_human',
        { type: 'escalated', escalation: { rule: 'rare', target: 'human', reason: 'it is', task } },
      ],
      [2, 'waiting_for_human', decided('edit', [{ rule: 'input.valid', ok: false, reason: 'no book' }])],
      [3, 'acting', decided('approve', [{ rule: 'human.may_decide', ok: true, reason: '' }])],
      [4, 'acting', { type: 'deadline.moved', from: 'deadline-1', to }],
      [5, 'cancelled', { type: 'cancelled', worker: 'w-1', by: 'Ada', reason: 'by mistake' }],
    ]),
  );
  assert.deepEqual(words, [
    'escalated to a person by rare: it is',
    'task r.0.1 for Dana or anyone with the role operator, due 2026-11-17T06:00:00.000Z',
    'edit of r.0.1 by Dana did not count',
    'input.valid: no book',
    'approved by Dana: fine',
    'deadline moved to 2026-11-18T06:00:00.000Z',
    'cancelled by Ada: by mistake',
  ]);
});

test.run();
