/** By when an invocation must have ended. The time that people take, in it or below it, does not count. Pure. */
import type { InvocationContext } from '../../runtime/context/invocation.ts';
import type { Budget } from '../../runtime/definitions/schema.ts';
import type { Timer } from '../../runtime/journal/entry.ts';
import { durationMs } from '../../runtime/policy/budget.ts';

/** A timer for that time, named by it: when the deadline moves, what fires for the old one is known to be late. */
export function deadlineAt(ms: number): Timer {
  return { name: `deadline-${ms}`, at: new Date(ms).toISOString() };
}

/** The deadline of an invocation that begins now; null for a definition without one. */
export function deadlineOf(budget: Budget | undefined, now: Date): Timer | null {
  return budget?.deadline === undefined ? null : deadlineAt(now.getTime() + durationMs(budget.deadline));
}

/** Milliseconds that people took, as far as the fold knows: to answer its own questions, and those of children that reported. */
export function waitedMs({ tasks, children }: Pick<InvocationContext, 'tasks' | 'children'>): number {
  const own = tasks.map(({ opened, due, decision, expired }) => {
    const until = decision?.at ?? (expired ? due : null);
    return until === null ? 0 : Math.max(0, Date.parse(until) - Date.parse(opened));
  });
  return [...own, ...children.map((report) => report.waited_ms ?? 0)].reduce((sum, ms) => sum + ms, 0);
}

/** The deadline as the answers that the fold has just learned of move it. */
export function postponed(before: InvocationContext, change: Partial<InvocationContext>): Partial<InvocationContext> {
  const after = { ...before, ...change };
  const waited = waitedMs(after);
  if (after.deadline === null || after.timers.deadline === null || waited === waitedMs(before)) return change;
  return { ...change, timers: { ...after.timers, deadline: deadlineAt(Date.parse(after.deadline) + waited) } };
}
