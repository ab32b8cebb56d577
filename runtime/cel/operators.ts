import type { BinaryOperator } from '@marcbachmann/cel-js';
import { calculate, type Sign } from './numbers.ts';
import { calculateTime } from './time.ts';
import { compare, equal, isList, isMap, lookUp, MapLiteral, type Result, Undecided, type Value } from './values.ts';

/** What the operators and the literals of lists and maps make of values. Pure. */
export type Operation = (a: Value, b: Value) => Result | undefined;

const calculation =
  (sign: Sign): Operation =>
  (a, b) =>
    calculate(sign, a, b) ?? calculateTime(sign, a, b);

const ordering =
  (holds: (order: number) => boolean): Operation =>
  (a, b) => {
    const order = compare(a, b);
    if (order === null) return undefined;
    return order instanceof Undecided ? order : holds(order);
  };

/** By sign; undefined where it is not defined for the types of the two. */
export const OPERATIONS: Readonly<Record<BinaryOperator, Operation>> = {
  '==': equal,
  '!=': (a, b) => negated(equal(a, b)),
  in: isIn,
  '+': (a, b) => concatenated(a, b) ?? calculate('+', a, b) ?? calculateTime('+', a, b),
  '-': calculation('-'),
  '*': calculation('*'),
  '/': calculation('/'),
  '%': calculation('%'),
  '<': ordering((order) => order < 0),
  '<=': ordering((order) => order <= 0),
  '>': ordering((order) => order > 0),
  '>=': ordering((order) => order >= 0),
};

function negated(answer: boolean | Undecided): boolean | Undecided {
  return answer instanceof Undecided ? answer : !answer;
}

function isIn(value: Value, of: Value): Result | undefined {
  if (isMap(of)) return lookUp(of, value) !== undefined;
  if (!isList(of)) return undefined;
  let said: boolean | Undecided = false;
  for (const one of of) {
    const answer = equal(value, one);
    if (answer === true) return true;
    if (answer !== false) said = answer;
  }
  return said;
}

function concatenated(a: Value, b: Value): Value | undefined {
  if (typeof a === 'string' && typeof b === 'string') return a + b;
  if (isList(a) && isList(b)) return [...a, ...b];
  return a instanceof Uint8Array && b instanceof Uint8Array ? Buffer.concat([a, b]) : undefined;
}

export function mapOf(...keysAndValues: Value[]): Result {
  const map = new MapLiteral();
  for (let at = 0; at < keysAndValues.length; at += 2) {
    const added = map.add(keysAndValues[at] as Value, keysAndValues[at + 1] as Value);
    if (!added) return new Undecided('a key stands there twice, or is of a type that no key has');
  }
  return map;
}
