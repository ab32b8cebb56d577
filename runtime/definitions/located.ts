import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type Scalar,
  visit,
} from 'yaml';
import type { z } from 'zod';
import { numberProblem } from '../../config/json-text.ts';
import { offsetInRaw, type WrittenText } from './inside-text.ts';
import type { Finding } from './resolved.ts';
import { formatPath, type Path, problemsOf, quote, valueAt } from './words.ts';

/**
 * YAML whose every value knows its line and column. What a schema or a later check objects to is reported at the place
 * in the file where a person corrects it: at the value, at an unknown key, or at the mapping that lacks a key.
 */
export interface LocatedYaml {
  readonly file: string;
  /** The parsed value; undefined when the text is not YAML. */
  readonly data: unknown;
  /** What YAML itself objects to: syntax, duplicate keys, unknown tags, aliases that multiply. */
  readonly findings: Finding[];
  /** A finding at the value of `path`, or at its nearest existing parent; with `key`, at the last key itself. */
  finding(path: Path, message: string, at?: 'value' | 'key'): Finding;
  /** A finding inside the text at `path`, at its character `offset`, counted from 0. */
  findingInside(path: Path, offset: number, message: string): Finding;
}

const MAX_ALIASES = 100;

/** Parses one YAML document. Never throws: what is wrong is in `findings`. `file` is the name that findings carry. */
export function parseLocated(file: string, text: string): LocatedYaml {
  const lines = new LineCounter();
  const source = text.replace(/^\uFEFF/, '');
  const document = parseDocument(source, {
    lineCounter: lines,
    uniqueKeys: true,
    prettyErrors: false,
    // With 'silent' a second document would be passed over.
    logLevel: 'error',
  });
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const findings: Finding[] = [];
  let broken = false;
  for (const { code, message, pos } of [...document.errors, ...document.warnings]) {
    if (code === 'DUPLICATE_KEY') {
      const path = pathOfKey(document, pos[0]);
      findings.push({
        file,
        ...place(pos[0]),
        path: formatPath(path),
        message: 'this key is given twice, expected it once',
      });
    } else if (code === 'MULTIPLE_DOCS') {
      const message = 'a second YAML document begins here, expected one in each file';
      findings.push({ file, ...place(pos[0]), path: '', message });
    } else if (!broken) {
      // What follows the first syntax error is mostly its echo.
      broken = true;
      findings.push({ file, ...place(pos[0]), path: '', message: `${oneLine(message)}, expected valid YAML` });
    }
  }
  let data: unknown;
  if (!broken) {
    try {
      data = document.toJS({ maxAliasCount: MAX_ALIASES });
    } catch (error) {
      const message =
        error instanceof ReferenceError && /excessive/i.test(error.message)
          ? `aliases multiply without bound, expected at most ${MAX_ALIASES} values by alias`
          : `${oneLine(error instanceof Error ? error.message : String(error))}, expected valid YAML`;
      findings.push({ file, ...place(firstAlias(document)), path: '', message });
    }
    for (const { offset, path, message } of changedNumbers(document)) {
      findings.push({ file, ...place(offset), path: formatPath(path), message });
    }
  }
  return {
    file,
    data,
    findings,
    finding: (path, message, at = 'value') => ({
      file,
      ...place(placeIn(document, path, at).offset),
      path: formatPath(path),
      message,
    }),
    findingInside: (path, offset, message) => {
      const { offset: start, node } = placeIn(document, path, 'value');
      const written = isScalar(node) ? writtenText(node, source) : null;
      const within = written === null ? 0 : offsetInRaw(written, offset);
      return { file, ...place(start + within), path: formatPath(path), message };
    },
  };
}

/** The value that a schema makes of the document, or null; every objection is pushed to `findings` with its place. */
export function checkLocated<S extends z.ZodType>(
  yaml: LocatedYaml,
  schema: S,
  findings: Finding[],
): z.output<S> | null {
  findings.push(...yaml.findings);
  if (yaml.data === undefined) return null;
  const problems = problemsOf(schema, yaml.data);
  for (const { path, message, unknownKey } of problems) {
    const finding = yaml.finding(path, message, unknownKey ? 'key' : 'value');
    // What YAML itself objects to is said already.
    const said = ({ line, column }: Finding): boolean => line === finding.line && column === finding.column;
    if (!yaml.findings.some(said)) findings.push(finding);
  }
  return problems.length > 0 || yaml.findings.length > 0 ? null : schema.parse(yaml.data);
}

