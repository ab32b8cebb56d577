/** What this process did, counted from its own journal appends: summed over all processes, it is what the platform did. */
import { createStore } from '@xstate/store';
import { ROOT_PATH } from '../../runtime/address.ts';
import type { Entry, InvocationEvent } from '../../runtime/journal/entry.ts';
import type { Journal } from '../../runtime/journal/journal.ts';
import { ENDED } from '../contract/run-states.ts';

export interface Counters {
  entries: number;
  fenced: number;
  /** `agent outcome` → roots that ended so. */
  runs: Record<string, number>;
  /** Model → turns whose entry was written. A turn that was paid for and lost its fence is not among them. */
  turns: Record<string, number>;
  /** `model kind` → tokens of those turns. */
  tokens: Record<string, number>;
}

const KINDS = ['input', 'output', 'cache_read', 'cache_write'] as const;

export type CountersStore = ReturnType<typeof countersOf>;

/** Counts from now on. */
export function countersOf(journal: Journal) {
  const context: Counters = { entries: 0, fenced: 0, runs: {}, turns: {}, tokens: {} };
  const store = createStore({
    context,
    on: {
      fenced: (counters) => ({ ...counters, fenced: counters.fenced + 1 }),
      appended: (counters, { path, entry }: { path: string; entry: Entry }) => counted(counters, path, entry),
    },
  });
  journal.observe(({ path }, entry, { status }) => {
    if (status === 'fenced') store.trigger.fenced();
    else store.trigger.appended({ path, entry });
  });
  return store;
}

function counted(before: Counters, path: string, entry: Entry): Counters {
  const counters = {
    ...before,
    entries: before.entries + 1,
    runs: { ...before.runs },
    turns: { ...before.turns },
    tokens: { ...before.tokens },
  };
  if (path === ROOT_PATH && ENDED.has(entry.state)) add(counters.runs, `${entry.agent} ${entry.state}`, 1);
  for (const event of entry.events as InvocationEvent[]) {
    if (event.type !== 'model.replied') continue;
    add(counters.turns, event.model, 1);
    for (const kind of KINDS) add(counters.tokens, `${event.model} ${kind}`, event.usage[`${kind}_tokens`]);
  }
  return counters;
}

function add(counts: Record<string, number>, key: string, count: number): void {
  counts[key] = (counts[key] ?? 0) + count;
}
