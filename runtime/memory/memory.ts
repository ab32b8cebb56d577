import { z } from 'zod';

/** What an agent, a person or a seed file says when it stores a memory. */
export const MemoryDraft = z.strictObject({
  text: z.string().min(1).max(8000),
  kind: z.enum(['assessment', 'intervention', 'outcome', 'quirk']).optional(),
  assessment: z.string().min(1).max(100).optional(),
  /** How deep a dip was, in percent, as a positive number. */
  dip_percent: z.number().min(0).max(100).optional(),
  resolved_by: z.enum(['self', 'intervention']).optional(),
});
export type MemoryDraft = z.infer<typeof MemoryDraft>;

/** A memory as the MEMORY stream records it, created once under its id. */
export interface Memory extends MemoryDraft {
  id: string;
  tenant: string;
  /** The agent whose memory it is, or a shared scope of the pack. */
  scope: string;
  subject: string | null;
  /** ISO date: the as-of date of the run that stored it, not the wall clock. */
  date: string;
  /** Who stored it: `<run>/<path>`, `seed`, or a person. */
  source: string;
}

/** A memory that a data folder brings along. Its id is derived from its content, so loading it twice stores it once. */
export interface MemorySeed extends MemoryDraft {
  scope: string;
  subject: string;
  date: string;
}

/** A recalled memory. `score` is 0–1, `age_days` counts from the run's as-of date. */
export const Recalled = MemoryDraft.extend({
  id: z.string(),
  subject: z.string().nullable(),
  date: z.string(),
  age_days: z.number(),
  score: z.number(),
});
export type Recalled = z.infer<typeof Recalled>;

export interface RecallQuery {
  tenant: string;
  scope: string;
  query: string;
  subject: string | null;
  /** Only memories dated before this ISO date are history. */
  before: string;
  limit: number;
}
