/** What of a model's silence is counted: it decides how long a turn waits for its next attempt, and when there is none. Pure. */
import type { InvocationContext } from '../../runtime/context/invocation.ts';
import type { InvocationEvent } from '../../runtime/journal/entry.ts';

type Failed = Extract<InvocationEvent, { type: 'model.failed' }>;
type Counts = Partial<Pick<InvocationContext, 'failures' | 'announced' | 'waits'>>;

export function unanswered(context: InvocationContext, { elsewhere, announced }: Failed): Counts {
  if (elsewhere) return { waits: (context.waits ?? 0) + 1 };
  // Who says when to come back is there: failures before it are none in a row with those after it.
  if (announced) return { announced: (context.announced ?? 0) + 1, failures: 0 };
  return { failures: context.failures + 1 };
}

/** The model answered, or someone has it asked anew: all attempts are left. */
export function countsAnew({ announced }: InvocationContext): Counts {
  return { failures: 0, ...(announced !== undefined && { announced: 0 }) };
}
