import { z } from 'agent-platform/sdk';
import { Measure } from 'agent-platform/tables';

export type { Measure };

export const ASSESSMENTS = ['stable', 'watch', 'urgent_intervention'] as const;
export type Assessment = (typeof ASSESSMENTS)[number];

/**
 * Result of `get_account_metrics`. This and the other one are the facts that conditions, player and table read. A window that
 * the data does not cover is null with a reason, never 0.
 */
export const AccountMetrics = z.strictObject({
  account_id: z.string(),
  account_name: z.string(),
  as_of: z.string(),
  /** Usage rows of the account up to the as-of date. 0 for an active account is a broken pipeline. */
  usage_rows: z.number(),
  /** `value` = WAU(as_of) / WAU(as_of − window) − 1; null when WAU was 0 then. */
  weekly_active_users: Measure,
  /** `value` = distinct features now / before − 1. */
  feature_adoption: Measure,
  /** `value` = `now` = escalated tickets in the window. */
  escalated_tickets: Measure,
  /** `value` = `now` = all tickets in the same window. Shown, not a signal. */
  tickets: Measure,
  /** `value` = NPS now − NPS before, in points. */
  nps: Measure,
});
export type AccountMetrics = z.infer<typeof AccountMetrics>;

/** Result of `get_account_lifecycle`. */
export const AccountLifecycle = z.strictObject({
  account_id: z.string(),
  account_name: z.string(),
  as_of: z.string(),
  stage: z.enum(['onboarding', 'active', 'churned']),
  plan_tier: z.string(),
  /** Monthly recurring revenue in US dollars. */
  mrr_usd: z.number(),
  /** ISO date; null when the data has none. */
  renewal_date: z.string().nullable(),
  /** From the as-of date to the renewal: negative when it is past, null without a renewal date. */
  renewal_days: z.number().nullable(),
  account_age_days: z.number(),
  owner: z.string(),
  /** The owner's internal channel: never shown in a briefing. */
  owner_channel: z.string(),
  /** People at the customer that the data names. */
  contacts: z.array(z.strictObject({ name: z.string(), role: z.string() })),
});
export type AccountLifecycle = z.infer<typeof AccountLifecycle>;

export type Direction = 'declining' | 'improving' | 'flat' | 'no_data';

/** A measure judged by the playbook. */
export type Signal = {
  metric: 'weekly_active_users' | 'escalated_tickets' | 'nps' | 'feature_adoption';
  window: string;
  value: number | null;
  direction: Direction;
  /** A sentence for people, with figure and window: «Weekly active users fell 35 % in 30 days (100 → 65)». */
  text: string;
};
