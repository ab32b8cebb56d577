import assert from 'node:assert/strict';
import { Environment } from '@marcbachmann/cel-js';
import { FUNCTIONS, METHODS } from '../../runtime/cel/functions.ts';
import type { Json } from '../../runtime/json.ts';
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
    ['facts.get_reader.age > 3', /: facts\.get_reader is missing$/],
    ['facts.get_loan.fine > 3', /: facts\.get_loan\.fine is missing$/],
    ['facts["get-order"].days > 3', /: facts\["get-order"\] is missing$/],
    ['report.text == ""', /: report\.text is missing: report is null$/],
    ['done.emit_event.input.x == 1', /: done\.emit_event is missing$/],
    ['input.level > 3', /: no such overload: input\.level > 3 with string, int$/],
    ['input.level', /: the result is neither true nor false$/],
    ['input.level && true', /: a string is neither true nor false$/],
    ['input.reasons[7] == "x"', /: input\.reasons\[7\] is missing: input\.reasons has 2 elements$/],
    ['input.reasons[-1] == "x"', /: input\.reasons\[-1\] is missing: input\.reasons has 2 elements$/],
    ['input.reasons[0.5] == "x"', /elements of a list have whole numbers$/],
    ['input.level.size.x == 1', /: input\.level\.size is missing: input\.level is a string$/],
  ] as const) {
    const answer = evaluate(text, VIEW);
    assert.ok(typeof answer === 'object', text);
    assert.match(answer.undecided, why, text);
    assert.ok(answer.undecided.includes(text.slice(0, 9)), 'it says which expression');
  }
  assert.equal(evaluate('facts.get_loan.fine > 3 || calls.recall_memory == 1', VIEW), true);
  assert.equal(evaluate('facts.get_loan.fine > 3 && calls.recall_memory == 0', VIEW), false);
});

/** The input of the judged call is what a rule is asked about. */
const about = (text: string, input: Json) => {
  assert.equal(checkExpression(text, { tools: null, facts: null }), null, text);
  const answer = evaluate(text, { ...VIEW, input });
  return typeof answer === 'boolean' ? answer : 'undecided';
};

test('where the specification gives no value, an expression is undecided', () => {
  for (const [text, input] of [
    ['calls.recall_memory / input.n > 2.0', { n: 0 }],
    ['calls.recall_memory % input.n == 0', { n: 0 }],
    ['input.n / input.n != 1', { n: 0 }],
    ['input.n * 10 > 1', { n: 1e308 }],
    ['input.n % 2 == 1', { n: 2.5 }],
    ['int(input.n) < 5', { n: '' }],
    ['int(input.n) > 5', { n: 1e19 }],
    ['int(input.n) == 16', { n: '0x10' }],
    ['double(input.n) == 0.0', { n: ' ' }],
    ['double(input.n) > 1.0', { n: 'Infinity' }],
    ['uint(input.n) == 0u', { n: -0.5 }],
    ['bool(input.n)', { n: 'yes' }],
    ['!has(input.a.b)', { a: null }],
    ['!has(input.a.b)', { a: 'text' }],
    ['!has(input.a.b)', { a: ['b'] }],
    ['input.m[0] == 1', { m: { 0: 1 } }],
    ['input.m.all(key, key > 1)', { m: { a: 1 } }],
    ['{"a": 1, "a": 2}.a == 2', {}],
    ['{1: true}[input.n]', { n: 1.5 }],
    ['timestamp(input.at) > timestamp("2026-03-01T00:00:00Z")', { at: '2026-02-30T00:00:00Z' }],
    ['timestamp(input.at) > timestamp("2026-03-01T00:00:00Z")', { at: '2026-03-02' }],
    ['timestamp(input.at).getHours("Nowhere/Else") == 1', { at: '2026-03-02T00:00:00Z' }],
    ['duration(input.for) > duration("1h")', { for: '2 h' }],
    ['duration(input.for) > duration("1h")', { for: '9'.repeat(1_000_000) }],
    ['input.n == 9007199254740993', { n: 2 ** 53 }],
    ['9007199254740993 + input.n > 1', { n: 0.5 }],
    ['string(input.n) == "1e+21"', { n: 1e21 }],
    ['input.l.exists_one(x, x > 1)', { l: [2, 'a'] }],
    ['input.l.exists(x, x > 2)', { l: [2, 'a'] }],
    ['input.l.filter(x, x > 1).size() == 1', { l: [2, 'a'] }],
  ] as const) {
    assert.equal(about(text, input as Json), 'undecided', `${text} ${JSON.stringify(input).slice(0, 50)}`);
  }
});

