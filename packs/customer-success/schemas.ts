import { z } from 'agent-platform/sdk';
import { SignalLine } from './reports.ts';

/** Payload of `csm_alerts`. `run` is filled in by the runtime; an agent does not know it. */
export const CsmAlert = z.strictObject({
  severity: z.enum(['watch', 'urgent']),
  account_id: z.string().min(1),
  account_name: z.string().min(1),
  reasons: z.array(SignalLine).min(1),
  talking_points: z.array(z.string().min(1)).min(1),
  /** ISO date until which somebody reaches out; null for a watch. */
  respond_by: z.iso.date().nullable(),
  run: z.string().min(1),
});
export type CsmAlert = z.infer<typeof CsmAlert>;

/** Payload of `csm_briefings`: the completed report of csm_briefing, whose text is the briefing in Markdown. */
export const CsmBriefing = z.strictObject({
  run: z.string().min(1),
  agent: z.string().min(1),
  subject: z.string().nullable(),
  text: z.string().min(1),
  data: z.unknown(),
});
