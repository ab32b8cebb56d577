import { type ASTNode, serialize } from '@marcbachmann/cel-js';
import { FUNCTIONS, METHODS } from './functions.ts';
import { choice, comprehended, logic, type Scope, type Step } from './logic.ts';
import { negate } from './numbers.ts';
import { mapOf, type Operation, OPERATIONS } from './operators.ts';
import { isMacro, literalOf, MAX_INT } from './syntax.ts';
import {
  describe,
  isList,
  isMap,
  lookUp,
  type Result,
  TypeName,
  typeOf,
  Uint,
  Undecided,
  type Value,
} from './values.ts';

/**
 * Makes a function of a parsed expression. The library reads and types expressions; what they mean is decided here, since a
 * value that the specification does not give would let through what a rule should stop. Pure.
 */
export type Variables = Scope['variables'];

export function compile(ast: ASTNode): (variables: Variables) => Result {
  const step = stepOf(ast, []);
  return (variables) => step({ variables, locals: [] });
}

/** `locals`: the names that macros around this node have given, the outermost first. */
function stepOf(node: ASTNode, locals: readonly string[]): Step {
  const of = (part: ASTNode) => stepOf(part, locals);
  switch (node.op) {
    case 'value': {
      const value = literalOf(node);
      return () => value;
    }
    case 'id':
      return named(node.args, locals);
    case '.':
      return member(node, node.args[0], () => node.args[1], locals);
    case '[]':
      return member(node, node.args[0], of(node.args[1]), locals);
    case '&&':
      return logic(false, of(node.args[0]), of(node.args[1]));
    case '||':
      return logic(true, of(node.args[0]), of(node.args[1]));
    case '?:':
      return choice(of(node.args[0]), of(node.args[1]), of(node.args[2]));
    case '!_':
      return strict(node, [node.args], locals, (value) => (typeof value === 'boolean' ? !value : undefined));
    case '-_': {
      // The smallest whole number is written as one that is too large, negated.
      const smallest = node.args.op === 'value' && node.args.args === MAX_INT + 1n;
      return smallest ? () => -MAX_INT - 1n : strict(node, [node.args], locals, negate);
    }
    case 'list':
      return strict(node, node.args, locals, (...values) => values);
    case 'map':
      return strict(node, node.args.flat(), locals, mapOf);
    case 'call': {
      const [name, args] = node.args;
      if (name === 'has') return has(args[0] as ASTNode, locals);
      return strict(node, args, locals, FUNCTIONS[`${name}/${args.length}`] ?? (() => undefined));
    }
    case 'rcall': {
      const [name, receiver, args] = node.args;
      if (isMacro(node, locals)) {
        return name === 'bind' ? bind(args, locals) : comprehension(node, name, receiver, args, locals);
      }
      return strict(node, [receiver, ...args], locals, METHODS[`${name}/${args.length}`] ?? (() => undefined));
    }
    case '.?':
    case '[?]':
      return () => new Undecided('optional values are not there');
    default:
      return binary(node, node.args, locals, OPERATIONS[node.op]);
  }
}

const TYPES = ['bool', 'bytes', 'double', 'int', 'list', 'map', 'null_type', 'string', 'type', 'uint'];

function named(name: string, locals: readonly string[]): Step {
  const depth = locals.lastIndexOf(name);
  if (depth >= 0) return ({ locals: values }) => values[depth] as Value;
  const type = TYPES.includes(name) ? new TypeName(name) : new Undecided(`${name} is missing`);
  return ({ variables }) => (Object.hasOwn(variables, name) ? (variables[name] as Value) : type);
}

const MESSAGE_TYPE = /^google\.protobuf\.(Timestamp|Duration)$/;

