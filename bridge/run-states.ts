/** What `state` can ask for; `running` is whatever has neither ended nor waits for a person. */
export const RUN_STATES = ['running', 'waiting', 'completed', 'escalated', 'refused', 'failed', 'cancelled'] as const;
export type RunStateFilter = (typeof RUN_STATES)[number];
