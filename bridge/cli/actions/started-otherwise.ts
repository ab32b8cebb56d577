import type { Json, JsonObject } from '../../../runtime/json.ts';
import { askedOfRun, type Difference, differences } from '../../commands/same-id.ts';
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
  const { agent: whose, payload, instructions, asOf, data } = typed;
  const found = differences(askedOfRun(was), { agent: whose, payload, instructions, as_of: asOf, data });
  if (found.length === 0) return null;
  const chosen = found.filter(({ field }) => field !== 'agent' && field !== 'payload');
  const leave = chosen.length === 1 ? 'leave that option out' : 'leave these options out';
  const how = chosen.length === found.length ? `${leave} to take it up, or ${other}` : other;
  return `the run ${address.run} was started with ${found.map(differenceText).join(' and ')}; ${how}`;
}

function differenceText({ field, was, now }: Difference): string {
  if (field === 'agent') return `the agent ${String(was)}, not ${String(now)}`;
  const shown =
    field === 'payload' || field === 'instructions' ? JSON.stringify : (value: Json) => String(value ?? 'none');
  return differing(`--${field.replace('_', '-')}`, shown(was), shown(now));
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
