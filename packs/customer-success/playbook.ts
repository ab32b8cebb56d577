import { z } from 'agent-platform/sdk';
import type { Form } from 'agent-platform/text';

const days = z.int().min(1).max(3660);

/** `playbook.yaml`: shares are fractions (−0.2 = −20 %), points are NPS points, limits are words. */
export const Playbook = z.strictObject({
  usage: z.strictObject({
    active_days: days,
    window_days: days,
    lag_days: z.int().min(0).max(3660),
    declining_at: z.number().max(0),
    improving_at: z.number().min(0),
  }),
  tickets: z.strictObject({ window_days: days, declining_at: z.int().min(1), improving_from: z.int().min(1) }),
  nps: z.strictObject({
    window_days: days,
    min_responses: z.int().min(1),
    declining_points: z.number().min(0),
    improving_points: z.number().min(0),
  }),
  adoption: z.strictObject({ window_days: days, declining_at: z.number().max(0), improving_at: z.number().min(0) }),
  onboarding: z.strictObject({ days }),
  renewal: z.strictObject({ analysis_within_days: days, urgent_within_days: days }),
  risk: z.strictObject({ urgent_signals: z.int().min(1), recent_assessment_days: days }),
  history: z.strictObject({ contradiction_window_days: days, contradiction_gap_days: days }),
  response: z.strictObject({ business_days: z.int().min(1) }),
  enterprise: z.strictObject({ plan_tiers: z.array(z.string()) }),
  briefing: z.strictObject({
    title: z.int().min(1),
    situation: z.int().min(1),
    risks: z.int().min(1),
    actions: z.int().min(1),
    talking_points: z.int().min(1),
  }),
});
export type Playbook = z.infer<typeof Playbook>;

/** The briefing's sections, in order, with their limits. */
export function briefingForm({ briefing }: Playbook): Form {
  const { title, situation, risks, actions, talking_points } = briefing;
  return {
    title,
    sections: [
      { title: 'Situation', words: situation },
      { title: 'Risks', words: risks },
      { title: 'Actions', words: actions },
      { title: 'Talking points', words: talking_points },
    ],
  };
}
