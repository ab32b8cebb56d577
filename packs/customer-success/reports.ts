import { z } from 'agent-platform/sdk';
import { ASSESSMENTS, type Signal } from './facts.ts';

/** A signal as alerts, reports and the schedule's document show it. */
export const SignalLine = z.strictObject({
  metric: z.string().min(1),
  /** In words: `30 days`. */
  window: z.string().min(1),
  value: z.number().nullable(),
  /** A sentence for people, with figure and window. */
  text: z.string().min(1),
});
export type SignalLine = z.infer<typeof SignalLine>;

export function signalLine({ metric, window, value, text }: Signal): SignalLine {
  return { metric, window, value, text };
}

const RenewalDays = z.int().nullable().describe('Days to the renewal; null when no date is on record.');

/** `data` of account_health_main's report. The assessment itself stands in the report of risk_analysis. */
export const HealthReport = z.strictObject({
  status: z.enum(['healthy', 'analysed', 'unassessed', 'not_checked']),
  signals: z.array(SignalLine).describe('The declining signals.'),
  no_data: z.array(SignalLine).describe('Signals that the data does not cover; the text says why.'),
  renewal_days: RenewalDays,
  reason: z
    .string()
    .min(1)
    .nullable()
    .describe('Why there is no assessment; null unless status is unassessed or not_checked.'),
});
export type HealthReport = z.infer<typeof HealthReport>;

/** `data` of risk_analysis's report. */
export const RiskReport = z.strictObject({
  assessment: z.enum(ASSESSMENTS),
  previous: z.string().nullable().describe('The last assessment that memory holds; null when it holds none.'),
  changed: z.string().min(1).describe('`from <last assessment>`, `unchanged` or `first assessment`.'),
  signals: z.array(SignalLine).describe('The declining signals.'),
  no_data: z.array(SignalLine).describe('Signals that the data does not cover; the text says why.'),
  reasons: z.array(z.string().min(1)).min(1),
  renewal_days: RenewalDays,
  respond_by: z.iso.date().nullable().describe('Only for urgent_intervention.'),
  cited: z.array(z.strictObject({ id: z.string().min(1), date: z.iso.date(), text: z.string().min(1) })),
  briefing_missing: z.string().min(1).nullable().describe('Why there is no briefing although one is due; else null.'),
});
export type RiskReport = z.infer<typeof RiskReport>;
