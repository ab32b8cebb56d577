import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import { HALF_PAIR, numberProblem } from './json-text.ts';

/**
 * YAML as it is read everywhere: one document of the YAML 1.2 that the library reads, without what it reads in silence and
 * would change or lose: directives and keys given twice, keys that are no names, numbers that no double holds, raw control
 * characters. Each objection knows its offset. Pure.
 */
export interface YamlSource {
  document: Document;
  /** The text that offsets count in. */
  text: string;
  lines: LineCounter;
  problems: YamlProblem[];
}

export interface YamlProblem {
  offset: number;
  path: readonly (string | number)[];
  message: string;
  /** It is no YAML: the document holds a part of what is written, or nothing. */
  broken: boolean;
}

export function readYaml(given: string): YamlSource {
  // YAML ends lines with a lone CR, too, the library does not. The offsets stay.
  const text = given.replace(/^\uFEFF/, '').replaceAll(/\r(?!\n)/g, '\n');
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    // The library compares each key with every other one.
    uniqueKeys: false,
    prettyErrors: false,
    // With 'silent' a second document would be passed over.
    logLevel: 'error',
  });
  const problems = [
    ...syntaxProblems(document),
    ...directivesTwice(text),
    ...rawCharacters(text),
    ...contentProblems(document),
  ];
  return { document, text, lines, problems };
}

function syntaxProblems(document: Document): YamlProblem[] {
  const problems: YamlProblem[] = [];
  for (const { code, message, pos } of [...document.errors, ...document.warnings]) {
    if (code === 'MULTIPLE_DOCS') {
      problems.push(at(pos[0], 'a second YAML document begins here, expected one in each file'));
    } else if (!problems.some(({ broken }) => broken)) {
      // What follows the first syntax error is mostly its echo.
      problems.push({ ...at(pos[0], `${oneLine(message)}, expected valid YAML`), broken: true });
    }
  }
  return problems;
}

const at = (offset: number, message: string, path: YamlProblem['path'] = []): YamlProblem => ({
  offset,
  path,
  message,
  broken: false,
});

/** `%YAML` once, and `%TAG` once for each handle, before the document begins. */
function directivesTwice(text: string): YamlProblem[] {
  const problems: YamlProblem[] = [];
  const seen = new Set<string>();
  let offset = 0;
  for (const line of text.split('\n')) {
    if (!/^(%|\s*(#|$))/.test(line)) break;
    const directive = /^%(YAML|TAG\s+\S+)/.exec(line)?.[1]?.replace(/\s+/, ' ');
    if (directive !== undefined && seen.has(directive)) {
      problems.push(at(offset, `the directive %${directive} is given twice, expected it once`));
    }
    if (directive !== undefined) seen.add(directive);
    offset += line.length + 1;
  }
  return problems;
}

/** What YAML calls not printable, and the byte order mark, which nobody sees. */
const RAW = /[^\t\n\r -~\u0085\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]/gu;
const MOST_RAW = 10;

function rawCharacters(text: string): YamlProblem[] {
  const problems: YamlProblem[] = [];
  for (const { 0: character, index } of text.matchAll(RAW)) {
    const point = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    problems.push(
      at(index, `the character U+${point} stands here raw, expected "\\u${point}" in double quotes, or none`),
    );
    if (problems.length === MOST_RAW) break;
  }
  return problems;
}

interface Place {
  node: Node | null;
  path: YamlProblem['path'];
}

/** Keys and values that a document loses or changes; deeply nested ones as well, so without recursion. */
function contentProblems(document: Document): YamlProblem[] {
  const problems: YamlProblem[] = [];
  const open: Place[] = [{ node: document.contents as Node | null, path: [] }];
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    const { node, path } = place;
    if (isScalar(node)) problems.push(...scalarProblems(node, path));
    if (isSeq(node)) open.push(...node.items.map((item, index) => ({ node: item as Node, path: [...path, index] })));
    if (isMap(node)) open.push(...valuesOf(node, path, problems));
  }
  return problems.sort((a, b) => a.offset - b.offset);
}

/** What lies below a mapping. Keys that are no names are told and taken out, so that nobody objects to them again. */
function valuesOf(map: YAMLMap, path: YamlProblem['path'], problems: YamlProblem[]): Place[] {
  const seen = new Set<string>();
  const places = map.items.map(({ key, value }): Place => {
    const node = key as Node | null;
    const offset = node?.range?.[0] ?? map.range?.[0] ?? 0;
    const below = { node: value as Node | null, path };
    if (!isName(node)) {
      problems.push(at(offset, `this key is ${kindOf(node)}, expected a name`, path));
      return below;
    }
    const name = String(node.value);
    const here = [...path, name];
    if (seen.has(name)) problems.push(at(offset, 'this key is given twice, expected it once', here));
    if (name === '__proto__') problems.push(at(offset, 'no object could keep the key __proto__', here));
    seen.add(name);
    return { ...below, path: here };
  });
  map.items = map.items.filter(({ key }) => isName(key));
  return places;
}

function isName(key: unknown): key is Scalar {
  return isScalar(key) && key.value !== null;
}

function kindOf(node: Node | null): string {
  if (isMap(node)) return 'a mapping';
  if (isSeq(node)) return 'a list';
  return isAlias(node) ? 'an alias' : 'empty';
}

function scalarProblems({ value, source, range }: Scalar, path: YamlProblem['path']): YamlProblem[] {
  const offset = range?.[0] ?? 0;
  if (typeof value === 'string' && !value.isWellFormed()) return [at(offset, HALF_PAIR, path)];
  const message = typeof value === 'number' ? numberProblem(source ?? String(value), value) : null;
  return message === null ? [] : [at(offset, message, path)];
}

/** What the library says, on one line. */
export function oneLine(message: string): string {
  if (/call stack/.test(message)) return 'nested too deeply';
  return (message.split('\n')[0] ?? '')
    .replace(/[\u0000-\u001f\u007f]/g, (character) => JSON.stringify(character))
    .replace(/[.:]$/, '');
}
