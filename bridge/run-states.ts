/** What `state` can ask for; `running` is whatever has neither ended nor waits for a person. */
export const RUN_STATES = ['running', 'waiting', 'completed', 'escalated', 'refused', 'failed', 'cancelled'] as const;
export type RunStateFilter = (typeof RUN_STATES)[number];

/** States in which an invocation or a batch has ended. Of these `failed` alone may go on: a person can have it retried. */
export const ENDED: ReadonlySet<string> = new Set(['completed', 'escalated', 'refused', 'failed', 'cancelled']);
