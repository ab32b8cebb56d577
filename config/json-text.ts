/**
 * JSON text from outside, read so that nothing changes on the way. `JSON.parse` decides what JSON is and makes the value;
 * what it would lose silently is refused with its place: integers that a double cannot hold, numbers that overflow, keys
 * given twice, `__proto__`, and text that is not well-formed Unicode. Pure.
 */
import { type JSONPath, visit } from 'jsonc-parser';

export type JsonRead = { ok: true; value: unknown } | { ok: false; wrong: string };

/** Objects and lists inside each other; deeper ones would overflow the stack of whoever walks them. */
const MAX_DEPTH = 32;
const MAX_PROBLEMS = 20;
const SHOWN = 60;
/** As JSON and YAML write whole numbers. */
const WHOLE = /^[+-]?(\d+|0[ox][\da-f]+)$/i;

/** `what` begins the sentence that says what is wrong, such as `the request`. */
export function readJson(text: string, what: string): JsonRead {
  if (text.trim() === '') return { ok: false, wrong: `${what} is empty, expected JSON` };
  if (isDeeperThan(MAX_DEPTH, text)) return { ok: false, wrong: `${what} nests deeper than ${MAX_DEPTH} levels` };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { ok: false, wrong: `${what} is not JSON: ${(error as Error).message}` };
  }
  const problems = changesIn(text);
  if (problems.length === 0) return { ok: true, value };
  const more = problems.length - MAX_PROBLEMS;
  const lines = [...problems.slice(0, MAX_PROBLEMS), ...(more > 0 ? [`and ${more} more`] : [])];
  return { ok: false, wrong: lines.join('\n') };
}

/** Every place of a JSON text that would not come out as it is written. */
function changesIn(text: string): string[] {
  const problems: string[] = [];
  const keys: Set<string>[] = [];
  const say = (path: JSONPath, line: number, column: number, message: string): void => {
    const place = path.map((part) => (/^[\w-]+$/.test(String(part)) ? part : JSON.stringify(String(part)))).join('.');
    problems.push(`${place === '' ? '' : `${place} `}(line ${line + 1}, column ${column + 1}): ${message}`);
  };
  visit(text, {
    onObjectBegin: () => void keys.push(new Set()),
    onObjectEnd: () => void keys.pop(),
    onObjectProperty: (key, _offset, _length, line, column, pathOfObject) => {
      const known = keys.at(-1);
      const path = (): JSONPath => [...pathOfObject(), key];
      if (known?.has(key)) say(path(), line, column, 'this key is given twice, expected it once');
      known?.add(key);
      // The one key that copying an object loses.
      if (key === '__proto__') say(path(), line, column, 'no object could keep the key __proto__');
      if (!key.isWellFormed()) say(path(), line, column, HALF_PAIR);
    },
    onLiteralValue: (value, offset, length, line, column, path) => {
      if (typeof value === 'string' && !value.isWellFormed()) say(path(), line, column, HALF_PAIR);
      if (typeof value !== 'number') return;
      const problem = numberProblem(text.slice(offset, offset + length), value);
      if (problem !== null) say(path(), line, column, problem);
    },
  });
  return problems;
}

export const HALF_PAIR = 'the text is not well-formed Unicode (half of a surrogate pair)';

/**
 * Why a number cannot be taken as it is written, null when it can. Decimals are rounded as everywhere; a whole number is
 * an id or an amount as often as not, and its neighbour is another one. `value` is what was made of `written`.
 */
export function numberProblem(written: string, value: number): string | null {
  const shown = written.length > SHOWN ? `${written.slice(0, SHOWN)}…` : written;
  if (!Number.isFinite(value))
    return `got the number ${shown}, which ${/\d/.test(written) ? 'is too large to be held' : 'no JSON could hold'}`;
  if (value === 0 && digitsOf(written) !== '') return `got the number ${shown}, which is too small to be held`;
  if (Math.abs(value) <= Number.MAX_SAFE_INTEGER) return null;
  // `1e20` comes out as it went in, `9007199254740993.0` does not.
  if (!WHOLE.test(written) && digitsOf(written) === digitsOf(String(value))) return null;
  return (
    `got the number ${shown}, which would be changed: whole numbers lie within ±${Number.MAX_SAFE_INTEGER}; ` +
    'write a longer id as text'
  );
}

/** The digits of a decimal number that count. */
function digitsOf(number: string): string {
  return number
    .replace(/e.*$/i, '')
    .replaceAll(/[^\d]/g, '')
    .replaceAll(/^0+|0+$/g, '');
}

/** Counts brackets outside strings, without recursion. */
function isDeeperThan(max: number, text: string): boolean {
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (quoted) {
      if (char === '\\') i += 1;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === '{' || char === '[') {
      depth += 1;
      if (depth > max) return true;
    } else if (char === '}' || char === ']') depth -= 1;
  }
  return false;
}
