/**
 * What the two data tools return, and so the facts that conditions, player and table read. A window that the data does
 * not cover is null with a reason, never 0.
 */
export type Measure = {
  /** Change or figure that the playbook judges; null when the data does not cover the window. */
  value: number | null;
  /** The figure in the window that ends on the as-of date, and in the one it is compared with. */
  now: number | null;
  before: number | null;
  /** In words, from the playbook: `30 days`. */
  window: string;
  /** Why `value` is null; null otherwise. */
  reason: string | null;
};

/** Result of `get_account_metrics`. */
export type AccountMetrics = {
  account_id: string;
  account_name: string;
  as_of: string;
  /** Usage rows of the account up to the as-of date. 0 for an active account is a broken pipeline. */
  usage_rows: number;
  /** `value` = WAU(as_of) / WAU(as_of − window) − 1; null when WAU was 0 then. */
  weekly_active_users: Measure;
  /** `value` = distinct features now / before − 1. */
  feature_adoption: Measure;
  /** `value` = `now` = escalated tickets in the window. */
  escalated_tickets: Measure;
  /** `value` = `now` = all tickets in the same window. Shown, not a signal. */
  tickets: Measure;
  /** `value` = NPS now − NPS before, in points. */
  nps: Measure;
};

/** Result of `get_account_lifecycle`. */
export type AccountLifecycle = {
  account_id: string;
  account_name: string;
  as_of: string;
  stage: 'onboarding' | 'active' | 'churned';
  plan_tier: string;
  /** Monthly recurring revenue in US dollars. */
  mrr_usd: number;
  /** ISO date; null when the data has none. */
  renewal_date: string | null;
  /** From the as-of date to the renewal: negative when it is past, null without a renewal date. */
  renewal_days: number | null;
  account_age_days: number;
  owner: string;
  /** The owner's internal channel: never shown in a briefing. */
  owner_channel: string;
  /** People at the customer that the data names. */
  contacts: { name: string; role: string }[];
};

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