test('where it gives one, an expression has it', () => {
  for (const [text, input, said] of [
    ['input.level == 3', { level: 'high' }, false],
    ['input.level != null', { level: 'high' }, true],
    ['input.n in [5, 3]', { n: 3 }, true],
    ['dyn(uint(input.n)) in [5, 3] && 3u == uint(input.n)', { n: 3 }, true],
    ['dyn(3u) < 3.5 && dyn(2) < 3u', {}, true],
    ['9007199254740993 > 9007199254740992', {}, true],
    ['input.n < 9223372036854775807', { n: 5 }, true],
    ['input.l == [1, 2.0] && input.m == {"a": {"b": null}}', { l: [1, 2], m: { a: { b: null } } }, true],
    ['input.l.exists(x, x > 1) && !input.l.all(x, x < 2)', { l: ['a', 2] }, true],
    ['has(input.a.b) && input.a.b == null', { a: { b: null } }, true],
    ['input.a && input.b', { a: 1, b: false }, false],
    ['input.text.size() == 2 && input.text.indexOf("b") == 1', { text: '😀b' }, true],
    ['input.text < "\\uff00"', { text: '😀' }, false],
    ['input.text.lowerAscii() == "abİ"', { text: 'ABİ' }, true],
    [
      'timestamp(input.at) - timestamp("2026-03-01T00:00:00Z") == duration("26h")',
      { at: '2026-03-02T02:00:00Z' },
      true,
    ],
    ['timestamp(input.at).getHours("Europe/Paris") == 3', { at: '2026-03-02T02:00:00Z' }, true],
    ['timestamp(input.at).getDayOfYear("+02:00") == 61', { at: '2026-03-02T23:00:00.5Z' }, true],
    ['cel.bind(n, input.n, n * n == 9)', { n: 3 }, true],
    ['string(input.n) == "3" && type(input.n) == double', { n: 3 }, true],
  ] as const) {
    assert.equal(about(text, input as Json), said, text);
  }
});

test('keys are keys, whatever JavaScript makes of them', () => {
  const input = JSON.parse('{"constructor": {"constructor": 1}, "__proto__": {"x": 2}, "toString": 3, "a": 4}');
  for (const text of [
    'input.a == 4 && input.constructor.constructor == 1 && input["__proto__"].x == 2 && input.toString == 3',
    'has(input.constructor) && "toString" in input && !("valueOf" in input) && size(input) == 4',
    'input == {"a": 4, "toString": 3, "__proto__": {"x": 2}, "constructor": {"constructor": 1}}',
    'input.exists(key, key == "__proto__") && input != {"a": 4}',
  ])
    assert.equal(about(text, input), true, text);
  for (const text of ['payload.constructor == null', 'input.__proto__ == null', 'facts.get_loan.toString == 1'])
    assert.equal(typeof evaluate(text, VIEW), 'object', text);
});

test('what is nested too deeply to be compared is undecided', () => {
  let deep: Json = [];
  for (let depth = 0; depth < 100_000; depth++) deep = [deep];
  assert.equal(about('input.a == input.b', { a: deep, b: [deep] }), 'undecided');
});

test('a variable of a macro hides ours of the same name', () => {
  assert.equal(problem('input.reasons.exists(facts, facts.size() == 4)'), null);
  assert.equal(evaluate('input.reasons.exists(calls, calls == "lost")', VIEW), true);
  assert.deepEqual(evidenceOf('input.reasons.exists(input, input.x == "lost")', VIEW), []);
});

test('each function that the types know is evaluated, or refused at load', () => {
  const { functions } = new Environment({ enableOptionalTypes: true }).getDefinitions();
  const macros = ['has', 'all', 'exists', 'exists_one', 'map', 'filter', 'bind'];
  for (const { name, receiverType, params } of functions) {
    if (macros.includes(name)) continue;
    const args = params.map(() => 'input.a').join(', ');
    const text = `dyn(${receiverType === null ? '' : 'input.a.'}${name}(${args})) == 1`;
    const evaluated = Object.hasOwn(receiverType === null ? FUNCTIONS : METHODS, `${name}/${params.length}`);
    const refused = problem(text) !== null;
    assert.notEqual(evaluated, refused, text);
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
    ['input.a.startWith("a")', 8, /^startWith\(\) is not there; did you mean "startsWith"\?$/],
    ['1 < 2 && input.a.indexOf() == 1', 17, /^indexOf\(\) does not take these arguments$/],
    ['bytes("a").hex() == "61"', 11, /^hex\(\) is not there/],
    ['1 < 9223372036854775808', 4, /^the number is too large$/],
    ['-9223372036854775809 < 1', 1, /^the number is too large$/],
    ['b"é" == b""', 0, /^bytes are written in ASCII/],
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
  const unknown = { ...VIEW, facts: { get_loan: { days: null } } };
  assert.deepEqual(evidenceOf('facts.get_loan.days == null', unknown), ['facts.get_loan.days is null']);
  const facts = { 'get-order': { days: 3, lines: [{ price: 5 }], $ref: true } };
  const text =
    'facts["get-order"].days > 2 && facts["get-order"].lines[0].price > 1 && facts["get-order"].lines[4] == 1';
  assert.deepEqual(evidenceOf(text, { ...VIEW, facts }), [
    'facts["get-order"].days is 3',
    'facts["get-order"].lines[0].price is 5',
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
