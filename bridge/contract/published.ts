/**
 * Published documents only grow: what a client could send or read yesterday, it can tomorrow. `shrinks` names every place
 * where an OpenAPI or AsyncAPI document, or the JSON Schemas in it, takes something back. Pure.
 *
 * A schema whose name ends in `Request` or `Query`, and what stands under `requestBody` or `parameters`, is what clients
 * send: it may ask for no more than before. Everything else is what they read: it may leave out nothing. A document that
 * is a schema of what people write is `sent` as a whole.
 */
import type { Json, JsonObject } from '../../runtime/json.ts';

/** Keys under which names stand, not keywords. */
const MAPS = new Set(
  'properties patternProperties definitions $defs schemas paths responses content headers securitySchemes channels operations messages replies parameters components'.split(
    ' ',
  ),
);
/** For people; changing them takes nothing away. */
const PROSE = new Set('description title summary example examples info tags default externalDocs'.split(' '));
/** Limits on what may be sent: true when `after` is tighter than `before`. Absent = no limit. */
const LIMITS: Record<string, (before: Json | undefined, after: Json | undefined) => boolean> = {
  ...Object.fromEntries(
    ['maxLength', 'maxItems', 'maximum', 'exclusiveMaximum', 'maxProperties'].map((k) => [k, lower]),
  ),
  ...Object.fromEntries(
    ['minLength', 'minItems', 'minimum', 'exclusiveMinimum', 'minProperties'].map((k) => [k, higher]),
  ),
  pattern: other,
  format: other,
  additionalProperties: (before, after) => before !== false && after === false,
};

export function shrinks(before: JsonObject, after: JsonObject, sent = false): string[] {
  const found: string[] = [];
  compareNode([], before, after, sent, found);
  return found;
}

type Path = readonly string[];

function compare(path: Path, before: Json, after: Json, sent: boolean, found: string[]): void {
  if (isObject(before) && isObject(after)) compareNode(path, before, after, sent, found);
  else if (Array.isArray(before) && Array.isArray(after)) compareLists(path, before, after, sent, found);
  else if (JSON.stringify(before) !== JSON.stringify(after)) {
    say(found, path, `was ${JSON.stringify(before)}, is ${JSON.stringify(after)}`);
  }
}

function compareNode(path: Path, before: JsonObject, after: JsonObject, sent: boolean, found: string[]): void {
  if (sent) limitsOf(path, before, after, found);
  requiredOf([...path, 'required'], before.required, after.required, sent, found);
  for (const [key, was] of Object.entries(before)) {
    const here = [...path, key];
    const is = after[key];
    if (PROSE.has(key) || key === 'required' || was === undefined || (sent && key in LIMITS)) continue;
    if (is === undefined) say(found, here, 'is gone');
    else if (key === 'enum') enumOf(here, was, is, found);
    else if (key === 'type') typesOf(here, was, is, sent, found);
    else if (MAPS.has(key) && isObject(was) && isObject(is)) compareMap(here, was, is, sent, found);
    else compare(here, was, is, sent || key === 'requestBody' || key === 'parameters', found);
  }
}

/** Names: none may go. */
function compareMap(path: Path, before: JsonObject, after: JsonObject, sent: boolean, found: string[]): void {
  for (const [name, was] of Object.entries(before)) {
    const is = after[name];
    const asked = sent || (path.at(-1) === 'schemas' && /(Request|Query)$/.test(name));
    // `components` holds maps, every other map holds nodes.
    if (is === undefined) say(found, [...path, name], 'is gone');
    else if (MAPS.has(name) && path.at(-1) === 'components' && isObject(was) && isObject(is)) {
      compareMap([...path, name], was, is, sent, found);
    } else compare([...path, name], was as Json, is, asked, found);
  }
}

/** Parameters are known by place and name, variants by their order; of anything else no value may go. */
function compareLists(path: Path, before: Json[], after: Json[], sent: boolean, found: string[]): void {
  if (path.at(-1) === 'parameters') {
    const byName = (list: Json[]) => Object.fromEntries(list.map((each) => [nameOf(each), each]));
    const [was, is] = [byName(before), byName(after)];
    for (const [name, each] of Object.entries(is)) {
      if (!(name in was) && isObject(each) && each.required === true) say(found, [...path, name], 'is asked for now');
    }
    return compareMap(path, was, is, true, found);
  }
  for (const [at, was] of before.entries()) {
    const is = after[at];
    if (!isObject(was)) {
      if (!after.some((each) => JSON.stringify(each) === JSON.stringify(was))) say(found, path, `${text(was)} is gone`);
    } else if (is === undefined) say(found, [...path, String(at)], 'is gone');
    else compare([...path, String(at)], was, is, sent, found);
  }
}

function requiredOf(path: Path, was: Json | undefined, is: Json | undefined, sent: boolean, found: string[]): void {
  // On a parameter or a body it is a flag.
  if (typeof was === 'boolean' || typeof is === 'boolean') {
    if (is === true && was !== true) say(found, path, 'is asked for now');
    return;
  }
  const [before, after] = [list(was), list(is)];
  const missing = sent
    ? after.filter((name) => !before.includes(name))
    : before.filter((name) => !after.includes(name));
  for (const name of missing) say(found, path, `${text(name)} ${sent ? 'is asked for now' : 'may be left out now'}`);
}

function limitsOf(path: Path, before: JsonObject, after: JsonObject, found: string[]): void {
  for (const [key, tighter] of Object.entries(LIMITS)) {
    const [was, is] = [before[key], after[key]];
    if (tighter(was, is)) say(found, [...path, key], `was ${text(was)}, is ${text(is)}`);
    else if (isObject(was) && isObject(is)) compareNode([...path, key], was, is, true, found);
  }
}

function enumOf(path: Path, was: Json, is: Json, found: string[]): void {
  for (const value of list(was)) if (!list(is).includes(value)) say(found, path, `${text(value)} is gone`);
}

function typesOf(path: Path, was: Json, is: Json, sent: boolean, found: string[]): void {
  for (const type of list(was)) if (!list(is).includes(type)) say(found, path, `${text(type)} is gone`);
  if (sent) return;
  for (const type of list(is)) if (!list(was).includes(type)) say(found, path, `${text(type)} is new`);
}

function lower(was: Json | undefined, is: Json | undefined): boolean {
  return typeof is === 'number' && (typeof was !== 'number' || is < was);
}

function higher(was: Json | undefined, is: Json | undefined): boolean {
  return typeof is === 'number' && (typeof was !== 'number' || is > was);
}

function other(was: Json | undefined, is: Json | undefined): boolean {
  return is !== undefined && is !== was;
}

function nameOf(parameter: Json): string {
  return isObject(parameter) ? `${text(parameter.in)} ${text(parameter.name)}` : text(parameter);
}

function list(value: Json | undefined): Json[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function say(found: string[], path: Path, what: string): void {
  found.push(`${path.join(' › ')}: ${what}`);
}

function text(value: Json | undefined): string {
  if (value === undefined) return 'nothing';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
