import { describe, entriesOf, isList, isMap, type Result, typeOf, Undecided, type Value } from './values.ts';

/**
 * Where an undecided part leaves the whole decided: `false && x` is false whatever `x` is, and a list has an element for
 * which something holds whatever the others are. Pure.
 */
export interface Scope {
  variables: Readonly<Record<string, Value>>;
  /** Variables of macros, by depth. */
  locals: Value[];
}

export type Step = (scope: Scope) => Result;

/** One side that says `decides` decides, whatever the other is. */
export function logic(decides: boolean, first: Step, second: Step): Step {
  return (scope) => {
    const left = first(scope);
    if (left === decides) return decides;
    const right = second(scope);
    if (right === decides) return decides;
    if (left === !decides && right === !decides) return !decides;
    const wrong = left === !decides ? right : left;
    return noBoolean(wrong);
  };
}

export function choice(condition: Step, first: Step, second: Step): Step {
  return (scope) => {
    const answer = condition(scope);
    if (answer === true) return first(scope);
    if (answer === false) return second(scope);
    return noBoolean(answer);
  };
}

/** What a macro goes through are the elements of a list, and the keys of a map. `depth`: where its variable stands. */
export function comprehended(text: string, name: string, rangeOf: Step, steps: readonly Step[], depth: number): Step {
  const [step, transform] = steps as [Step, Step?];
  const collect = COLLECTORS[transform === undefined ? name : 'map_some'] as Collector;
  return (scope) => {
    const range = rangeOf(scope);
    if (range instanceof Undecided) return range;
    const items = isList(range) ? range : isMap(range) ? entriesOf(range).map(([key]) => key) : null;
    if (items === null) return new Undecided(`no such overload: ${text} with ${typeOf(range)}`);
    const asked = (which: Step) => (item: Value) => {
      scope.locals[depth] = item;
      return which(scope);
    };
    return collect(items, asked(step), asked(transform ?? step));
  };
}

type Collector = (items: readonly Value[], step: (item: Value) => Result, transform: (item: Value) => Result) => Result;

const COLLECTORS: Record<string, Collector> = {
  all: (items, step) => quantified(false, items, step),
  exists: (items, step) => quantified(true, items, step),
  exists_one: (items, step) => {
    const found = chosen(items, step);
    return found instanceof Undecided ? found : found.length === 1;
  },
  filter: (items, step) => chosen(items, step),
  map: (items, step) => mapped(items, step),
  map_some: (items, step, transform) => {
    const found = chosen(items, step);
    return found instanceof Undecided ? found : mapped(found, transform);
  },
};

/** One element that says `decides` decides, even where another is undecided. */
function quantified(decides: boolean, items: readonly Value[], step: (item: Value) => Result): Result {
  let said: Result = !decides;
  for (const item of items) {
    const answer = step(item);
    if (answer === decides) return decides;
    if (answer !== !decides && said === !decides) said = noBoolean(answer);
  }
  return said;
}

function chosen(items: readonly Value[], step: (item: Value) => Result): Value[] | Undecided {
  const found: Value[] = [];
  for (const item of items) {
    const answer = step(item);
    if (typeof answer !== 'boolean') return noBoolean(answer);
    if (answer) found.push(item);
  }
  return found;
}

function mapped(items: readonly Value[], step: (item: Value) => Result): Value[] | Undecided {
  const made: Value[] = [];
  for (const item of items) {
    const value = step(item);
    if (value instanceof Undecided) return value;
    made.push(value);
  }
  return made;
}

function noBoolean(answer: Result): Undecided {
  return answer instanceof Undecided ? answer : new Undecided(`${describe(answer)} is neither true nor false`);
}
