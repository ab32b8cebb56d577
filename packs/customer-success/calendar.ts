import { count } from 'agent-platform/text';

export { addBusinessDays, daysBetween } from 'agent-platform/tables';

const DAYS_PER_MONTH = 365.25 / 12;

/** A number of days as people say it: `5 days`, `3 weeks`, `14 months`. */
export function inWords(days: number): string {
  if (days < 14) return count(days, 'day');
  if (days < 56) return count(Math.round(days / 7), 'week');
  return count(Math.round(days / DAYS_PER_MONTH), 'month');
}

/** The renewal as part of a sentence. */
export function renewalInWords(days: number | null): string {
  if (days === null) return 'no renewal date is on record';
  if (days < 0) return `the renewal was due ${count(-days, 'day')} ago`;
  if (days === 0) return 'the renewal is due today';
  return `the renewal is in ${count(days, 'day')}`;
}
