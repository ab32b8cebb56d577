import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  type Scalar,
  visit,
  type YAMLMap,
} from 'yaml';
import type { z } from 'zod';
import { decodeText } from '../../config/text-bytes.ts';
import { oneLine, readYaml } from '../../config/yaml-source.ts';
import { offsetInRaw, type WrittenText } from './inside-text.ts';
import type { Finding } from './resolved.ts';
import { formatPath, type Path, problemsOf, valueAt } from './words.ts';

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

/**
 * Parses one YAML document. Never throws: what is wrong is in `findings`. `file` is the name that findings carry; bytes are
 * read as UTF-8.
 */
export function parseLocated(file: string, given: string | Uint8Array): LocatedYaml {
  const decoded = typeof given === 'string' ? { ok: true as const, text: given } : decodeText(given);
  if (!decoded.ok) {
    const { line, column, wrong } = decoded;
    const nothing = parseLocated(file, '');
    return { ...nothing, data: undefined, findings: [{ file, line, column, path: '', message: `the file ${wrong}` }] };
  }
  const { document, text, lines, problems } = readYaml(decoded.text);
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const findings: Finding[] = problems.map(({ offset, path, message }) => ({
    file,
    ...place(offset),
    path: formatPath(path),
    message,
  }));
  let data: unknown;
  if (!problems.some(({ broken }) => broken)) {
    try {
      data = document.toJS({ maxAliasCount: MAX_ALIASES });
    } catch (error) {
      const message =
        error instanceof ReferenceError && /excessive/i.test(error.message)
          ? `aliases multiply without bound, expected at most ${MAX_ALIASES} values by alias`
          : `${oneLine(error instanceof Error ? error.message : String(error))}, expected valid YAML`;
      findings.push({ file, ...place(firstAlias(document)), path: '', message });
    }
  }
  const pairs: PairsByName = new WeakMap();
  return {
    file,
    data,
    findings,
    finding: (path, message, at = 'value') => ({
      file,
      ...place(placeIn(document, path, at, pairs).offset),
      path: formatPath(path),
      message,
    }),
    findingInside: (path, offset, message) => {
      const { offset: start, node } = placeIn(document, path, 'value', pairs);
      const written = isScalar(node) ? writtenText(node, text) : null;
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
  // What YAML itself objects to is said already.
  const said = new Set(yaml.findings.map(({ line, column }) => `${line}:${column}`));
  for (const { path, message, unknownKey } of problems) {
    const finding = yaml.finding(path, message, unknownKey ? 'key' : 'value');
    if (!said.has(`${finding.line}:${finding.column}`)) findings.push(finding);
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

/** Pairs of a mapping by the names of their keys, made when they are first asked for. */
type PairsByName = WeakMap<YAMLMap, Map<string, Pair>>;

function pairOf(map: YAMLMap, name: string, pairs: PairsByName): Pair | undefined {
  const known = pairs.get(map) ?? new Map<string, Pair>();
  if (!pairs.has(map)) {
    for (const pair of map.items) if (isScalar(pair.key)) known.set(String(pair.key.value), pair);
    pairs.set(map, known);
  }
  return known.get(name);
}

function placeIn(
  document: Document,
  path: Path,
  at: 'value' | 'key',
  pairs: PairsByName,
): { offset: number; node: Node | null } {
  let node = document.contents as Node | null;
  let offset = node?.range?.[0] ?? 0;
  for (const [depth, part] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document) ?? null;
    let next: Node | null = null;
    if (isMap(node)) {
      const pair = pairOf(node, String(part), pairs);
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
