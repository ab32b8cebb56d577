import type { Json } from 'agent-platform/sdk';
import { firstIn } from 'agent-platform/text';
import { ASSESSMENTS, type Assessment } from '../facts.ts';
import { isAssessment, plain } from '../history.ts';
import { object, type View } from '../known.ts';
import { otherAssessmentIn } from './contradiction.ts';
import { recommended } from './told.ts';

/**
 * Which of the three assessments something states that carries one: the alert, the stored memory, the briefing's task, the
 * briefing and the report. Everything that judges an assessment asks here, so that no spelling is one for some rules only.
 */
export interface Statement {
  /** In words: `the alert`. */
  from: string;
  /** As it is written there. */
  said: string;
  /** Null for a word that is none of the three. */
  assessment: Assessment | null;
}

const CARRIERS: Record<string, string> = {
  emit_event: 'the alert',
  store_memory: 'the stored assessment',
  delegate_to_csm_briefing: 'the briefing’s task',
  submit_report: 'the report',
};
const ALERT_OF: Record<string, Assessment> = { urgent: 'urgent_intervention', watch: 'watch' };

/** What is judged states this; null when it carries no assessment. A briefing states that of its task. */
export function stated({ call, input }: View): Statement | null {
  if (call !== null) return statementOf(call.name, call.input);
  return typeof input.assessment === 'string' ? statement('the briefing’s task', input.assessment) : null;
}

function statementOf(name: string, input: Json): Statement | null {
  const given = object(input);
  const from = Object.hasOwn(CARRIERS, name) ? CARRIERS[name] : undefined;
  if (given === null || from === undefined) return null;
  const carried = name === 'emit_event' || name === 'submit_report' ? object(given.data) : object(given.context);
  if (name === 'emit_event') {
    const severity = carried?.severity;
    return typeof severity === 'string' ? statement(from, ALERT_OF[severity] ?? severity) : null;
  }
  const said = name === 'store_memory' ? given.assessment : carried?.assessment;
  return typeof said === 'string' ? statement(from, said) : null;
}

function statement(from: string, said: string): Statement {
  return { from, said, assessment: ASSESSMENTS.find((one) => one === said) ?? null };
}

/**
 * Alert, stored memory, briefing’s task, briefing and report state one assessment of the three, those made so far and those
 * of this turn, and no text of theirs states another one.
 */
export function oneAssessment(view: View): string | null {
  const own = stated(view);
  if (own === null) return MISSING[view.call?.name ?? ''] ?? null;
  const { from, said, assessment } = own;
  if (assessment === null) return `${from} says ${JSON.stringify(said)}, which is none of ${ASSESSMENTS.join(', ')}`;
  const other = [...madeSoFar(view), ...view.proposed.map(({ name, input }) => statementOf(name, input))].find(
    (one) => one !== null && one.assessment !== assessment,
  );
  if (other) return `${from} says ${plain(said)}, ${other.from} says ${plain(other.said)}`;
  return (
    contradicted(view, assessment) ??
    (view.call?.name === 'store_memory' ? notAnAssessment(view) : null) ??
    (view.call !== null && view.report !== null && assessment !== 'stable' ? notAlerted(view, assessment) : null)
  );
}

/** The first text that states another assessment than this one. Fields that name the earlier assessment do not. */
export function contradicted(view: View, assessment: Assessment): string | null {
  const texts = recommended(view).filter(({ where }) => !/(?:^|\.)(?:previous|assessment|severity)$/.test(where));
  return firstIn(texts, ({ text }) => otherAssessmentIn(text, assessment));
}

const MISSING: Record<string, string> = {
  store_memory: 'what is stored is the assessment: kind `assessment`, and `assessment` one of the three',
  delegate_to_csm_briefing: 'context.assessment is missing',
};

function madeSoFar({ done }: View): (Statement | null)[] {
  return (['emit_event', 'store_memory', 'delegate_to_csm_briefing'] as const).map((name) => {
    const call = done[name];
    return call === undefined ? null : statementOf(name, call.input);
  });
}

/** The stored memory is found again as an assessment, and its words are that assessment’s. */
function notAnAssessment(view: View): string | null {
  const memory = object(view.call?.input);
  if (memory === null || !isAssessment(memory as never)) return MISSING.store_memory ?? null;
  const text = String(memory.text).toLowerCase().replaceAll('_', ' ');
  return text.includes(plain(String(memory.assessment))) ? null : 'the text does not state the assessment';
}

function notAlerted({ calls }: View, assessment: Assessment): string | null {
  const { succeeded = 0, failed = 0 } = calls.emit_event ?? {};
  return succeeded + failed > 0 ? null : `${plain(assessment)} is reported, and no alert was emitted`;
}
