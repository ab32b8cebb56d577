import type { Json, JsonObject } from 'agent-platform/sdk';
import { ASSESSMENTS } from './facts.ts';
import { object } from './known.ts';

/** What risk analysis hands to the briefing. Texts are for people: no ids, no channels. */
export interface BriefingContext {
  assessment: string;
  /** The last assessment before this one. */
  previous: { assessment: string; date: string } | null;
  /** The declining signals. */
  signals: { metric: string; window: string; value: number | null; text: string }[];
  /** The rule that applied first. */
  reasons: string[];
  talking_points: string[];
  /** Cited memories, told with their age, newest first. */
  history: string[];
  respond_by: string | null;
}

/** A delegation's context as a briefing context, or what it lacks, in words. A model may have written it. */
export function readBriefingContext(payload: JsonObject): BriefingContext | string {
  const { assessment, reasons, talking_points, history, previous, respond_by } = payload;
  if (typeof assessment !== 'string' || assessment === '') return 'the task carries no assessment';
  if (!ASSESSMENTS.some((one) => one === assessment)) {
    return `the task’s assessment is ${JSON.stringify(assessment)}, which is none of ${ASSESSMENTS.join(', ')}`;
  }
  if (!texts(reasons) || reasons.length === 0) return 'the task carries no reasons for the assessment';
  const before = object(previous);
  return {
    assessment,
    previous:
      typeof before?.assessment === 'string' && typeof before.date === 'string'
        ? { assessment: before.assessment, date: before.date }
        : null,
    signals: signalsIn(payload.signals),
    reasons,
    talking_points: texts(talking_points) ? talking_points : [],
    history: texts(history) ? history : [],
    respond_by: typeof respond_by === 'string' ? respond_by : null,
  };
}

function signalsIn(value: Json | undefined): BriefingContext['signals'] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((item) => {
    const signal = object(item);
    if (typeof signal?.text !== 'string' || typeof signal.metric !== 'string') return [];
    const { metric, window, value, text } = signal;
    return [{ metric, window: String(window), value: typeof value === 'number' ? value : null, text }];
  });
}

function texts(value: Json | undefined): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
