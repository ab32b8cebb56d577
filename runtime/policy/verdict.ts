import type { Verdict } from '../journal/entry.ts';

export function holds(rule: string): Verdict {
  return { rule, ok: true, reason: '' };
}

export function fails(rule: string, reason: string): Verdict {
  return { rule, ok: false, reason };
}

/** The first verdict that fails: the one that refuses. */
export function failing(verdicts: Verdict[]): Verdict | undefined {
  return verdicts.find((verdict) => !verdict.ok);
}
