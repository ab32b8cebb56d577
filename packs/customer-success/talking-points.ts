import type { Decision } from './assessment.ts';
import { inWords } from './calendar.ts';
import type { Measure, Signal } from './facts.ts';
import { deepestSelfResolved, plain, workedBefore } from './history.ts';
import { accountName, type Known } from './known.ts';
import type { Playbook } from './playbook.ts';
import { count } from 'agent-platform/text';

/**
 * What to say and ask on the call, most urgent first: one point per declining signal, then history, then the renewal.
 * Never empty; figures come with their window.
 */
export function talkingPoints(decision: Decision, known: Known, playbook: Playbook): string[] {
  const points = ticketsFirst(decision.declining).flatMap((signal) => {
    const measure = known.metrics?.[MEASURES[signal.metric]];
    return measure === undefined ? [] : [POINTS[signal.metric](measure)];
  });
  const memories = known.memories ?? [];
  const worked = workedBefore(memories);
  const recovered = deepestSelfResolved(memories);
  if (worked !== null && decision.declining.length > 0) {
    points.push(`Recall what helped ${inWords(worked.age_days)} ago and ask whether it would help again.`);
  } else if (recovered !== null && decision.dip_percent !== null) {
    points.push(`Usage came back after the dip ${inWords(recovered.age_days)} ago: ask what made the difference then.`);
  }
  if (decision.declining.length === 0 && decision.previous !== null) {
    const { assessment, age_days } = decision.previous;
    points.push(
      `Ask whether what led to the last assessment (${plain(assessment)}, ${inWords(age_days)} ago) has settled.`,
    );
  }
  const renewal = known.lifecycle?.renewal_days ?? null;
  if (renewal !== null && renewal >= 0 && renewal <= playbook.renewal.analysis_within_days) {
    points.push(`Ask which results the team wants to see before the renewal in ${count(renewal, 'day')}.`);
  }
  return points.length > 0
    ? points
    : [`Ask how ${accountName(known) ?? 'the team'} is getting on, and what would help most.`];
}

/** An open ticket comes before any question of ours. */
function ticketsFirst(signals: readonly Signal[]): Signal[] {
  const rank = (signal: Signal) => (signal.metric === 'escalated_tickets' ? 0 : 1);
  return [...signals].sort((a, b) => rank(a) - rank(b));
}

const MEASURES = {
  weekly_active_users: 'weekly_active_users',
  escalated_tickets: 'escalated_tickets',
  nps: 'nps',
  feature_adoption: 'feature_adoption',
} as const;

const POINTS: Record<keyof typeof MEASURES, (measure: Measure) => string> = {
  escalated_tickets: ({ now, window }) =>
    now === 1
      ? `Open with the escalated ticket of the last ${window}: say where it stands.`
      : `Open with the ${now} escalated tickets of the last ${window}: say where each stands.`,
  weekly_active_users: ({ now, before, window }) =>
    `Ask what changed: weekly active users went from ${before} to ${now} in ${window}.`,
  nps: ({ now, before, window }) =>
    `Ask what is behind the NPS of ${rounded(now)} in the last ${window} (${rounded(before)} before), and listen before explaining.`,
  feature_adoption: ({ now, before, window }) =>
    `Find out which work moved elsewhere: ${now} features in use over ${window}, ${before} before.`,
};

function rounded(figure: number | null): number {
  return Math.round(figure ?? 0);
}
