/** What a parent cannot know of itself: that a person is asked in what it waits for. Read when that matters, and not before. */
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

/** Whether it, or what it waits for, waits for a person. */
export async function waitsForPerson(runtime: Runtime, context: InvocationContext): Promise<boolean> {
  return openTask(context) !== null || (await takenBelow(runtime, context, runtime.now().getTime())).asks;
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