/** The text at a path; null when there is none, so that later checks can go on in a file that a schema refused. */
export function textAt(yaml: LocatedYaml, path: Path): string | null {
  const value = valueAt(yaml.data, path);
  return typeof value === 'string' ? value : null;
}

/** The texts of the list at a path, each with its own path. */
export function textsAt(yaml: LocatedYaml, path: Path): { text: string; path: Path }[] {
  const value = valueAt(yaml.data, path);
  if (!Array.isArray(value)) return [];
  return value.flatMap((text, index) => (typeof text === 'string' ? [{ text, path: [...path, index] }] : []));
}

/** The keys of the mapping at a path. */
export function keysAt(yaml: LocatedYaml, path: Path): string[] {
  const value = valueAt(yaml.data, path);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
}

/** The number of items of the list at a path, 0 when there is none. */
export function countAt(yaml: LocatedYaml, path: Path): number {
  const value = valueAt(yaml.data, path);
  return Array.isArray(value) ? value.length : 0;
}

function placeIn(document: Document, path: Path, at: 'value' | 'key'): { offset: number; node: Node | null } {
  let node = document.contents as Node | null;
  let offset = node?.range?.[0] ?? 0;
  for (const [depth, part] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document) ?? null;
    let next: Node | null = null;
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => String(isScalar(key) ? key.value : key) === String(part));
      const key = pair?.key as Node | undefined;
      if (key && at === 'key' && depth === path.length - 1) return { offset: key.range?.[0] ?? offset, node: key };
      next = (pair?.value ?? key ?? null) as Node | null;
    } else if (isSeq(node)) {
      next = (node.items[Number(part)] ?? null) as Node | null;
    }
    if (!next) return { offset, node: null };
    node = next;
    offset = node.range?.[0] ?? offset;
  }
  return { offset, node };
}

const STYLES: Record<string, WrittenText['style']> = {
  PLAIN: 'plain',
  QUOTE_SINGLE: 'single',
  QUOTE_DOUBLE: 'double',
  BLOCK_LITERAL: 'block',
  BLOCK_FOLDED: 'block',
};

function writtenText({ range, type, value }: Scalar, source: string): WrittenText | null {
  const style = STYLES[type ?? ''];
  if (!range || style === undefined || typeof value !== 'string') return null;
  return { raw: source.slice(range[0], range[1]), style, value };
}

function pathOfKey(document: Document, offset: number): Path {
  let found: Path = [];
  visit(document, {
    Pair(_, pair, ancestors) {
      const key = pair.key as Node | null;
      if (key?.range?.[0] !== offset) return undefined;
      found = pathAlong([...ancestors, pair]);
      return visit.BREAK;
    },
  });
  return found;
}

function pathAlong(chain: readonly unknown[]): Path {
  return chain.flatMap((node, depth): (string | number)[] => {
    const parent = chain[depth - 1];
    if (isSeq(parent)) return [parent.items.indexOf(node)];
    return isPair(node) && isScalar(node.key) ? [String(node.key.value)] : [];
  });
}

/** Numbers that would not be what is written. */
function changedNumbers(document: Document): { offset: number; path: Path; message: string }[] {
  const found: { offset: number; path: Path; message: string }[] = [];
  visit(document, {
    Scalar(_, node, ancestors) {
      if (typeof node.value !== 'number') return;
      const message = numberProblem(node.source ?? String(node.value), node.value);
      if (message !== null)
        found.push({ offset: node.range?.[0] ?? 0, path: pathAlong([...ancestors, node]), message });
    },
  });
  return found;
}

function firstAlias(document: Document): number {
  let offset = 0;
  visit(document, {
    Alias(_, alias) {
      offset = alias.range?.[0] ?? 0;
      return visit.BREAK;
    },
  });
  return offset;
}

function oneLine(message: string): string {
  if (/call stack/.test(message)) return 'nested too deeply';
  return (message.split('\n')[0] ?? '')
    .replace(/[\u0000-\u001f\u007f]/g, (character) => quote(character))
    .replace(/[.:]$/, '');
}
