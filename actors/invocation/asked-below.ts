/** What a parent cannot know of itself: that a person is or was asked below. Read when that matters, and not before. */
import type { Address } from '../../runtime/address.ts';
import { type InvocationContext, openTask } from '../../runtime/context/invocation.ts';
import type { InvocationEvent } from '../../runtime/journal/entry.ts';
import { fold } from '../fold.ts';
import type { Runtime } from '../runtime.ts';
import { deadlineAt, waitedMs } from './deadline.ts';
import { invocationMachine } from './machine.ts';
import { runningCalls } from './take.ts';

/** While a person is asked below, how soon the deadline is looked at again at the earliest. */
const LOOK_AGAIN_MS = 60_000;

/** Where the deadline that has just come moves to, because people took some of the time below; null when it holds. */
export async function movedDeadline(
  runtime: Runtime,
  context: InvocationContext,
  timer: string,
): Promise<InvocationEvent | null> {
  if (context.timers.deadline?.name !== timer || context.deadline === null || openTask(context)) return null;
  const now = runtime.now().getTime();
  const { ms, asks } = await takenBelow(runtime, context, now);
  if (ms === 0) return null;
  const ends = Date.parse(context.deadline) + waitedMs(context) + ms;
  // The longer a person has taken already, the later it is looked at again: a week is a dozen looks.
  const next = asks ? Math.max(ends, now + LOOK_AGAIN_MS, now + ms) : ends;
  return next <= now ? null : { type: 'deadline.moved', from: timer, to: deadlineAt(next) };
}

/** Whether a person is or was asked in it, or had it go on after a failure, or in anything that it delegated. */
export async function concernsPerson(runtime: Runtime, address: Address): Promise<boolean> {
  const entries = await runtime.journal.read(address);
  const { tasks, turns } = fold(invocationMachine, entries).snapshot.context;
  if (tasks.length > 0 || entries.some(({ events }) => events.some(({ type }) => type === 'retried'))) return true;
  for (const { delegate } of turns.flatMap(({ calls }) => calls)) {
    if (delegate && (await concernsPerson(runtime, { ...address, path: delegate.path }))) return true;
  }
  return false;
}

/** Milliseconds that people have taken in the delegations that have not reported, and whether one is asked now. */
async function takenBelow(
  runtime: Runtime,
  context: InvocationContext,
  now: number,
): Promise<{ ms: number; asks: boolean }> {
  const { address } = context.invocation ?? {};
  const taken = { ms: 0, asks: false };
  for (const { delegate } of runningCalls(context)) {
    if (!address || !delegate) continue;
    const entries = await runtime.journal.read({ ...address, path: delegate.path });
    const child = fold(invocationMachine, entries).snapshot.context;
    const open = openTask(child);
    const below = await takenBelow(runtime, child, now);
    taken.ms += waitedMs(child) + (open ? now - Date.parse(open.opened) : 0) + below.ms;
    taken.asks ||= open !== null || below.asks;
  }
  return taken;
}
