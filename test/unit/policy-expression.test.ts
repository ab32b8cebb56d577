import assert from 'node:assert/strict';
import {
  checkExpression,
  constantOf,
  constantOverCounts,
  evaluate,
  evidenceOf,
  type ExpressionView,
} from '../../runtime/policy/expression.ts';
import { suite } from '../support/suite.ts';

const test = suite('policy expressions');

const VIEW: ExpressionView = {
  facts: { get_loan: { days: 40, rate: 0.5, reader: { name: 'Ada' } } },
  payload: { shelf: 'B7' },
  input: { reasons: ['late', 'lost'], count: 3, level: 'high' },
  report: null,
  calls: { recall_memory: 1, emit_event: 0 },
  attempts: { recall_memory: 2, emit_event: 0 },
  done: { recall_memory: { input: { query: 'x' }, result: { memories: [] } } },
};
const NAMES = { tools: ['recall_memory', 'emit_event'], facts: ['get_loan', 'recall_memory'] };

const problem = (text: string) => checkExpression(text, NAMES);

test('whole numbers and fractions of JSON compare and calculate with whole numbers of an expression', () => {
  for (const text of [
    'size(input.reasons) >= 2',
    'facts.get_loan.days < 60',
    'facts.get_loan.days + 1 == 41 && facts.get_loan.days * 2 < 100 && facts.get_loan.days % 3 == 1',
    'facts.get_loan.days / 3 > 13 && 50 - facts.get_loan.days == 10',
    'facts.get_loan.rate + 1 > 1',
    'calls.recall_memory >= 1 && attempts.recall_memory == 2',
    'calls.recall_memory + input.count == 4',
    'input.count in [1, 2, 3]',
    'size(done.recall_memory.result.memories) == 0',
    'report == null && payload.shelf == "B7"',
    'input.reasons.exists(reason, reason == "lost")',
    'has(facts.get_loan) && !has(facts.get_loan.fine)',
  ]) {
    assert.equal(problem(text), null, text);
    assert.equal(evaluate(text, VIEW), true, text);
  }
  assert.equal(evaluate('calls.emit_event >= 1', VIEW), false);
});

test('what is missing or of another type leaves an expression undecided, unless the rest decides it', () => {
  for (const [text, why] of [
    ['facts.get_reader.age > 3', /get_reader is missing/],
    ['facts.get_loan.fine > 3', /fine is missing/],
    ['report.text == ""', /text is missing/],
    ['done.emit_event.input.x == 1', /emit_event is missing/],
    ['input.level > 3', /no such overload/],
    ['input.level', /no boolean/],
    ['input.reasons[7] == "x"', /index out of bounds/],
  ] as const) {
    const answer = evaluate(text, VIEW);
    assert.ok(typeof answer === 'object', text);
    assert.match(answer.undecided, why, text);
    assert.ok(answer.undecided.includes(text.slice(0, 9)), 'it says which expression');
  }
  assert.equal(evaluate('facts.get_loan.fine > 3 || calls.recall_memory == 1', VIEW), true);
  assert.equal(evaluate('facts.get_loan.fine > 3 && calls.recall_memory == 0', VIEW), false);
});

test('names that no object of ours holds are missing, whatever JavaScript makes of them', () => {
  for (const text of ['payload.constructor == null', 'input.__proto__ == null', 'facts.get_loan.toString == 1']) {
    assert.equal(typeof evaluate(text, VIEW), 'object', text);
  }
});

test('every problem is found at its character', () => {
  for (const [text, offset, message] of [
    ['calls.recall_memory >=', 22, /^Unexpected token: EOF, expected a CEL expression$/],
    ['call.recall_memory >= 1', 0, /^unknown variable "call", expected one of facts, .*; did you mean "calls"\?$/],
    [
      '1 < 2 && calls.recal_memory >= 1',
      15,
      /^calls\.recal_memory: it has no tool .*; did you mean "recall_memory"\?$/,
    ],
    ['attempts["fly"] > 0', 9, /^attempts\.fly: it has no tool "fly"/],
    ['has(done.fly)', 9, /^done\.fly: it has no tool "fly"/],
    ['facts.get_lone.days < 3', 6, /no tool of the pack makes the fact "get_lone", .*did you mean "get_loan"/],
    ['input.a.matches("a+")', 8, /^matches\(\) runs regular expressions/],
    ['input.reasons.exists(r, r.matches("a"))', 26, /^matches\(\)/],
    ['calls.recall_memory', 0, /^the result is int, expected true or false$/],
    ['calls.recall_memory == "a"', 0, /no such overload: int == string/],
    ['input < 3', 0, /no such overload/],
  ] as const) {
    const found = problem(text);
    assert.match(found?.message ?? '', message, text);
    assert.equal(found?.offset, offset, text);
  }
});

test('names are not checked where nobody can know them', () => {
  assert.equal(checkExpression('facts.anything.days < 60', { ...NAMES, facts: null }), null);
});

test('an expression that says the same of every run is told from one that depends on it', () => {
  assert.equal(constantOf('1 < 2'), true);
  assert.equal(constantOf('true || calls.recall_memory > 1'), true);
  assert.equal(constantOf('false && has(facts.get_loan)'), false);
  for (const text of ['has(facts.get_loan)', 'calls.recall_memory >= 0', 'report == null'])
    assert.equal(constantOf(text), null);
});

test('the evidence names each value that an expression looks at, once', () => {
  assert.deepEqual(evidenceOf('facts.get_loan.days < 60 && facts.get_loan.days > 2 && input.level == "high"', VIEW), [
    'facts.get_loan.days is 40',
    'input.level is "high"',
  ]);
  assert.deepEqual(evidenceOf('size(input.reasons) > 1 && has(facts.get_reader) && calls.recall_memory == 1', VIEW), [
    'calls.recall_memory is 1',
  ]);
});

test('a comparison with a count is constant only if it is for every count there can be', () => {
  const over = (text: string) => constantOverCounts(text, { noReport: true });
  for (const text of ['calls.emit_event >= 0', 'calls.emit_event <= attempts.emit_event || report != null'])
    assert.equal(over(text), true, text);
  for (const text of ['calls.emit_event < 0', 'calls.emit_event == 1 && attempts.emit_event < calls.emit_event'])
    assert.equal(over(text), false, text);
  const depends = [
    'calls.emit_event <= 5',
    'attempts.emit_event < 10',
    'calls.emit_event > 6',
    'calls.emit_event <= 4',
  ];
  for (const text of [
    ...depends,
    'calls.emit_event - 3 <= 2',
    'uint(calls.emit_event) <= 5u',
    "calls.emit_event < int('5')",
    'calls.emit_event <= 3',
  ])
    assert.equal(over(text), null, text);
});

test.run();
