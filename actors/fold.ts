import { setImmediate as turn } from 'node:timers/promises';
import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type EventObject,
  initialTransition,
  type SnapshotFrom,
  transition,
} from 'xstate';
import { type InvocationContext, invocationDigestInput } from '../runtime/context/invocation.ts';
import { digestOf } from '../runtime/digest.ts';
import { type BatchContext, batchDigestInput, batchMachine } from './batch/machine.ts';
import type { StoredEntry } from '../runtime/journal/journal.ts';

/** An invocation as its journal says it is: the snapshot, and the sequence of the last entry (0 = no journal). */
export interface Folded<M extends AnyStateMachine> {
  snapshot: SnapshotFrom<M>;
  seq: number;
  /** Who appended last: the door, or the worker that owns the invocation. Null for no journal. */
  writer: string | null;
  /** Why the journal does not fold to the state that its entries name; null when it does. */
  diverged: string | null;
}

/** A snapshot's state value; our machines have flat states. */
export function stateOf(snapshot: { value: unknown }): string {
  return String(snapshot.value);
}

/** Whether an invocation has ended. A failed one has, although a person may have it go on. */
export function hasEnded(snapshot: { status: string; value: unknown }): boolean {
  return snapshot.status === 'done' || snapshot.value === 'failed';
}

/** The digest that an entry carries: of the context after its events. */
export function contextDigest(snapshot: { context: unknown; machine: { id: string } }): string {
  const { context, machine } = snapshot;
  const isBatch = machine.id === batchMachine.id;
  const input = isBatch
    ? batchDigestInput(context as BatchContext)
    : invocationDigestInput(context as InvocationContext);
  return digestOf(input).slice(0, 16);
}

/** Whether the event changes anything here. Nothing changes what has ended; XState's own `can` would say otherwise. */
export function accepts(snapshot: AnyMachineSnapshot, event: EventObject): boolean {
  return snapshot.status === 'active' && snapshot.can(event);
}

/** The next snapshot, computed and not executed. Throws what a guard or an assign throws. */
export function step<M extends AnyStateMachine>(
  machine: M,
  snapshot: SnapshotFrom<M>,
  event: EventObject,
): SnapshotFrom<M> {
  return transition(machine, snapshot, event as never)[0] as SnapshotFrom<M>;
}

/** The fold of an empty journal. */
export function emptyFold<M extends AnyStateMachine>(machine: M): Folded<M> {
  const [snapshot] = initialTransition(machine, undefined as never);
  return { snapshot: snapshot as SnapshotFrom<M>, seq: 0, writer: null, diverged: null };
}

/**
 * Folds entries through the machine, on top of an earlier fold or of nothing. A journal that leads elsewhere than its
 * entries say is reported, not thrown.
 */
export function fold<M extends AnyStateMachine>(
  machine: M,
  entries: StoredEntry[],
  from = emptyFold(machine),
): Folded<M> {
  return checked(walk(machine, entries, from), entries);
}

/** Some tens of milliseconds. */
const ENTRIES_A_TURN = 500;

/**
 * The same of a journal that may be long: whatever else the process has to do goes on between its parts. A batch of a hundred
 * thousand targets takes seconds to fold, in which its mail must be kept alive and doors must answer.
 */
export async function foldInTurns<M extends AnyStateMachine>(
  machine: M,
  entries: StoredEntry[],
  from = emptyFold(machine),
): Promise<Folded<M>> {
  let folded = from;
  for (let at = 0; at < entries.length; at += ENTRIES_A_TURN) {
    if (at > 0) await turn();
    folded = walk(machine, entries.slice(at, at + ENTRIES_A_TURN), folded);
  }
  return checked(folded, entries);
}

function walk<M extends AnyStateMachine>(machine: M, entries: StoredEntry[], from: Folded<M>): Folded<M> {
  let { snapshot, diverged } = from;
  for (const entry of entries) {
    for (const event of entry.events) snapshot = step(machine, snapshot, event);
    if (diverged === null && stateOf(snapshot) !== entry.state) {
      diverged = `entry ${entry.seq} says ${entry.state}, the fold says ${stateOf(snapshot)}`;
    }
  }
  const last = entries.at(-1);
  return last ? { snapshot, seq: last.seq, writer: last.writer, diverged } : from;
}

/** Holds the fold against the digest that its last entry names. */
function checked<M extends AnyStateMachine>(folded: Folded<M>, entries: StoredEntry[]): Folded<M> {
  const last = entries.at(-1);
  if (!last || folded.diverged !== null || contextDigest(folded.snapshot) === last.digest) return folded;
  const found = contextDigest(folded.snapshot);
  return { ...folded, diverged: `entry ${last.seq} names the context ${last.digest}, the fold gives ${found}` };
}
