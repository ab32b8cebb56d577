import { type ASTNode, Environment } from '@marcbachmann/cel-js';
import { didYouMean } from '../definitions/words.ts';
import { FUNCTIONS, METHODS } from './functions.ts';
import { isMacro, literalOf, MACROS, MAX_INT, type Place, placesOf } from './syntax.ts';

/**
 * What is wrong with an expression before it is evaluated: its syntax, its types, and what this language leaves out. The
 * library parses and types; whatever it would accept that is not evaluated here is refused. Pure.
 */

/** What is wrong with an expression; `offset` counts its characters from 0. */
export interface ExpressionProblem {
  offset: number;
  message: string;
}

/** Names and types of the variables of a language. JSON knows one kind of number, so whole numbers and others mix. */
export function newEnvironment(variables: Readonly<Record<string, string>>): Environment {
  const made = new Environment({ homogeneousAggregateLiterals: false });
  for (const [name, type] of Object.entries(variables)) made.registerVariable(name, type);
  // They are there for their types; what they do is arithmetic of our own.
  const never = () => null;
  for (const sign of ['+', '-', '*', '/', '%']) {
    made.registerOperator(`int ${sign} double: double`, never);
    made.registerOperator(`double ${sign} int: double`, never);
  }
  made.registerOperator('double % double: double', never);
  return made;
}

/** The parsed expression, or what is wrong with its syntax. */
export function parseExpression(environment: Environment, text: string): ASTNode | ExpressionProblem {
  try {
    return environment.parse(text).ast;
  } catch (error) {
    return { offset: offsetOf(error), message: `${messageOf(error)}, expected a CEL expression` };
  }
}

/** The first thing in it that is left out here. */
export function leftOut(ast: ASTNode): ExpressionProblem | null {
  return (
    placesOf(ast)
      .map((place) => problemOfCall(place) ?? problemOfLiteral(place))
      .find((found) => found !== null) ?? null
  );
}

/** Its type, or the first thing that is wrong with its types. */
export function typeOfExpression(environment: Environment, text: string): string | ExpressionProblem {
  const { valid, type, error } = environment.check(text);
  return valid ? (type ?? 'dyn') : { offset: offsetOf(error), message: messageOf(error) };
}

const CALLS = [...new Set([...Object.keys(FUNCTIONS), ...Object.keys(METHODS), ...MACROS, 'has/1'])];
const NAMES = [...new Set(CALLS.map((call) => call.slice(0, call.indexOf('/'))))];

function problemOfCall({ node, locals }: Place): ExpressionProblem | null {
  if (node.op !== 'call' && node.op !== 'rcall') return null;
  const [name] = node.args;
  const args = node.op === 'call' ? node.args[1] : node.args[2];
  const offset = Math.max(node.input.indexOf(name, node.op === 'call' ? node.start : node.args[1].end), node.start);
  if (name === 'matches') {
    const message = 'matches() runs regular expressions that may never end, expected contains() or startsWith()';
    return { offset, message };
  }
  const known = Object.hasOwn(node.op === 'call' ? FUNCTIONS : METHODS, `${name}/${args.length}`);
  if (known || (node.op === 'call' ? name === 'has' : isMacro(node, locals))) return null;
  const message = NAMES.includes(name)
    ? `${name}() does not take these arguments`
    : `${name}() is not there${didYouMean(name, NAMES)}`;
  return { offset, message };
}

/** Literals that the parser reads otherwise than the specification has them. */
function problemOfLiteral({ node, parent }: Place): ExpressionProblem | null {
  if (node.op !== 'value') return null;
  const value = literalOf(node);
  const wrong = (message: string) => ({ offset: node.start, message });
  // The smallest whole number is written as one that is too large, negated.
  const most = parent?.op === '-_' ? MAX_INT + 1n : MAX_INT;
  if (typeof value === 'bigint' && value > most) return wrong('the number is too large');
  if (typeof value === 'number' && !Number.isFinite(value)) return wrong('the number is too large');
  if (value instanceof Uint8Array && /[^ -~]/.test(node.input.slice(node.start, node.end))) {
    return wrong('bytes are written in ASCII, with escapes such as \\xc3');
  }
  return null;
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
