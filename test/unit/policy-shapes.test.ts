import assert from 'node:assert/strict';
import { z } from 'zod';
import { checkExpression } from '../../runtime/policy/expression.ts';
import type { Shape } from '../../runtime/policy/shapes.ts';
import { outputSchemaOf } from '../../runtime/tools/json-schema.ts';
import { suite } from '../support/suite.ts';

const test = suite('policy expressions against output schemas');

const Loan = z.strictObject({
  amount: z.number(),
  state: z.enum(['open', 'late', 'lost']),
  reader: z.strictObject({ name: z.string() }).nullable(),
  books: z.array(z.strictObject({ title: z.string(), days: z.number() })),
  notes: z.record(z.string(), z.strictObject({ by: z.string() })),
  kept: z.object({ shelf: z.string() }),
  more: z.looseObject({}),
  way: z.discriminatedUnion('by', [
    z.strictObject({ by: z.literal('post'), stamp: z.string() }),
    z.strictObject({ by: z.literal('hand'), who: z.string() }),
  ]),
});
const NAMES = {
  tools: ['get_loan', 'get_any'],
  facts: ['get_loan', 'get_any'],
  results: { get_loan: outputSchemaOf(Loan) as Shape },
};

const problem = (text: string) => checkExpression(text, NAMES);

test('fields that the output has are taken, and so is everything that no schema says', () => {
  for (const text of [
    'facts.get_loan.amount > 3',
    'facts["get_loan"]["amount"] > 3',
    'done.get_loan.result.amount > 3 && done.get_loan.input.whatever == 1',
    'facts.get_loan.reader != null && facts.get_loan.reader.name == "Ada"',
    'facts.get_loan.books[0].title == "Emma"',
    'facts.get_loan.books.exists(book, book.days > 30)',
    'facts.get_loan.books.filter(book, book.days > 30).all(book, book.title != "")',
    'cel.bind(loan, facts.get_loan, loan.amount > 3)',
    'facts.get_loan.notes.anything.by == "Ada"',
    'facts.get_loan.more.anything == 1',
    'facts.get_loan.way.by == "post" && facts.get_loan.way.stamp == "red"',
    'facts.get_loan.state == "late" || facts.get_loan.state in ["lost"]',
    'facts.get_loan.state == payload.state',
    'size(facts.get_loan.books) > 0 && facts.get_loan.books.size() > 0',
    'facts.get_any.anything.at.all == 1',
    'payload.anything == input.anything && report == null',
    '(payload.x ? facts.get_loan : facts.get_any).anything == 1',
  ]) {
    assert.equal(problem(text), null, text);
  }
});

test('a field that the output does not have is told with its place and the nearest name', () => {
  for (const [text, offset, message] of [
    [
      '1 < 2 && facts.get_loan.amout > 3',
      24,
      /^facts\.get_loan\.amout: there is no field "amout", expected one of amount, .*; did you mean "amount"\?$/,
    ],
    ['facts.get_loan["amout"] > 3', 15, /^facts\.get_loan\.amout: there is no field/],
    ['has(facts.get_loan.amout)', 19, /no field "amout"/],
    ['done.get_loan.result.amout > 3', 21, /^done\.get_loan\.result\.amout: /],
    ['facts.get_loan.reader.nam == "Ada"', 22, /did you mean "name"/],
    ['facts.get_loan.books[0].titel == ""', 24, /did you mean "title"/],
    ['facts.get_loan.books.exists(book, book.day > 30)', 39, /^book\.day: .*did you mean "days"/],
    ['facts.get_loan.books.filter(b, true).exists(b, b.day > 30)', 49, /^b\.day: /],
    ['cel.bind(loan, facts.get_loan, loan.amout > 3)', 36, /^loan\.amout: /],
    ['facts.get_loan.notes.x.bye == ""', 23, /did you mean "by"/],
    ['facts.get_loan.kept.other == ""', 20, /no field "other", expected shelf/],
    ['facts.get_loan.amount.value > 3', 22, /no field "value", expected a value with fields/],
    ['facts.get_loan.books.title == ""', 21, /no field "title", expected a value with fields/],
    ['facts.get_loan.way.whom == ""', 19, /expected one of by, stamp, who; did you mean "who"/],
  ] as const) {
    const found = problem(text);
    assert.match(found?.message ?? '', message, text);
    assert.equal(found?.offset, offset, text);
  }
});

test('a text that a value of a few never is makes a rule that never fires', () => {
  for (const [text, offset] of [
    ['facts.get_loan.state == "lates"', 24],
    ['"lates" != facts.get_loan.state', 0],
    ['facts.get_loan.state in ["lost", "lates"]', 33],
  ] as const) {
    const found = problem(text);
    assert.match(
      found?.message ?? '',
      /^facts\.get_loan\.state is never "lates", expected one of open, late, lost; did you mean "late"\?$/,
    );
    assert.equal(found?.offset, offset, text);
  }
});

test.run();
