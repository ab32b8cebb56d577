import { count } from './wording.ts';

const DAY_MS = 86_400_000;
const DAYS_PER_MONTH = 365.25 / 12;

/** The ISO date `count` business days (Monday to Friday, no holidays) after an ISO date. */
export function addBusinessDays(date: string, count: number): string {
  const day = new Date(`${date}T00:00:00Z`);
  for (let left = count; left > 0; ) {
    day.setUTCDate(day.getUTCDate() + 1);
    const weekday = day.getUTCDay();
    if (weekday !== 0 && weekday !== 6) left -= 1;
  }
  return day.toISOString().slice(0, 10);
}

/** Whole days from one ISO date to another; negative when `to` lies before `from`. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS);
}

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
