import type { ASTNode } from '@marcbachmann/cel-js';
import { Uint, type Value } from './values.ts';

/** How a parsed expression is walked and read. Pure. */

/** Whole numbers have 64 bits. */
export const MAX_INT = 2n ** 63n - 1n;

/** Macros by name and number of arguments; the first argument of each is the name of a variable. */
export const MACROS: ReadonlySet<string> = new Set([
  'all/2',
  'exists/2',
  'exists_one/2',
  'filter/2',
  'map/2',
  'map/3',
  'bind/3',
]);

type MethodCall = ASTNode & { op: 'rcall' };

/** `bind` is a macro of `cel` only. */
export function isMacro({ args: [name, receiver, args] }: MethodCall, locals: readonly string[]): boolean {
  if (!MACROS.has(`${name}/${args.length}`) || args[0]?.op !== 'id') return false;
  return name !== 'bind' || (receiver.op === 'id' && receiver.args === 'cel' && !locals.includes('cel'));
}

/** A node, what it stands in, and the names that macros around it have given. */
export interface Place {
  node: ASTNode;
  parent: ASTNode | null;
  locals: readonly string[];
}

/** A node and all below it, in the order in which they are written. */
export function placesOf(ast: ASTNode): Place[] {
  return belowOf({ node: ast, parent: null, locals: [] });
}

function belowOf(place: Place): Place[] {
  return [place, ...partsOf(place).flatMap(belowOf)];
}

/** What stands directly below a node; the name that a macro gives is no expression. */
function partsOf({ node, locals }: Place): Place[] {
  const within = (names: readonly string[]) => (part: ASTNode) => ({ node: part, parent: node, locals: names });
  if (node.op !== 'rcall' || !isMacro(node, locals)) return childrenOf(node.args).map(within(locals));
  const [name, receiver, [variable, ...rest]] = node.args;
  const inner = [...locals, variable?.args as string];
  // `cel.bind(x, value, …)`: the value knows nothing of x yet.
  const outside = name === 'bind' ? rest.slice(0, 1) : [];
  const inside = rest.slice(outside.length);
  return [...[receiver, ...outside].map(within(locals)), ...inside.map(within(inner))];
}

function childrenOf(part: unknown): ASTNode[] {
  if (Array.isArray(part)) return part.flatMap(childrenOf);
  return typeof part === 'object' && part !== null && 'op' in part ? [part as ASTNode] : [];
}

/** The value of a literal; what the parser calls an unsigned number has a class of its own. */
export function literalOf({ args }: ASTNode & { op: 'value' }): Value {
  if (typeof args !== 'object' || args === null || args instanceof Uint8Array) return args;
  return new Uint(BigInt(String(args)));
}
