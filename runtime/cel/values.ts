/**
 * The values of CEL, as JavaScript holds them: `int` is a bigint, `double` a number (as JSON has it, so never NaN or
 * infinite), `uint` a class; a map is an object of JSON or, from a literal, a `MapLiteral`. Beside them stands `Undecided`:
 * what the specification calls an error. Pure.
 */
export type Value =
  | null
  | boolean
  | string
  | number
  | bigint
  | Uint
  | Uint8Array
  | Timestamp
  | Duration
  | TypeName
  | MapLiteral
  | readonly Value[]
  | ObjectOfJson;

export interface ObjectOfJson {
  readonly [key: string]: Value;
}

/** An expression has no value here; `why` says so in words, without the expression that was asked. */
export class Undecided {
  readonly why: string;

  constructor(why: string) {
    this.why = why;
  }
}

export type Result = Value | Undecided;

export class Uint {
  readonly value: bigint;

  constructor(value: bigint) {
    this.value = value;
  }
}

/** Nanoseconds since 1970, in UTC. */
export class Timestamp {
  readonly nanos: bigint;

  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

export class Duration {
  readonly nanos: bigint;

  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

/** What `type(x)` says. */
export class TypeName {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

type Key = boolean | string | bigint;

/** Keys by what they are equal to: `1`, `1u` and `1.0` find the same entry. */
export class MapLiteral {
  readonly #entries = new Map<Key, readonly [key: Value, value: Value]>();

  /** False when a key cannot be one, or is there already. */
  add(key: Value, value: Value): boolean {
    // Only a lookup may be made with a double.
    const at = typeof key === 'number' ? undefined : keyOf(key);
    if (at === undefined || this.#entries.has(at)) return false;
    this.#entries.set(at, [key, value]);
    return true;
  }

  get(key: Value): Value | undefined {
    const at = keyOf(key);
    return at === undefined ? undefined : this.#entries.get(at)?.[1];
  }

  entries(): (readonly [Value, Value])[] {
    return [...this.#entries.values()];
  }
}

function keyOf(key: Value): Key | undefined {
  if (key instanceof Uint) return key.value;
  if (typeof key === 'number') return Number.isInteger(key) ? BigInt(key) : undefined;
  return typeof key === 'boolean' || typeof key === 'string' || typeof key === 'bigint' ? key : undefined;
}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

/** An object of JSON, whatever its keys are: `constructor` and `__proto__` are keys like any other. */
function isObject(value: Value): value is ObjectOfJson {
  if (typeof value !== 'object' || value === null || isList(value)) return false;
  return Object.getPrototypeOf(value) === Object.prototype || !isOfClass(value);
}

function isOfClass(value: object): boolean {
  return (
    value instanceof Uint ||
    value instanceof Uint8Array ||
    value instanceof Timestamp ||
    value instanceof Duration ||
    value instanceof TypeName ||
    value instanceof MapLiteral
  );
}

export function isMap(value: Value): value is MapLiteral | ObjectOfJson {
  return value instanceof MapLiteral || isObject(value);
}

/** The value under a key of a map; undefined when there is none. */
export function lookUp(map: MapLiteral | ObjectOfJson, key: Value): Value | undefined {
  if (map instanceof MapLiteral) return map.get(key);
  return typeof key === 'string' && Object.hasOwn(map, key) ? map[key] : undefined;
}

export function entriesOf(map: MapLiteral | ObjectOfJson): readonly (readonly [Value, Value])[] {
  return map instanceof MapLiteral ? map.entries() : Object.entries(map);
}

/** `int`, `string`, `google.protobuf.Timestamp`; what `type()` says and what a message names. */
export function typeOf(value: Value): string {
  if (value === null) return 'null_type';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'number') return 'double';
  if (typeof value === 'bigint') return 'int';
  if (isList(value)) return 'list';
  if (value instanceof Uint) return 'uint';
  if (value instanceof Uint8Array) return 'bytes';
  if (value instanceof Timestamp) return 'google.protobuf.Timestamp';
  if (value instanceof Duration) return 'google.protobuf.Duration';
  return value instanceof TypeName ? 'type' : 'map';
}

/** As a message has it: `null`, `a string`. */
export function describe(value: Value): string {
  if (value === null) return 'null';
  const type = typeOf(value);
  return `${/^[aeio]/.test(type) ? 'an' : 'a'} ${type}`;
}

/** Values of different types are not equal; numbers are equal by what they count, whatever their type. */
export function equal(a: Value, b: Value): boolean | Undecided {
  if (isNumeric(a) && isNumeric(b)) {
    const order = compareNumbers(a, b);
    return order instanceof Undecided ? order : order === 0;
  }
  if (isList(a))
    return isList(b) && a.length === b.length && allOf(a.map((one, at) => () => equal(one, b[at] as Value)));
  if (isMap(a)) return isMap(b) && equalMaps(a, b);
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.compare(a, b) === 0;
  if (a instanceof Timestamp) return b instanceof Timestamp && a.nanos === b.nanos;
  if (a instanceof Duration) return b instanceof Duration && a.nanos === b.nanos;
  if (a instanceof TypeName) return b instanceof TypeName && a.name === b.name;
  return a === b;
}

function equalMaps(a: MapLiteral | ObjectOfJson, b: MapLiteral | ObjectOfJson): boolean | Undecided {
  const entries = entriesOf(a);
  if (entries.length !== entriesOf(b).length) return false;
  return allOf(
    entries.map(([key, value]) => () => {
      const other = lookUp(b, key);
      return other !== undefined && equal(value, other);
    }),
  );
}

/** False when one is false, undecided when none is and one is undecided. */
function allOf(parts: readonly (() => boolean | Undecided)[]): boolean | Undecided {
  let said: boolean | Undecided = true;
  for (const part of parts) {
    const one = part();
    if (one === false) return false;
    if (one !== true) said = one;
  }
  return said;
}

/** Negative, 0 or positive; null when the two have no order. */
export function compare(a: Value, b: Value): number | Undecided | null {
  if (isNumeric(a) && isNumeric(b)) return compareNumbers(a, b);
  if (typeof a === 'string' && typeof b === 'string') return compareTexts(a, b);
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b);
  if (a instanceof Timestamp && b instanceof Timestamp) return order(a.nanos, b.nanos);
  if (a instanceof Duration && b instanceof Duration) return order(a.nanos, b.nanos);
  return null;
}

function isNumeric(value: Value): value is number | bigint | Uint {
  return typeof value === 'number' || typeof value === 'bigint' || value instanceof Uint;
}

/**
 * Beyond 2⁵³ a whole number and a double are compared either exactly or as doubles, depending on who reads the
 * specification. Where the two differ, nobody can say.
 */
function compareNumbers(a: number | bigint | Uint, b: number | bigint | Uint): number | Undecided {
  const left = a instanceof Uint ? a.value : a;
  const right = b instanceof Uint ? b.value : b;
  const exactly = order(left, right);
  if (typeof left === typeof right || exactly === order(Number(left), Number(right))) return exactly;
  return new Undecided(`${left} and ${right} are too close to be compared`);
}

function order(a: number | bigint, b: number | bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** By code points; JavaScript compares halves of surrogate pairs, which lie before U+E000. */
function compareTexts(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const left = a.charCodeAt(at);
    const right = b.charCodeAt(at);
    if (left !== right) return ranked(left) - ranked(right);
  }
  return a.length - b.length;
}

function ranked(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