/** A field of a map, or an element of a list. */
function member(node: ASTNode, object: ASTNode, keyOf: Step, locals: readonly string[]): Step {
  const text = serialize(node);
  const holder = serialize(object);
  if (MESSAGE_TYPE.test(text) && !locals.includes('google')) {
    const type = new TypeName(text);
    return () => type;
  }
  const objectOf = stepOf(object, locals);
  return (scope) => {
    const of = objectOf(scope);
    if (of instanceof Undecided) return of;
    const key = keyOf(scope);
    if (key instanceof Undecided) return key;
    if (isMap(of)) {
      const value = lookUp(of, key);
      return value === undefined ? new Undecided(`${text} is missing`) : value;
    }
    if (isList(of) && node.op === '[]') return elementOf(of, key, text, holder);
    return new Undecided(`${text} is missing: ${holder} is ${describe(of)}`);
  };
}

function elementOf(list: readonly Value[], key: Value, text: string, holder: string): Result {
  const at = key instanceof Uint ? key.value : key;
  if (typeof at !== 'bigint' && !Number.isInteger(at)) {
    return new Undecided(`${text} is missing: elements of a list have whole numbers`);
  }
  const element = list[Number(at)];
  if (element !== undefined) return element;
  return new Undecided(
    `${text} is missing: ${holder} has ${list.length} ${list.length === 1 ? 'element' : 'elements'}`,
  );
}

/** Whether a map has a field. What is no map has no fields that it could lack. */
function has(field: ASTNode, locals: readonly string[]): Step {
  if (field.op !== '.') return () => new Undecided('has() asks about a field');
  const [object, name] = field.args;
  const objectOf = stepOf(object, locals);
  const text = serialize(field);
  const holder = serialize(object);
  return (scope) => {
    const of = objectOf(scope);
    if (of instanceof Undecided) return of;
    if (isMap(of)) return lookUp(of, name) !== undefined;
    return new Undecided(`has(${text}) asks about a field: ${holder} is ${describe(of)}`);
  };
}

/** What needs the value of every argument; undefined says that it is not defined for their types. */
function strict(
  node: ASTNode,
  args: readonly ASTNode[],
  locals: readonly string[],
  call: (...values: [Value, ...Value[]]) => Result | undefined,
): Step {
  const text = serialize(node);
  const steps = args.map((arg) => stepOf(arg, locals));
  return (scope) => {
    const values: Value[] = [];
    for (const step of steps) {
      const value = step(scope);
      if (value instanceof Undecided) return value;
      values.push(value);
    }
    return told(text, call(...(values as [Value, ...Value[]])), values);
  };
}

/** The same for operators, which are most of what is evaluated. */
function binary(node: ASTNode, args: readonly [ASTNode, ASTNode], locals: readonly string[], call: Operation): Step {
  const text = serialize(node);
  const first = stepOf(args[0], locals);
  const second = stepOf(args[1], locals);
  return (scope) => {
    const left = first(scope);
    if (left instanceof Undecided) return left;
    const right = second(scope);
    if (right instanceof Undecided) return right;
    const result = call(left, right);
    return typeof result === 'boolean' ? result : told(text, result, [left, right]);
  };
}

/** What came of it, with the part of the expression that it came of. */
function told(text: string, result: Result | undefined, values: readonly Value[]): Result {
  if (result === undefined) return new Undecided(`no such overload: ${text} with ${values.map(typeOf).join(', ')}`);
  return result instanceof Undecided ? new Undecided(`${text}: ${result.why}`) : result;
}

function bind(args: readonly ASTNode[], locals: readonly string[]): Step {
  const [name, value, body] = args as [ASTNode, ASTNode, ASTNode];
  const valueOf = stepOf(value, locals);
  const bodyOf = stepOf(body, [...locals, name.args as string]);
  return (scope) => {
    const bound = valueOf(scope);
    if (bound instanceof Undecided) return bound;
    scope.locals[locals.length] = bound;
    return bodyOf(scope);
  };
}

/** `all`, `exists`, `exists_one`, `filter` and `map`. */
function comprehension(
  node: ASTNode,
  name: string,
  receiver: ASTNode,
  [variable, ...args]: readonly ASTNode[],
  locals: readonly string[],
): Step {
  const inner = [...locals, variable?.args as string];
  const steps = args.map((arg) => stepOf(arg, inner));
  return comprehended(serialize(node), name, stepOf(receiver, locals), steps, locals.length);
}
