import { Cron } from 'croner';

/** Times of a six-field cron line (seconds first), in UTC, as the NATS server reads it. Pure. */
function parse(line: string): Cron {
  return new Cron(line, { timezone: 'UTC', paused: true, mode: '6-part' });
}

/** What is wrong with a cron line, null when nothing is. */
export function cronProblem(line: string): string | null {
  try {
    return parse(line).nextRun() === null ? 'it never comes due' : null;
  } catch (error) {
    return (error instanceof Error ? error.message : String(error)).replace(/^CronPattern: /, '');
  }
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
