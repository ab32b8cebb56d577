/** One journal, folded entry by entry, and what is wrong with it alone. Pure. */
import type { AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate';
import { batchMachine, type BatchContext } from '../../actors/batch/machine.ts';
import { accepts, contextDigest, emptyFold, hasEnded, stateOf, step } from '../../actors/fold.ts';
import { invocationMachine } from '../../actors/invocation/machine.ts';
import { runningCalls } from '../../actors/invocation/take.ts';
import { reportOf } from '../../actors/invocation/report.ts';
import type { Address } from '../../runtime/address.ts';
import type { InvocationContext } from '../../runtime/context/invocation.ts';
import { digestOf } from '../../runtime/digest.ts';
import type { StoredEntry } from '../../runtime/journal/journal.ts';
import type { JournalRecord } from './records.ts';

/** `lost`: what must be there is not. `twice`: what must be there once is there again. `stuck`: it never ended. `wrong`: all else. */
export type Kind = 'lost' | 'twice' | 'stuck' | 'wrong';

export interface Fault {
  kind: Kind;
  message: string;
  /** How many entries of the journal show it. */
  shown: number;
}

interface Common {
  address: Address;
  agent: string;
  entries: StoredEntry[];
  state: string;
  ended: boolean;
  /** What it was at its end, each time: one that failed may go on, or be cancelled. */
  ends: End[];
  faults: Fault[];
}

export interface End {
  state: string;
  /** Digest of its report; null for what reports nothing. */
  report: string | null;
}

/** What a journal tells. */
export type Told =
  | (Common & {
      kind: 'invocation';
      context: InvocationContext;
      /** Ordinals of the calls that were started. */
      started: ReadonlySet<number>;
    })
  | (Common & { kind: 'batch'; context: BatchContext });

export type ToldInvocation = Extract<Told, { kind: 'invocation' }>;

export function tell({ address, entries }: JournalRecord): Told {
  const agent = entries[0]?.agent ?? '';
  const kind = agent.startsWith('_') ? 'batch' : 'invocation';
  const machine: AnyStateMachine = kind === 'batch' ? batchMachine : invocationMachine;
  const { snapshot, ends, started, fault } = foldStrictly(machine, entries);
  const faults = [...(fault ? [fault] : []), ...settledTwice(entries), ...ownership(entries)];
  const { context } = snapshot;
  return {
    kind,
    address,
    agent,
    entries,
    state: stateOf(snapshot),
    ended: hasEnded(snapshot),
    ends,
    started,
    context,
    faults,
  };
}

/** Folds until an entry does not say what it leads to; what follows that entry proves nothing. */
function foldStrictly(
  machine: AnyStateMachine,
  entries: StoredEntry[],
): { snapshot: AnyMachineSnapshot; ends: End[]; started: Set<number>; fault: Fault | null } {
  let snapshot: AnyMachineSnapshot = emptyFold(machine).snapshot;
  const ends: End[] = [];
  const started = new Set<number>();
  for (const [i, entry] of entries.entries()) {
    const shown = i + 1;
    const stop = (kind: Kind, message: string) => ({ snapshot, ends, started, fault: { kind, message, shown } });
    for (const event of entry.events as EventObject[]) {
      if (!accepts(snapshot, event)) {
        const state = stateOf(snapshot);
        return snapshot.status === 'done'
          ? stop('twice', `it had ended, and ${event.type} was appended`)
          : stop('wrong', `${event.type} changes nothing in ${state}`);
      }
      try {
        snapshot = step(machine, snapshot, event);
        for (const ordinal of runningOrdinals(snapshot)) started.add(ordinal);
      } catch (error) {
        return stop('wrong', `${event.type} cannot be folded: ${String(error)}`);
      }
    }
    if (entry.state !== stateOf(snapshot)) {
      return stop('wrong', `the entry says ${entry.state}, its events lead to ${stateOf(snapshot)}`);
    }
    if (entry.digest !== contextDigest(snapshot)) {
      return stop('wrong', `the entry names the context ${entry.digest}, its events give ${contextDigest(snapshot)}`);
    }
    if (hasEnded(snapshot)) ends.push({ state: stateOf(snapshot), report: reportDigest(snapshot) });
  }
  return { snapshot, ends, started, fault: null };
}

function runningOrdinals({ machine, context }: AnyMachineSnapshot): number[] {
  if (machine.id !== invocationMachine.id) return [];
  return runningCalls(context as InvocationContext).map(({ ordinal }) => ordinal);
}

function reportDigest(snapshot: AnyMachineSnapshot): string | null {
  if (snapshot.machine.id !== invocationMachine.id) return null;
  const report = reportOf(stateOf(snapshot), snapshot.context as InvocationContext);
  return report && digestOf(report);
}

/** The key of what an event settles: there is one such event in a journal. */
function settles(event: StoredEntry['events'][number]): string | null {
  switch (event.type) {
    case 'model.replied':
    case 'tool.settled':
      return `step ${event.ordinal}`;
    case 'child.reported':
      return `the report of ${'path' in event ? event.path : event.run}`;
    case 'invoked':
    case 'admitted':
    case 'targets.listed':
      return event.type;
    case 'targets.started':
      return `the start of ${event.count} targets`;
    default:
      return null;
  }
}

function settledTwice(entries: StoredEntry[]): Fault[] {
  const faults: Fault[] = [];
  const seen = new Set<string>();
  for (const [i, entry] of entries.entries()) {
    for (const event of entry.events) {
      const key = settles(event);
      if (key === null) continue;
      if (seen.has(key)) faults.push({ kind: 'twice', message: `${key} is there twice`, shown: i + 1 });
      seen.add(key);
    }
  }
  return faults;
}

/** Results of what an activation itself started. Only its owner can have them; all other events come by mail and claim. */
const OWN_RESULTS: ReadonlySet<string> = new Set([
  'model.replied',
  'model.failed',
  'tool.settled',
  'targets.listed',
  'targets.started',
  'escalated',
  'completed',
]);

/** The owner is the writer of the last claim. A result by anybody else means two workers at one invocation. */
function ownership(entries: StoredEntry[]): Fault[] {
  const faults: Fault[] = [];
  let owner: string | null = null;
  for (const [i, { writer, events }] of entries.entries()) {
    const [first] = events;
    if (!first) continue;
    for (const event of events) {
      if (!('worker' in event) || event.worker === writer) continue;
      faults.push({ kind: 'wrong', message: `${writer} wrote a claim of ${event.worker}`, shown: i + 1 });
    }
    if (!OWN_RESULTS.has(first.type)) owner = writer;
    else if (owner !== writer) {
      const message = `double owner: ${writer} wrote ${first.type} while ${owner ?? 'nobody'} owned it`;
      faults.push({ kind: 'twice', message, shown: i + 1 });
    }
  }
  return faults;
}
