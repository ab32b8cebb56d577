/** Ends of runs and batches, from the entry that ends them, and how they are told. Pure. */
import { type Address, ROOT_PATH } from '../../../runtime/address.ts';
import type { Entry, JournaledEvent } from '../../../runtime/journal/entry.ts';
import { isBatchAgent, scheduleOf } from '../../../runtime/subjects.ts';
import { shortText } from '../../journals/model-waits.ts';
import { ENDED } from '../../contract/run-states.ts';
import { reasonsOf } from '../../views/task-view.ts';
import { harmless, type Paint } from '../../terminal/terminal.ts';

export interface EndedRun {
  /** ISO time. */
  at: string;
  run: string;
  tenant: string;
  /** `_schedule-<name>` for a batch. */
  agent: string;
  subject: string | null;
  outcome: string;
  /** Why it failed, or was not admitted; null for every other end. */
  error: { code: string; message: string } | null;
}

/** Of a batch of thousands that meets one refused key, hundreds of runs fail for the same reason within seconds. */
const SAME_FOR_MS = 60_000;
const LONGEST = 800;
const BAD = new Set(['failed', 'refused']);

/** Null when the entry is not the end of a run or a batch. */
export function endedRun({ run, tenant, path }: Address, entry: Entry): EndedRun | null {
  const { at, agent, subject, state: outcome, events } = entry;
  if (path !== ROOT_PATH || !ENDED.has(outcome)) return null;
  // What has failed still takes late reports.
  if (outcome === 'failed' && !events.some(({ type }) => type === 'failed')) return null;
  return { at, run, tenant, agent, subject, outcome, error: errorIn(events) };
}

function errorIn(events: readonly JournaledEvent[]): EndedRun['error'] {
  const end = events.findLast(({ type }) => type === 'failed' || type === 'refused');
  if (end?.type === 'failed') return end.error;
  if (end?.type !== 'refused') return null;
  return { code: 'admission.refused', message: reasonsOf(end.verdicts).join('; ') };
}

/**
 * Words each end in one line: time, run, agent, subject, outcome, and why. A reason that was told a moment ago is not told
 * again for each further run, but for each batch.
 */
export function endedTexts(paint: Paint): (run: EndedRun) => string {
  /** Reason → when it was told, in milliseconds. */
  const told = new Map<string, number>();
  const why = ({ at, agent, error }: EndedRun): string => {
    if (error === null) return '';
    const { code, message } = error;
    const now = Date.parse(at);
    for (const [reason, since] of told) if (now - since > SAME_FOR_MS) told.delete(reason);
    const reason = `${code}: ${shortText(message, LONGEST)}`;
    if (told.has(reason) && !isBatchAgent(agent)) return `, ${code} as above`;
    told.set(reason, now);
    return `, ${reason}`;
  };
  return (run) => {
    const { at, outcome } = run;
    const how = BAD.has(outcome) ? paint.bad(outcome) : outcome;
    return `${at.slice(11, 19)}  ${whoText(run)}  ${how}${why(run)}`;
  };
}

/** Run, agent, subject. */
export function whoText({ run, agent, subject }: Pick<EndedRun, 'run' | 'agent' | 'subject'>): string {
  const schedule = scheduleOf(agent);
  return `${harmless(run)}  ${schedule === null ? agent : `schedule ${schedule}`}  ${harmless(subject ?? '–')}`;
}
