import { type ASTNode, serialize } from '@marcbachmann/cel-js';
import { type ExpressionProblem, leftOut, newEnvironment, parseExpression, typeOfExpression } from '../cel/check.ts';
import { compile, type Variables } from '../cel/compile.ts';
import { type Place, placesOf } from '../cel/syntax.ts';
import { type Result, Undecided } from '../cel/values.ts';
import { didYouMean, oneOf, quote, valueAt } from '../definitions/words.ts';
import type { Json, JsonObject } from '../json.ts';
import { problemOfShape, type Shape } from './shapes.ts';

/**
 * The expressions of policy (CEL): checked when a definition is loaded, evaluated before a turn takes effect. An expression
 * is true, false, or undecided: what it needs is missing, or is of another type than it expects. Whoever asks decides what
 * undecided means; it never counts as false by itself. Pure.
 */

/** What an expression may look at. Counts are whole numbers; everything else is JSON. */
export interface ExpressionView {
  /** Tool name → its latest result about the run's subject. */
  facts: JsonObject;
  /** The run's payload. */
  payload: JsonObject;
  /** The input of the judged call; for a report, `{text, data}`. */
  input: Json;
  report: { text: string; data: Json } | null;
  /** Tool name → how many of its calls succeeded. */
  calls: Record<string, number>;
  /** Tool name → how many of its calls ended, well or not. */
  attempts: Record<string, number>;
  /** Tool name → its latest call that succeeded. */
  done: Record<string, { input: Json; result: Json }>;
}

export type Answer = boolean | { undecided: string };

/** The names that an expression may use; null when they cannot be known. */
export interface ExpressionNames {
  /** For `calls`, `attempts` and `done`. */
  tools: readonly string[] | null;
  /** For `facts`: tools of the agent and of those that may hand facts down. */
  facts: readonly string[] | null;
  /** What the results of tools are, as far as their output schemas say. */
  results?: Readonly<Record<string, Shape>>;
}

const VARIABLES = {
  facts: 'map<string, dyn>',
  payload: 'map<string, dyn>',
  input: 'map<string, dyn>',
  report: 'dyn',
  calls: 'map<string, int>',
  attempts: 'map<string, int>',
  done: 'map<string, dyn>',
} as const;

const COUNTS: readonly string[] = ['calls', 'attempts'];

const environment = newEnvironment(VARIABLES);

interface Known {
  ast: ASTNode;
  /** Most expressions ask for no counts, and making whole numbers of them takes longer than the rest. */
  counts: boolean;
  evaluate: (variables: Variables) => Result;
}

/** Expressions by text: they come from definitions, so there are few. */
const known = new Map<string, Known>();

/** An expression that `checkExpression` has let pass. */
function read(text: string): Known {
  const before = known.get(text);
  if (before) return before;
  const { ast } = environment.parse(text);
  const counts = placesOf(ast).some(({ node }) => node.op === 'id' && COUNTS.includes(node.args));
  const made = { ast, counts, evaluate: compile(ast) };
  known.set(text, made);
  return made;
}

/** The first thing that is wrong with an expression: its syntax, its names, its types, its result. */
export function checkExpression(text: string, names: ExpressionNames): ExpressionProblem | null {
  const ast = parseExpression(environment, text);
  if (!('op' in ast)) return ast;
  const named = placesOf(ast)
    .map((place) => problemOfName(place, names))
    .find((found) => found !== null);
  const problem = leftOut(ast) ?? named ?? problemOfShape(ast, shapesOf(names));
  if (problem) return problem;
  const type = typeOfExpression(environment, text);
  if (typeof type !== 'string') {
    const unknown = /^Unknown variable: (.+)$/.exec(type.message)?.[1];
    if (unknown === undefined) return type;
    const variables = Object.keys(VARIABLES);
    const hint = `expected ${oneOf(variables)}${didYouMean(unknown, variables)}`;
    return { offset: type.offset, message: `unknown variable ${quote(unknown)}, ${hint}` };
  }
  if (type === 'bool' || type === 'dyn') return null;
  return { offset: 0, message: `the result is ${type}, expected true or false` };
}

/** A name that is not listed was told already. */
function shapesOf({ results = {} }: ExpressionNames): Record<string, Shape> {
  const done = Object.entries(results).map(([name, result]) => [name, { type: 'object', properties: { result } }]);
  return {
    facts: { type: 'object', properties: results },
    done: { type: 'object', properties: Object.fromEntries(done) },
  };
}

function problemOfName(place: Place, { tools, facts }: ExpressionNames): ExpressionProblem | null {
  const member = memberOf(place);
  if (member === null) return null;
  const names = member.of === 'facts' ? facts : tools;
  if (names === null || names.includes(member.name)) return null;
  const what = member.of === 'facts' ? 'no tool of the pack makes the fact' : 'it has no tool';
  const message = `${member.of}.${member.name}: ${what} ${quote(member.name)}, expected ${oneOf(names)}${didYouMean(member.name, names)}`;
  return { offset: member.offset, message };
}

const BY_TOOL: readonly string[] = ['facts', 'calls', 'attempts', 'done'];

/** `calls.x` or `calls["x"]`: the name, and where it stands. */
function memberOf({ node, locals }: Place): { of: string; name: string; offset: number } | null {
  if (node.op !== '.' && node.op !== '[]') return null;
  const [object, key] = node.args;
  if (object.op !== 'id' || !BY_TOOL.includes(object.args) || locals.includes(object.args)) return null;
  if (typeof key === 'string') return { of: object.args, name: key, offset: node.pos };
  return key.op === 'value' && typeof key.args === 'string'
    ? { of: object.args, name: key.args, offset: key.start }
    : null;
}

