import { type ASTNode, Environment, type ParseResult } from '@marcbachmann/cel-js';
import { didYouMean, oneOf, quote } from '../definitions/words.ts';
import type { Json, JsonObject } from '../json.ts';

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

/** What is wrong with an expression; `offset` counts its characters from 0. */
export interface ExpressionProblem {
  offset: number;
  message: string;
}

/** The names that an expression may use; null when they cannot be known. */
export interface ExpressionNames {
  /** For `calls`, `attempts` and `done`. */
  tools: readonly string[] | null;
  /** For `facts`: tools of the agent and of those that may hand facts down. */
  facts: readonly string[] | null;
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

const environment = newEnvironment();

/** JSON knows one kind of number, so whole numbers and others mix: `facts.get_order.days + 1 < 60`. */
function newEnvironment(): Environment {
  const made = new Environment({ homogeneousAggregateLiterals: false });
  for (const [name, type] of Object.entries(VARIABLES)) made.registerVariable(name, type);
  const arithmetic: Record<string, (a: number, b: number) => number> = {
    '+': (a, b) => a + b,
    '-': (a, b) => a - b,
    '*': (a, b) => a * b,
    '/': (a, b) => a / b,
    '%': (a, b) => a % b,
  };
  type Numeric = number | bigint;
  for (const [sign, work] of Object.entries(arithmetic)) {
    const mixed = (a: Numeric, b: Numeric) => work(Number(a), Number(b));
    made.registerOperator(`int ${sign} double: double`, mixed);
    made.registerOperator(`double ${sign} int: double`, mixed);
  }
  made.registerOperator('double % double: double', (a: number, b: number) => a % b);
  return made;
}

/** Parsed expressions by text: they come from definitions, so there are few. */
const parsed = new Map<string, ParseResult>();

function parse(text: string): ParseResult {
  const known = parsed.get(text);
  if (known) return known;
  const made = environment.parse(text);
  parsed.set(text, made);
  return made;
}

/** The first thing that is wrong with an expression: its syntax, its names, its types, its result. */
export function checkExpression(text: string, names: ExpressionNames): ExpressionProblem | null {
  let ast: ASTNode;
  try {
    ast = parse(text).ast;
  } catch (error) {
    return { offset: offsetOf(error), message: `${messageOf(error)}, expected a CEL expression` };
  }
  const problem = nodesOf(ast)
    .map((node) => problemOfNode(node, names))
    .find((found) => found !== null);
  if (problem) return problem;
  const { valid, type, error } = environment.check(text);
  if (!valid) {
    const unknown = /^Unknown variable: (.+)$/.exec(messageOf(error))?.[1];
    const variables = Object.keys(VARIABLES);
    const message =
      unknown === undefined
        ? messageOf(error)
        : `unknown variable ${quote(unknown)}, expected ${oneOf(variables)}${didYouMean(unknown, variables)}`;
    return { offset: offsetOf(error), message };
  }
  if (type === 'bool' || type === 'dyn') return null;
  return { offset: 0, message: `the result is ${type}, expected true or false` };
}

function problemOfNode(node: ASTNode, { tools, facts }: ExpressionNames): ExpressionProblem | null {
  if ((node.op === 'call' || node.op === 'rcall') && node.args[0] === 'matches') {
    const message = 'matches() runs regular expressions that may never end, expected contains() or startsWith()';
    return { offset: Math.max(node.input.indexOf('matches', node.start), node.start), message };
  }
  const member = memberOf(node);
  if (member === null) return null;
  const known = member.of === 'facts' ? facts : tools;
  if (known === null || known.includes(member.name)) return null;
  const what = member.of === 'facts' ? 'no tool of the pack makes the fact' : 'it has no tool';
  const message = `${member.of}.${member.name}: ${what} ${quote(member.name)}, expected ${oneOf(known)}${didYouMean(member.name, known)}`;
  return { offset: member.offset, message };
}

const BY_TOOL: readonly string[] = ['facts', 'calls', 'attempts', 'done'];

/** `calls.x` or `calls["x"]`: the name, and where it stands. */
function memberOf(node: ASTNode): { of: string; name: string; offset: number } | null {
  if (node.op !== '.' && node.op !== '[]') return null;
  const [object, key] = node.args;
  if (object.op !== 'id' || !BY_TOOL.includes(object.args)) return null;
  if (typeof key === 'string') return { of: object.args, name: key, offset: node.pos };
  return key.op === 'value' && typeof key.args === 'string'
    ? { of: object.args, name: key.args, offset: key.start }
    : null;
}

/** A node and all below it, in the order in which they are written. */
function nodesOf(node: ASTNode): ASTNode[] {
  const below = (part: unknown): ASTNode[] => {
    if (Array.isArray(part)) return part.flatMap(below);
    return typeof part === 'object' && part !== null && 'op' in part ? nodesOf(part as ASTNode) : [];
  };
  return [node, ...below(node.args)];
}

/** Evaluates a checked expression. Never throws. */
export function evaluate(text: string, view: ExpressionView): Answer {
  const answer = run(text, { ...view, calls: whole(view.calls), attempts: whole(view.attempts) });
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
  const nodes = nodesOf(parse(text).ast);
  const names = nodes.flatMap((node) => (node.op === 'id' ? node.args : []));
  const known = ['calls', 'attempts', ...(noReport ? ['report'] : [])];
  if (names.length === 0 || names.some((name) => !known.includes(name))) return null;
  const tools = [...new Set(nodes.flatMap((node) => memberOf(node)?.name ?? []))];
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

function run(text: string, variables: Record<string, unknown>): Answer {
  try {
    const value: unknown = parse(text)(variables);
    return typeof value === 'boolean' ? value : { undecided: `the result is no boolean` };
  } catch (error) {
    const missing = /^No such key: (.+)$/.exec(messageOf(error))?.[1];
    return { undecided: missing === undefined ? messageOf(error) : `${missing} is missing` };
  }
}

function whole(counts: Record<string, number>): Record<string, bigint> {
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, BigInt(count)]));
}

/** The facts and inputs that an expression names, with their values: `facts.get_order.days is 40`. */
export function evidenceOf(text: string, view: ExpressionView): string[] {
  const found = new Map<string, string>();
  const covered = new Set<ASTNode>();
  for (const node of nodesOf(parse(text).ast)) {
    const path = covered.has(node) ? null : pathOf(node, covered);
    if (path === null || path.length < 2) continue;
    let value: unknown = view;
    for (const part of path)
      value = typeof value === 'object' && value !== null ? (value as JsonObject)[part] : undefined;
    if (typeof value !== 'object' && value !== undefined) found.set(path.join('.'), JSON.stringify(value));
  }
  return [...found].map(([path, value]) => `${path} is ${value}`);
}

/** `facts.get_order.days` as its parts; what it is made of is not looked at again. */
function pathOf(node: ASTNode, covered: Set<ASTNode>): string[] | null {
  if (node.op === 'id') return node.args in VARIABLES ? [node.args] : null;
  if (node.op !== '.') return null;
  const [object, key] = node.args;
  const path = pathOf(object, covered);
  covered.add(object);
  return path === null ? null : [...path, key];
}

function messageOf(error: unknown): string {
  const summary = (error as { summary?: unknown } | undefined)?.summary;
  if (typeof summary === 'string') return summary;
  return error instanceof Error ? error.message : String(error);
}

function offsetOf(error: unknown): number {
  const start = (error as { range?: { start?: unknown } } | undefined)?.range?.start;
  return typeof start === 'number' ? start : 0;
}
