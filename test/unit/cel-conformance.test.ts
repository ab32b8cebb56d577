import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { leftOut, newEnvironment, parseExpression, typeOfExpression } from '../../runtime/cel/check.ts';
import { compile } from '../../runtime/cel/compile.ts';
import { durationText, timestampText, toDuration, toTimestamp } from '../../runtime/cel/time.ts';
import {
  Duration,
  entriesOf,
  isList,
  MapLiteral,
  type Result,
  Timestamp,
  TypeName,
  Uint,
  Undecided,
  type Value,
} from '../../runtime/cel/values.ts';
import { suite } from '../support/suite.ts';

const test = suite('conformance of CEL');

/** A value as protocol buffers write it in JSON: `{int64Value: "1"}`. */
type Written = Record<string, unknown>;

interface Case {
  file: string;
  name: string;
  expr: string;
  typeEnv?: { name: string; ident?: { type: Written } }[];
  bindings?: Record<string, { value: Written }>;
  value?: Written;
  evalError?: unknown;
}

const FIXTURE = new URL('../fixtures/cel/conformance.jsonl', import.meta.url);
const CASES = readFileSync(FIXTURE, 'utf8')
  .trim()
  .split('\n')
  .map((line): Case => JSON.parse(line));

const PRIMITIVES: Record<string, string> = {
  BOOL: 'bool',
  BYTES: 'bytes',
  DOUBLE: 'double',
  INT64: 'int',
  STRING: 'string',
  UINT64: 'uint',
};

function typeText(type: Written): string {
  if (typeof type.primitive === 'string') return PRIMITIVES[type.primitive] ?? 'dyn';
  if (type.listType) return `list<${typeText((type.listType as { elemType: Written }).elemType)}>`;
  if (!type.mapType) return 'dyn';
  const { keyType, valueType } = type.mapType as Record<'keyType' | 'valueType', Written>;
  return `map<${typeText(keyType)}, ${typeText(valueType)}>`;
}

function valueOf(written: Written): Value {
  const kind = Object.keys(written)[0] ?? '';
  const value = written[kind];
  if (kind === 'int64Value') return BigInt(value as string);
  if (kind === 'uint64Value') return new Uint(BigInt(value as string));
  if (kind === 'bytesValue') return new Uint8Array(Buffer.from(value as string, 'base64'));
  if (kind === 'typeValue') return new TypeName(value as string);
  if (kind === 'listValue') return ((value as { values?: Written[] }).values ?? []).map(valueOf);
  if (kind === 'mapValue') {
    const map = new MapLiteral();
    const { entries = [] } = value as { entries?: Record<'key' | 'value', Written>[] };
    for (const entry of entries) assert.ok(map.add(valueOf(entry.key), valueOf(entry.value)));
    return map;
  }
  if (kind !== 'objectValue') return value as Value;
  const { '@type': type, value: text } = value as { '@type': string; value: string };
  return (type.endsWith('.Duration') ? toDuration(text) : toTimestamp(text)) as Value;
}

/** Types are told apart, as 1, 1u and 1.0 are different answers. */
function textOf(value: Value): string {
  if (isList(value)) return `[${value.map(textOf).join(', ')}]`;
  if (value instanceof Uint) return `${value.value}u`;
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('hex')}`;
  if (value instanceof TypeName) return `type ${value.name}`;
  if (value instanceof Timestamp) return timestampText(value);
  if (value instanceof Duration) return durationText(value);
  if (typeof value === 'number') return `double ${Object.is(value, -0) ? 0 : value}`;
  if (typeof value === 'bigint' || typeof value !== 'object' || value === null) {
    return typeof value === 'string' ? JSON.stringify(value) : String(value);
  }
  const entries = entriesOf(value).map(([key, one]) => `${textOf(key)}: ${textOf(one)}`);
  return `{${entries.sort().join(', ')}}`;
}

/** What we make of it: a value, undecided, or why it is refused at load. */
function answer({ expr, typeEnv = [], bindings = {} }: Case): Result | string {
  const declared = typeEnv.flatMap(({ name, ident }) => (ident ? [[name, typeText(ident.type)] as const] : []));
  const variables = declared.filter(([name]) => !['true', 'false', 'null'].includes(name));
  if (variables.some(([name]) => name.includes('.'))) return 'refused: names have no dots';
  const environment = newEnvironment(Object.fromEntries(variables));
  const ast = parseExpression(environment, expr);
  if (!('op' in ast)) return `refused: ${ast.message}`;
  const problem = leftOut(ast) ?? typeOfExpression(environment, expr);
  if (typeof problem === 'object') return `refused: ${problem.message}`;
  const bound = Object.entries(bindings).map(([name, { value }]) => [name, valueOf(value)] as const);
  const result = compile(ast)(Object.fromEntries(bound));
  return result instanceof Undecided ? result : `value: ${textOf(result)}`;
}

type Outcome = 'agrees' | 'refused' | 'undecided' | 'other';

function outcomeOf(one: Case): { outcome: Outcome; why: string } {
  const got = answer(one);
  const why = got instanceof Undecided ? got.why : String(got);
  if (typeof got === 'string' && got.startsWith('value: ')) {
    const same = one.value !== undefined && got === `value: ${textOf(valueOf(one.value))}`;
    return { outcome: same ? 'agrees' : 'other', why };
  }
  // Where an error is wanted, both ways of giving no value are right.
  if (one.evalError) return { outcome: 'agrees', why };
  return { outcome: got instanceof Undecided ? 'undecided' : 'refused', why };
}

const OUTCOMES = CASES.map((one) => ({ ...one, ...outcomeOf(one) }));
const told = (outcome: Outcome) =>
  OUTCOMES.filter((one) => one.outcome === outcome).map(({ file, name, expr, why }) => ({ file, name, expr, why }));

test('no case gets a value that the specification does not give', () => {
  assert.deepEqual(told('other'), []);
});

test('what is undecided where there is a value is not finite, or beyond 2⁵³ on the border of two readings', () => {
  const others = told('undecided').filter(({ why }) => !/is not finite|too close to be compared/.test(why));
  assert.deepEqual(others, []);
});

test('of the 952 cases about the language itself 798 agree; the rest is refused at load, or undecided', () => {
  const language = /^(basic|comparisons|conversions|fields|fp_math|integer_math|lists|logic|macros|string|timestamps)$/;
  const count = (outcome: Outcome, files = /./) =>
    OUTCOMES.filter((one) => one.outcome === outcome && files.test(one.file)).length;
  assert.deepEqual(
    [count('agrees', language), count('refused', language), count('undecided', language)],
    [798, 136, 18],
  );
  assert.deepEqual([count('agrees'), count('refused'), count('undecided')], [1079, 339, 18]);
});

test.run();
