import type { AccountMetrics, Direction, Measure, Signal } from './facts.ts';
import type { Playbook } from './playbook.ts';

/**
 * The account's four signals in a fixed order, judged by the playbook. A measure without a value is `no_data`, which is
 * never declining. Texts are whole sentences without the full stop.
 */
export function judgeSignals(metrics: AccountMetrics, playbook: Playbook): Signal[] {
  const { usage, tickets, nps, adoption } = playbook;
  const { weekly_active_users, escalated_tickets, feature_adoption } = metrics;
  return [
    signal(
      'weekly_active_users',
      weekly_active_users,
      between(weekly_active_users.value, usage.declining_at, usage.improving_at),
      shareText('Weekly active users', weekly_active_users, null),
    ),
    signal(
      'escalated_tickets',
      escalated_tickets,
      ticketDirection(escalated_tickets, tickets),
      ticketText(escalated_tickets),
    ),
    signal(
      'nps',
      metrics.nps,
      between(metrics.nps.value, -nps.declining_points, nps.improving_points),
      npsText(metrics.nps),
    ),
    signal(
      'feature_adoption',
      feature_adoption,
      between(feature_adoption.value, adoption.declining_at, adoption.improving_at),
      shareText('Feature adoption', feature_adoption, 'feature'),
    ),
  ];
}

/** The declining ones, in the order given. */
export function declining(signals: Signal[]): Signal[] {
  return signals.filter(({ direction }) => direction === 'declining');
}

/** Without the reason, for where there is little room. */
export function noData({ metric, window }: Pick<Signal, 'metric' | 'window'>): string {
  return `No data on ${NAMES[metric]} for ${window}`;
}

const NAMES: Record<Signal['metric'], string> = {
  weekly_active_users: 'weekly active users',
  escalated_tickets: 'escalated tickets',
  nps: 'NPS',
  feature_adoption: 'feature adoption',
};

function signal(metric: Signal['metric'], measure: Measure, direction: Direction, text: string): Signal {
  const { value, window, reason } = measure;
  if (value !== null) return { metric, window, value, direction, text };
  const why = reason === null ? '' : `: ${reason}`;
  return { metric, window, value, direction: 'no_data', text: `${noData({ metric, window })}${why}` };
}

function between(value: number | null, decliningAt: number, improvingAt: number): Direction {
  if (value === null) return 'no_data';
  if (value <= decliningAt) return 'declining';
  return value >= improvingAt ? 'improving' : 'flat';
}

function ticketDirection({ value, before }: Measure, limits: Playbook['tickets']): Direction {
  if (value === null) return 'no_data';
  if (value >= limits.declining_at) return 'declining';
  return value === 0 && before !== null && before >= limits.improving_from ? 'improving' : 'flat';
}

function shareText(name: string, { value, now, before, window }: Measure, unit: string | null): string {
  const units = unit === null ? '' : ` ${unit}${now === 1 ? '' : 's'}`;
  const figures = `(${before} → ${now}${units})`;
  if (value === null || value === 0) return `${name} did not change in ${window} ${figures}`;
  return `${name} ${value < 0 ? 'fell' : 'rose'} ${shown(Math.abs(value) * 100)} % in ${window} ${figures}`;
}

function ticketText({ value, before, window }: Measure): string {
  const tickets = `${value} escalated ${value === 1 ? 'ticket' : 'tickets'} in ${window}`;
  const sentence = value === 1 ? `There was ${tickets}` : `There were ${tickets}`;
  return before === null ? sentence : `${sentence} (${before} in the ${window} before)`;
}

function npsText({ value, now, before, window }: Measure): string {
  const figures = `(${shown(before ?? 0)} → ${shown(now ?? 0)})`;
  if (value === null || value === 0) return `NPS did not change in ${window} ${figures}`;
  const points = shown(Math.abs(value));
  return `NPS ${value < 0 ? 'fell' : 'rose'} ${points} ${points === '1' ? 'point' : 'points'} in ${window} ${figures}`;
}

/** One decimal, only where it says something: 35, 19.5. */
function shown(figure: number): string {
  return String(Math.round(figure * 10) / 10);
}
