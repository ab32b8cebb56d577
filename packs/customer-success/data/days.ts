/** Whole days between ISO dates. Dates are strings all the way: no time zone can shift one. */
const DAY_MS = 86_400_000;

/** Days from `from` to `to`; negative when `to` lies before. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS);
}

export function addDays(day: string, days: number): string {
  return new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10);
}

/** Days from `from` to `to`, both included. */
export interface Window {
  from: string;
  to: string;
}

/** The `days` days that end on `day`, itself included. */
export function windowEnding(day: string, days: number): Window {
  return { from: addDays(day, 1 - days), to: day };
}

export function dayCount(days: number): string {
  return `${days} ${Math.abs(days) === 1 ? 'day' : 'days'}`;
}
