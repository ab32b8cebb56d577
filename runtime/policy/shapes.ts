import type { ASTNode } from '@marcbachmann/cel-js';
import type { ExpressionProblem } from '../cel/check.ts';
import { isMacro, literalOf } from '../cel/syntax.ts';
import { didYouMean, oneOf, own, quote } from '../definitions/words.ts';

/**
 * Whether the fields that an expression names are there: it is followed through the JSON Schemas of what it looks at. Where a
 * schema says nothing, any field may be there. Pure.
 */

/** A JSON Schema; what is not known is `{}`, which anything fits. */
export interface Shape {
  type?: string;
  properties?: Readonly<Record<string, Shape>>;
  additionalProperties?: boolean | Shape;
  items?: Shape | false;
  anyOf?: readonly Shape[];
  oneOf?: readonly Shape[];
  allOf?: readonly Shape[];
  enum?: readonly unknown[];
  const?: unknown;
}

const ANY: Shape = {};

/** The first field that cannot be there, or literal that can never be met; null when there is none. */
export function problemOfShape(ast: ASTNode, variables: Readonly<Record<string, Shape>>): ExpressionProblem | null {
  try {
    shapeOf(ast, variables);
    return null;
  } catch (error) {
    if (error instanceof Wrong) return error.problem;
    throw error;
  }
}

class Wrong extends Error {
  readonly problem: ExpressionProblem;

  constructor(offset: number, message: string) {
    super(message);
    this.problem = { offset, message };
  }
}

type Scope = Readonly<Record<string, Shape>>;

/** What a part of an expression is. Throws `Wrong` for the first thing in it that cannot be. */
function shapeOf(node: ASTNode, scope: Scope): Shape {
  switch (node.op) {
    case 'id':
      return own(scope, node.args) ?? ANY;
    case '.': {
      const [object, name] = node.args;
      return memberOf(shapeOf(object, scope), name, node.pos, object);
    }
    case '[]': {
      const [object, key] = node.args;
      const shape = shapeOf(object, scope);
      shapeOf(key, scope);
      if (key.op === 'value' && typeof key.args === 'string') return memberOf(shape, key.args, key.start, object);
      return elementOf(shape);
    }
    case 'rcall':
      return ofCall(node, scope);
    case '?:': {
      const [condition, ...ways] = node.args;
      shapeOf(condition, scope);
      return { anyOf: ways.map((way) => shapeOf(way, scope)) };
    }
    case '==':
    case '!=': {
      const [left, right] = node.args;
      const shapes = [shapeOf(left, scope), shapeOf(right, scope)] as const;
      compare(left, shapes[0], right);
      compare(right, shapes[1], left);
      return ANY;
    }
    case 'in': {
      const [element, list] = node.args;
      const shape = shapeOf(element, scope);
      shapeOf(list, scope);
      if (list.op === 'list') for (const each of list.args) compare(element, shape, each);
      return ANY;
    }
    default:
      for (const part of partsOf(node.args)) shapeOf(part, scope);
      return ANY;
  }
}

/** A macro names the elements of what it is called on; `filter` leaves some of them. */
function ofCall(node: ASTNode & { op: 'rcall' }, scope: Scope): Shape {
  const [name, receiver, args] = node.args;
  if (
    !isMacro(
      node,
      Object.keys(scope).filter((each) => each === 'cel'),
    )
  ) {
    for (const part of [receiver, ...args]) shapeOf(part, scope);
    return ANY;
  }
  const [variable, ...rest] = args;
  const named = variable?.args as string;
  if (name === 'bind') {
    const [value, body] = rest as [ASTNode, ASTNode];
    return shapeOf(body, { ...scope, [named]: shapeOf(value, scope) });
  }
  const shape = shapeOf(receiver, scope);
  const inner = { ...scope, [named]: elementOf(shape) };
  for (const part of rest) shapeOf(part, inner);
  return name === 'filter' ? shape : ANY;
}

function memberOf(shape: Shape, name: string, offset: number, object: ASTNode): Shape {
  const found = fieldOf(shape, name);
  if (!Array.isArray(found)) return found;
  const what = object.input.slice(object.start, object.end);
  const expected = found.length === 0 ? 'expected a value with fields' : `expected ${oneOf(found)}`;
  throw new Wrong(offset, `${what}.${name}: there is no field ${quote(name)}, ${expected}${didYouMean(name, found)}`);
}

/** The shape of a field, or an element of a list by its number; else the names of the fields that there are. */
export function fieldOf(shape: Shape, name: string): Shape | string[] {
  const choices = shape.anyOf ?? shape.oneOf ?? shape.allOf;
  if (choices) {
    const found = choices.map((choice) => fieldOf(choice, name));
    const shapes = found.filter((one): one is Shape => !Array.isArray(one));
    return shapes.length > 0 ? { anyOf: shapes } : [...new Set(found.flatMap((one) => one as string[]))];
  }
  const { type, properties = {}, additionalProperties: others } = shape;
  const known = own(properties, name);
  if (known) return known;
  if (type === undefined) return ANY;
  if (type === 'array' && /^\d+$/.test(name)) return elementOf(shape);
  if (type !== 'object') return [];
  if (others === false) return Object.keys(properties);
  return typeof others === 'object' ? others : ANY;
}

/** Of a list. The elements of a map are its keys. */
function elementOf(shape: Shape): Shape {
  const choices = shape.anyOf ?? shape.oneOf;
  if (choices) return { anyOf: choices.map(elementOf) };
  // The rest of a tuple may be `false`.
  return shape.type === 'array' && typeof shape.items === 'object' ? shape.items : ANY;
}

/** A value of a few that is compared with another text is never that. */
function compare(node: ASTNode, shape: Shape, other: ASTNode): void {
  const value = other.op === 'value' ? literalOf(other) : undefined;
  if (typeof value !== 'string') return;
  const values = valuesOf(shape);
  if (values === null || values.includes(value)) return;
  const what = node.input.slice(node.start, node.end);
  throw new Wrong(
    other.start,
    `${what} is never ${quote(value)}, expected ${oneOf(values)}${didYouMean(value, values)}`,
  );
}

/** The only texts that it may be; null when it may be any, or something else than text. */
function valuesOf(shape: Shape): readonly string[] | null {
  if (shape.anyOf) {
    const all = shape.anyOf.filter(({ type }) => type !== 'null').map(valuesOf);
    return all.length === 0 || all.includes(null) ? null : all.flatMap((each) => each ?? []);
  }
  const values = shape.const === undefined ? shape.enum : [shape.const];
  return values?.every((value) => typeof value === 'string') ? values : null;
}

function partsOf(part: unknown): ASTNode[] {
  if (Array.isArray(part)) return part.flatMap(partsOf);
  return typeof part === 'object' && part !== null && 'op' in part ? [part as ASTNode] : [];
}
