import { isDeepStrictEqual } from 'node:util';
import type { JsonObject } from '../../../runtime/json.ts';
import type { RunTree } from '../../journals/runs.ts';

/** What a person typed for a run; what is left out is not held against it. */
export interface Typed {
  agent: string;
  payload: JsonObject;
  instructions?: string;
  asOf?: string;
  /** The real folder; undefined when none was named. */
  data?: string | null | undefined;
}

const SHORT = 100;

/** In what a run differs from what was typed under its id, and what to type instead; null when it is the same one. Pure. */
export function startedOtherwise({ address, agent, context }: RunTree, typed: Typed): string | null {
  const { invocation: was } = context;
  const other = `give --run-id another id`;
  // Cancelled before it began: what it was to do was never told.
  if (!was) return `the run ${address.run} exists, is of ${agent}, and never began; ${other}`;
  const needed: string[] = [];
  const chosen: string[] = [];
  if (was.agent !== typed.agent) needed.push(`the agent ${was.agent}, not ${typed.agent}`);
  if (!isDeepStrictEqual(was.payload, typed.payload)) {
    needed.push(differing('--payload', JSON.stringify(was.payload), JSON.stringify(typed.payload)));
  }
  if (typed.instructions !== undefined && was.instructions !== typed.instructions) {
    chosen.push(differing('--instructions', JSON.stringify(was.instructions), JSON.stringify(typed.instructions)));
  }
  if (typed.asOf !== undefined && was.as_of !== typed.asOf) chosen.push(differing('--as-of', was.as_of, typed.asOf));
  if (typed.data !== undefined && was.data !== typed.data) {
    chosen.push(differing('--data', was.data ?? 'none', typed.data ?? 'none'));
  }
  const differences = [...needed, ...chosen];
  if (differences.length === 0) return null;
  const leave = chosen.length === 1 ? 'leave that option out' : 'leave these options out';
  const how = needed.length === 0 ? `${leave} to take it up, or ${other}` : other;
  return `the run ${address.run} was started with ${differences.join(' and ')}; ${how}`;
}

/** Both values as far as they fit, from shortly before where they part. */
function differing(option: string, was: string, now: string): string {
  let parts = 0;
  while (parts < was.length && was[parts] === now[parts]) parts += 1;
  const from = Math.max(was.length, now.length) <= SHORT ? 0 : Math.max(0, parts - SHORT / 4);
  return `${option} ${cut(was, from)}, not ${cut(now, from)}`;
}

function cut(text: string, from: number): string {
  const part = text.slice(from, from + SHORT);
  return `${from === 0 ? '' : '…'}${part}${from + SHORT < text.length ? '…' : ''}`;
}
