import { Cron } from 'croner';
import { grammarProblem, nearestLine } from './cron-grammar.ts';

/** Times of a six-field cron line (seconds first), in UTC, as the NATS server reads it. Pure. */
function parse(line: string): Cron {
  return new Cron(line, { timezone: 'UTC', paused: true, mode: '6-part' });
}

/** Any will do: what comes due at all does so within the eight years that two leap days can be apart. */
const REFERENCE = new Date('2024-01-01T00:00:00Z');
const FURTHEST_MS = 8.1 * 365 * 86_400_000;

export interface CronProblem {
  problem: string;
  /** A line that is taken. */
  nearest: string;
}

/** What is wrong with a cron line, null when it is taken. */
export function cronProblem(line: string): CronProblem | null {
  const problem = grammarProblem(line) ?? (comesDue(line) ? null : 'never comes due');
  return problem === null ? null : { problem, nearest: nearestTo(line) };
}

function comesDue(line: string): boolean {
  const first = parse(line).nextRun(REFERENCE);
  return first !== null && first.getTime() - REFERENCE.getTime() < FURTHEST_MS;
}

function nearestTo(line: string): string {
  const near = nearestLine(line);
  if (near === null) return '0 0 6 * * 1';
  if (comesDue(near)) return near;
  const [second, minute, hour, , ...rest] = near.split(' ');
  // The day is one that its months do not have.
  const withDay = (day: number) => [second, minute, hour, day, ...rest].join(' ');
  return withDay([30, 29].find((day) => comesDue(withDay(day))) ?? 28);
}

/** The first tick after `from`; null when there is none any more. */
export function nextTick(line: string, from: Date): Date | null {
  return parse(line).nextRun(from);
}

/** The last tick at or before `at`; null when there was none. */
export function lastTick(line: string, at: Date): Date | null {
  // The library looks before a whole second.
  const behind = new Date(Math.floor(at.getTime() / 1000) * 1000 + 1000);
  return parse(line).previousRuns(1, behind)[0] ?? null;
}

/** A tick's name in ids: `20261123T060000Z`. */
export function tickName(tick: Date): string {
  return `${tick.toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
}
