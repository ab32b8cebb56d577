/** What runs wait for while their model does not answer, or no worker can go on, from journals alone, and how it is told. Pure. */
import type { InvocationEvent } from '../../runtime/journal/entry.ts';
import type { StoredEntry } from '../../runtime/journal/journal.ts';
import { attemptOf, MODEL_ATTEMPTS } from '../../runtime/policy/retry.ts';
import { flattenTree, type RunTree } from './runs.ts';
import { harmless } from '../terminal/terminal.ts';

/** An invocation whose model did not answer, and that asks it again. */
export interface ModelWait {
  error: { code: string; message: string };
  /** ISO time at which it is asked again. */
  at: string;
  /** Which attempt of `MODEL_ATTEMPTS` that will be; null for a wait that no such attempt ends. */
  attempt: number | null;
  /** Whether it waits for as long as the model's API asks for; else, without an attempt, for a worker that may ask its model. */
  announced: boolean;
  /** Set when it waits for a worker that can go on with it; `at` is then when one first could not. */
  worker?: true;
}

const SHORT = 200;
const LOOKED_FOR = 'a worker that can go on with it is looked for each minute';

/** `the model`, or that no worker could go on. */
export function awaited({ worker }: Pick<ModelWait, 'worker'>): string {
  return worker ? 'another worker' : 'the model';
}

/** What an invocation waits for whose journal ends with these entries; null when that is no model, or not in them. */
export function modelWait(entries: readonly Pick<StoredEntry, 'state' | 'events'>[]): ModelWait | null {
  const last = entries.at(-1)?.events.at(-1);
  if (last?.type === 'deferred') {
    const error = { code: 'run.unserved', message: last.lacks };
    return { error, at: last.at, attempt: null, announced: false, worker: true };
  }
  if (entries.at(-1)?.state !== 'backing_off') return null;
  const events = entries.flatMap((entry) => entry.events) as InvocationEvent[];
  const failed = events.findLast((event) => event.type === 'model.failed');
  if (!failed?.retry) return null;
  const { name, at } = failed.retry;
  return { error: failed.error, at, attempt: attemptOf(name), announced: failed.announced === true };
}

/** Of all invocations of a run. */
export function modelWaits(tree: RunTree): (ModelWait & { path: string; agent: string })[] {
  return flattenTree(tree).flatMap(({ address, agent, entries }) => {
    const wait = modelWait(entries);
    return wait === null ? [] : [{ path: address.path, agent, ...wait }];
  });
}

/** One wait in one line, for who looks at it at `now`, in milliseconds. */
export function waitText(wait: ModelWait, now: number): string {
  if (wait.worker) return `${shortText(wait.error.message)}; ${LOOKED_FOR}`;
  return `${shortText(wait.error.message)}; asked again ${inText(wait.at, now)}${attemptText(wait)}`;
}

/** The waits of several runs in one line: the reason that most of them have, and when the first of them asks again. */
export function waitsText(waits: readonly ModelWait[], runs: number, now: number): string {
  const counts = new Map<string, number>();
  for (const { error } of waits) counts.set(error.message, (counts.get(error.message) ?? 0) + 1);
  const [most = ['', 0], ...others] = [...counts].sort(([, a], [, b]) => b - a);
  const more = others.length === 0 ? '' : ` (and ${others.length} other ${others.length === 1 ? 'reason' : 'reasons'})`;
  const [first] = waits.map(({ at }) => at).sort();
  const who = runs === 1 ? '1 run waits' : `${runs} runs wait`;
  const next = runs === 1 ? 'it' : 'the next';
  const whom = [...new Set(waits.map(awaited))].sort().reverse().join(' or ');
  if (whom === 'another worker') return `${who} for ${whom}: ${shortText(most[0])}${more}; ${LOOKED_FOR}`;
  return `${who} for ${whom}: ${shortText(most[0])}${more}; ${next} is asked again ${inText(first ?? '', now)}`;
}

/** ` (attempt 3 of 6)`, or that the API wants it so; empty for a wait that is no failure of the model. */
export function attemptText({ attempt, announced }: Pick<ModelWait, 'attempt' | 'announced'>): string {
  if (announced) return ' (it asks to wait)';
  return attempt === null ? '' : ` (attempt ${attempt} of ${MODEL_ATTEMPTS})`;
}

/** On one line, and not longer than a line or two. */
export function shortText(message: string, longest = SHORT): string {
  const line = harmless(message).replaceAll(/\s+/g, ' ').trim();
  return line.length <= longest ? line : `${line.slice(0, longest - 1)}…`;
}

function inText(at: string, now: number): string {
  const seconds = Math.ceil((Date.parse(at) - now) / 1000);
  if (!(seconds > 0)) return 'now';
  return seconds < 120 ? `in ${seconds} s` : `in ${Math.round(seconds / 60)} min`;
}