/** Evaluates a checked expression. Never throws. */
export function evaluate(text: string, view: ExpressionView): Answer {
  const { facts, payload, input, report, done } = view;
  const { counts } = read(text);
  const calls = counts ? whole(view.calls) : {};
  const attempts = counts ? whole(view.attempts) : {};
  const answer = run(text, { facts, payload, input, report, done, calls, attempts });
  return typeof answer === 'object'
    ? { undecided: `${quote(text)} could not be decided: ${answer.undecided}` }
    : answer;
}

/** What an expression says whatever it is asked about; null when that depends. */
export function constantOf(text: string): boolean | null {
  const answer = run(text, {});
  return typeof answer === 'boolean' ? answer : null;
}

/** Counts up to this are tried, and tell all of an expression whose own numbers are smaller. */
const MOST_CALLS = 4;
const MOST_TOOLS = 3;

/**
 * What an expression about nothing but counts of calls says for every count; null when it depends, when it looks at anything
 * else, or at too many tools or too large counts to try. `noReport`: it is asked where no report is made.
 */
export function constantOverCounts(text: string, { noReport }: { noReport: boolean }): boolean | null {
  const places = placesOf(read(text).ast);
  const nodes = places.map(({ node }) => node);
  const names = nodes.flatMap((node) => (node.op === 'id' ? node.args : []));
  const told = ['calls', 'attempts', ...(noReport ? ['report'] : [])];
  if (names.length === 0 || names.some((name) => !told.includes(name))) return null;
  const tools = [...new Set(places.flatMap((place) => memberOf(place)?.name ?? []))];
  // A function may make a large number of anything.
  const calls = nodes.some(({ op }) => op === 'call' || op === 'rcall');
  if (calls || tools.length > MOST_TOOLS || !(sumOfNumbers(nodes) < MOST_CALLS)) return null;
  let said: boolean | null = null;
  for (const attempts of countsOf(tools)) {
    for (const calls of countsOf(tools)) {
      if (tools.some((tool) => (calls[tool] ?? 0n) > (attempts[tool] ?? 0n))) continue;
      const answer = run(text, { calls, attempts, report: null });
      if (typeof answer !== 'boolean' || (said !== null && said !== answer)) return null;
      said = answer;
    }
  }
  return said;
}

/** What an expression compares a count with is at most this: a count that is not tried may lie beyond it otherwise. */
function sumOfNumbers(nodes: readonly ASTNode[]): number {
  const values = nodes.flatMap((node) => (node.op === 'value' ? [node.args] : []));
  const numbers = values.filter((value) => value !== null && typeof value !== 'string' && typeof value !== 'boolean');
  return numbers.reduce<number>((sum, number) => sum + Math.abs(Number(number)), 0);
}

/** Every way to count calls of these tools. */
function countsOf([tool, ...others]: readonly string[]): Record<string, bigint>[] {
  if (tool === undefined) return [{}];
  const rest = countsOf(others);
  return Array.from({ length: MOST_CALLS + 1 }, (_, count) =>
    rest.map((one) => ({ ...one, [tool]: BigInt(count) })),
  ).flat();
}

function run(text: string, variables: Variables): Answer {
  const answer = decided(text, variables);
  if (typeof answer === 'boolean') return answer;
  return { undecided: answer instanceof Undecided ? answer.why : 'the result is neither true nor false' };
}

/** Values may be nested more deeply than a comparison can follow. */
function decided(text: string, variables: Variables): Result {
  try {
    return read(text).evaluate(variables);
  } catch (error) {
    if (error instanceof RangeError) return new Undecided('it goes too deep');
    throw error;
  }
}

function whole(counts: Record<string, number>): Record<string, bigint> {
  const made: Record<string, bigint> = {};
  for (const name of Object.keys(counts)) made[name] = BigInt(counts[name] ?? 0);
  return made;
}

/** The facts and inputs that an expression names, with their values: `facts.get_order.days is 40`. */
export function evidenceOf(text: string, view: ExpressionView): string[] {
  const found = new Map<string, string>();
  const covered = new Set<ASTNode>();
  for (const place of placesOf(read(text).ast)) {
    const path = covered.has(place.node) ? null : pathOf(place, covered);
    if (path === null || path.length < 2) continue;
    const value = valueAt(view, path);
    if (value === null || (typeof value !== 'object' && value !== undefined))
      found.set(serialize(place.node), JSON.stringify(value));
  }
  return [...found].map(([path, value]) => `${path} is ${value}`);
}

/** `facts.get_order.days`, `facts["get-order"].lines[0]` as their parts; what they are made of is not looked at again. */
function pathOf({ node, locals }: Omit<Place, 'parent'>, covered: Set<ASTNode>): (string | number)[] | null {
  if (node.op === 'id') return Object.hasOwn(VARIABLES, node.args) && !locals.includes(node.args) ? [node.args] : null;
  if (node.op !== '.' && node.op !== '[]') return null;
  const [object, key] = node.args;
  const path = pathOf({ node: object, locals }, covered);
  const part = typeof key === 'string' ? key : key.op === 'value' ? key.args : null;
  if (path === null || (typeof part !== 'string' && typeof part !== 'bigint')) return null;
  covered.add(object);
  return [...path, typeof part === 'bigint' ? Number(part) : part];
}
