/**
 * Makes a prompt fit into the window of its model. What is large goes first, and of that the oldest: a call can be made again, a
 * turn cannot. Each rule is a function of the fold and the bounds, so that the same prompt comes out of the journal again. Pure.
 *
 * 1. Each result is shown up to its bound, at every turn the same.
 * 2. If that is too long, of the oldest results only a little is shown. They are shortened in steps of a quarter of the room, so
 *    that the turns until the next step begin with the same bytes, which the provider has cached.
 * 3. If it still is, the oldest turns are left out, all but the last.
 * 4. If it still is, the results of the last turn and the facts of the task are cut by halves.
 */
import type { ResolvedAgent } from '../definitions/resolved.ts';
import type { Invocation } from '../journal/entry.ts';
import type { Bounds, Fitted } from '../model/bounds.ts';
import type { CallState, TurnState } from './invocation.ts';
import { isThinking, type ModelRequest } from '../model/provider.ts';
import type { Showing } from './messages.ts';
import { shorten } from './shorten.ts';

/** Characters of an old result that stay. */
const LITTLE = 1_000;
/** Below this, cutting further would say nothing. */
const LEAST_MOST = 500;

export function fit(
  turns: readonly TurnState[],
  bounds: Bounds,
  showing: Showing,
  within: (fitted: Fitted | null) => ModelRequest,
): { request: ModelRequest; fitted: Fitted | null } {
  const whole = within(null);
  const size = sizeOf(whole);
  if (size <= bounds.room) return { request: whole, fitted: null };
  let fitted: Fitted = { shortened: [], dropped: 0, most: null, over: 0 };
  let request = whole;
  const fits = (next: Fitted): boolean => {
    request = within(next);
    fitted = { ...next, over: Math.max(0, sizeOf(request) - bounds.room) };
    return fitted.over === 0;
  };
  const step = bounds.room / 4; // (2)
  const all = oldest(turns, showing, Infinity).length;
  for (let free = Math.ceil((size - bounds.room) / step) * step; ; free += step) {
    const shortened = oldest(turns, showing, free);
    if (fits({ ...fitted, shortened })) return { request, fitted };
    if (shortened.length === all) break;
  }
  while (fitted.dropped < turns.length - 1)
    if (fits({ ...fitted, dropped: fitted.dropped + 1 })) return { request, fitted }; // (3)
  for (let most = bounds.result / 2; most >= LEAST_MOST; most /= 2) {
    if (fits({ ...fitted, most: Math.floor(most) })) return { request, fitted }; // (4)
  }
  return { request, fitted };
}

/** The oldest results, but those of the last turn, that free so many characters when little is left of them. By ordinal. */
function oldest(turns: readonly TurnState[], { most }: Showing, free: number): number[] {
  const found: number[] = [];
  let freed = 0;
  for (const call of turns.slice(0, -1).flatMap((turn) => turn.calls)) {
    if (freed >= free) break;
    const shown = Math.min(lengthOf(call), most(call));
    if (shown <= LITTLE) continue;
    found.push(call.ordinal);
    freed += shown - LITTLE;
  }
  return found;
}

function lengthOf({ result }: CallState): number {
  return JSON.stringify(result).length;
}

/** How much of each result is shown. */
export function showingOf(resolved: ResolvedAgent, bounds: Bounds | null, fitted: Fitted | null): Showing {
  if (bounds === null) return { most: () => Infinity, rest: () => null };
  const tools = new Map(resolved.tools.map((tool) => [tool.name, tool]));
  const short = new Set(fitted?.shortened);
  return {
    most: ({ name, ordinal }) =>
      short.has(ordinal) ? LITTLE : Math.min(tools.get(name)?.most_shown ?? bounds.result, fitted?.most ?? Infinity),
    rest: ({ name }) => tools.get(name)?.rest ?? null,
  };
}

/** The facts as they are shown, and what is said of those that are cut. */
export function boundedFacts(
  { facts }: Invocation,
  bounds: Bounds | null,
  fitted: Fitted | null,
): { facts: Invocation['facts']; notes: string[] } {
  if (bounds === null) return { facts, notes: [] };
  const notes: string[] = [];
  const shown = Object.entries(facts).map(([name, fact]) => {
    const { value, left_out } = shorten(fact, fitted?.most ?? bounds.result);
    if (left_out.length > 0) notes.push(`Of the fact ${name} only this is shown: ${left_out.join('; ')}.`);
    return [name, value] as const;
  });
  return { facts: Object.fromEntries(shown), notes };
}

/** Whether what the turn reasoned may stand where it does: nothing before it is shown otherwise than it was. */
export function isBehind({ content, bound }: TurnState, bounds: Bounds | null): boolean {
  return bound === bounds?.result || !content.some(isThinking);
}

/** Of a request, in bytes of the JSON that is sent. */
export function sizeOf({ system, tools, messages }: ModelRequest): number {
  return Buffer.byteLength(JSON.stringify({ system, tools, messages }));
}
