/** Whole days between ISO dates. Dates are texts all the way: no time zone can shift one. */
const DAY_MS = 86_400_000;

/** Days from `from` to `to`, ISO dates; negative when `to` lies before. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS);
}

/** The ISO date that many days after an ISO date; before it for a negative count. */
export function addDays(day: string, days: number): string {
  return new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10);
}

/** The ISO date that many business days (Monday to Friday, no holidays) after an ISO date. */
export function addBusinessDays(date: string, count: number): string {
  let day = date;
  for (let left = count; left > 0; ) {
    day = addDays(day, 1);
    const weekday = new Date(day).getUTCDay();
    if (weekday !== 0 && weekday !== 6) left -= 1;
  }
  return day;
}

/** `1 day`, `30 days`. */
export function dayCount(days: number): string {
  return `${days} ${Math.abs(days) === 1 ? 'day' : 'days'}`;
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
