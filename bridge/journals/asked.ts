import type { Entry, HumanTask } from '../../runtime/journal/entry.ts';

/** The question with which an entry leaves its invocation to a person; null for any other entry. Pure. */
export function askedIn({ state, events }: Pick<Entry, 'state' | 'events'>): HumanTask | null {
  if (state !== 'waiting_for_human' && state !== 'failed') return null;
  for (const event of events.toReversed()) {
    if (event.type === 'escalated') return event.escalation.task ?? null;
    if (event.type === 'failed' && 'task' in event) return event.task ?? null;
  }
  return null;
}
