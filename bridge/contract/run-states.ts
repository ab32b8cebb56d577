/** What `state` can ask for; `running` is whatever has neither ended nor waits for a person. */
export const RUN_STATES = ['running', 'waiting', 'completed', 'escalated', 'refused', 'failed', 'cancelled'] as const;
export type RunStateFilter = (typeof RUN_STATES)[number];

/** States in which an invocation or a batch has ended. Of these `failed` alone may go on: a person can have it retried. */
export const ENDED: ReadonlySet<string> = new Set(['completed', 'escalated', 'refused', 'failed', 'cancelled']);

/** What can become of a question to a person, and what a list of them can ask for. */
export const TASK_STATES = ['open', 'decided', 'expired', 'closed'] as const;
export const TASK_FILTERS = [...TASK_STATES, 'all'] as const;
