import { digitsOf, toDouble, toInt, toUint } from './numbers.ts';
import { join, sizeOfText, TEXT_METHODS } from './strings.ts';
import {
  DATE_PART_NAMES,
  DURATION_PARTS,
  datePart,
  durationText,
  timestampText,
  toDuration,
  toTimestamp,
} from './time.ts';
import {
  Duration,
  entriesOf,
  isList,
  isMap,
  type Result,
  Timestamp,
  TypeName,
  typeOf,
  Uint,
  Undecided,
  type Value,
} from './values.ts';

/**
 * What an expression may call, by name and number of arguments: what the specification defines, and the text functions
 * that every CEL has. Everything else is refused at load. Each says undefined where an argument is of the wrong type. Pure.
 */
type Call = (first: Value, ...others: Value[]) => Result | undefined;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export const FUNCTIONS: Readonly<Record<string, Call>> = {
  'size/1': sizeOf,
  'dyn/1': (value) => value,
  'type/1': (value) => new TypeName(typeOf(value)),
  'int/1': toInt,
  'uint/1': toUint,
  'double/1': toDouble,
  'bool/1': toBool,
  'string/1': toText,
  'bytes/1': (value) => {
    if (value instanceof Uint8Array) return value;
    return typeof value === 'string' ? new TextEncoder().encode(value) : undefined;
  },
  'timestamp/1': toTimestamp,
  'duration/1': toDuration,
};

/** The first argument is what the method is called on. */
export const METHODS: Readonly<Record<string, Call>> = {
  'size/0': sizeOf,
  'join/0': (list) => join(list),
  'join/1': (list, by) => join(list, by),
  ...Object.fromEntries(
    Object.entries(TEXT_METHODS).map(([name, call]): [string, Call] => [
      name,
      (text, ...args) => (typeof text === 'string' ? call(text, ...args) : undefined),
    ]),
  ),
  ...Object.fromEntries(
    DATE_PART_NAMES.flatMap((name): [string, Call][] => [
      [`${name}/0`, (value) => partOf(name, value)],
      [`${name}/1`, (value, zone) => (value instanceof Timestamp ? datePart(name, value, zone) : undefined)],
    ]),
  ),
};

function partOf(name: string, value: Value): Result | undefined {
  if (value instanceof Timestamp) return datePart(name, value);
  return value instanceof Duration ? DURATION_PARTS[name]?.(value.nanos) : undefined;
}

function sizeOf(value: Value): Result | undefined {
  if (typeof value === 'string') return sizeOfText(value);
  if (value instanceof Uint8Array || isList(value)) return BigInt(value.length);
  return isMap(value) ? BigInt(entriesOf(value).length) : undefined;
}

const TRUE: ReadonlySet<string> = new Set(['1', 't', 'true', 'TRUE', 'True']);
const FALSE: ReadonlySet<string> = new Set(['0', 'f', 'false', 'FALSE', 'False']);

function toBool(value: Value): Result | undefined {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string') return undefined;
  return TRUE.has(value) || (FALSE.has(value) ? false : new Undecided('the text is neither true nor false'));
}

function toText(value: Value): Result | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return digitsOf(value);
  if (value instanceof Uint) return String(value.value);
  if (value instanceof Timestamp) return timestampText(value);
  if (value instanceof Duration) return durationText(value);
  return value instanceof Uint8Array ? decoded(value) : undefined;
}

function decoded(bytes: Uint8Array): Result {
  try {
    return utf8.decode(bytes);
  } catch {
    return new Undecided('the bytes are no text');
  }
}
