/**
 * A value cut down to so many characters of JSON. It stays JSON of the same shape: of lists the first items are kept, of texts the
 * beginning, and small members before large ones. What was left out is said place by place. Pure.
 */
import type { Json, JsonObject } from '../json.ts';

export interface Shortened {
  value: Json;
  /** `rows: 120 of 14000 items`; empty when all is there. */
  left_out: string[];
}

/** Nothing is cut below this, in characters: what is left of a value is never so small that it says nothing. */
export const LEAST = 200;
const MOST_PLACES = 8;

export function shorten(value: Json, most: number): Shortened {
  const left: string[] = [];
  const cut = fit(value, Math.max(most, LEAST), '', left);
  const more = left.length - MOST_PLACES;
  return { value: cut, left_out: more > 0 ? [...left.slice(0, MOST_PLACES), `${more} places more`] : left };
}

function fit(value: Json, room: number, path: string, left: string[]): Json {
  if (lengthOf(value) <= room) return value;
  if (typeof value === 'string') return fitText(value, room, path, left);
  if (Array.isArray(value)) return fitList(value, room, path, left);
  if (typeof value === 'object' && value !== null) return fitObject(value, room, path, left);
  return value;
}

function fitText(value: string, room: number, path: string, left: string[]): string {
  // Escapes make the written text longer than the text itself.
  let shown = Math.min(value.length, Math.max(0, room - 3));
  while (shown > 0 && lengthOf(`${value.slice(0, shown)}…`) > room) shown = Math.floor(shown * 0.8);
  left.push(said(path, `${shown} of ${value.length} characters`));
  return `${value.slice(0, shown)}…`.toWellFormed();
}

function fitList(value: Json[], room: number, path: string, left: string[]): Json[] {
  const kept: Json[] = [];
  let free = room - 2;
  for (const item of value) {
    const length = lengthOf(item) + 1;
    if (length > free) break;
    kept.push(item);
    free -= length;
  }
  const [first] = value;
  // One item that is too large by itself is cut itself.
  if (kept.length === 0 && first !== undefined && free >= LEAST) kept.push(fit(first, free, child(path, 0), left));
  if (kept.length < value.length) left.push(said(path, `${kept.length} of ${value.length} items`));
  return kept;
}

function fitObject(value: JsonObject, room: number, path: string, left: string[]): JsonObject {
  const members = Object.entries(value).map(([key, member]) => ({ key, member, length: lengthOf(member) }));
  members.sort((a, b) => a.length - b.length);
  const kept = new Map<string, Json>();
  let free = room - 2;
  for (const [at, { key, member, length }] of members.entries()) {
    const around = lengthOf(key) + 2;
    const share = Math.floor(free / (members.length - at)) - around;
    if (length > share && share < LEAST) continue;
    const cut = length <= share ? member : fit(member, share, child(path, key), left);
    kept.set(key, cut);
    free -= lengthOf(cut) + around;
  }
  if (kept.size < members.length) left.push(said(path, `${kept.size} of ${members.length} members`));
  return Object.fromEntries(Object.keys(value).flatMap((key) => (kept.has(key) ? [[key, kept.get(key) as Json]] : [])));
}

/** Keys are data: one that is no plain word is not said where the platform speaks. */
function child(path: string, key: string | number): string {
  const name = /^[\w-]{1,40}$/.test(String(key)) ? String(key) : '…';
  return path === '' ? name : `${path}.${name}`;
}

function said(path: string, what: string): string {
  return path === '' ? what : `${path}: ${what}`;
}

function lengthOf(value: Json): number {
  return JSON.stringify(value).length;
}
