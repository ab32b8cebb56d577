import type { CheckView, Json, JsonObject } from 'agent-platform/sdk';
import type { Signal } from '../facts.ts';
import { isAssessment, lastAssessment, plain } from '../history.ts';
import { object, readFacts } from '../known.ts';
import type { Playbook } from '../playbook.ts';
import { declining, judgeSignals } from '../signals.ts';
import { count } from '../wording.ts';
import { wrongLine } from './windows.ts';

/**
 * What risk analysis may decide, by the facts: the tools' results and the memories that were recalled, never what the
 * model says of them. Each check returns what is wrong, in words for the agent; null when nothing is. Pure.
 */
type Statement = { from: string; assessment: string };

const ALERT_OF: Record<string, string> = { urgent: 'urgent_intervention', watch: 'watch' };

/** The assessment that a call or a report states; null when it states none. */
function statementOf(name: string, input: Json): Statement | null {
  const given = object(input);
  const from = SOURCES[name];
  if (given === null || from === undefined) return null;
  const carried = name === 'emit_event' || name === 'submit_report' ? object(given.data) : object(given.context);
  if (name === 'emit_event') {
    const severity = carried?.severity;
    return typeof severity === 'string' ? { from, assessment: ALERT_OF[severity] ?? severity } : null;
  }
  const assessment = name === 'store_memory' ? given.assessment : carried?.assessment;
  return typeof assessment === 'string' ? { from, assessment } : null;
}

const SOURCES: Record<string, string> = {
  emit_event: 'the alert',
  store_memory: 'the stored assessment',
  delegate_to_csm_briefing: 'the briefing’s task',
  submit_report: 'the report',
};

function stated({ call }: CheckView): Statement | null {
  return call === null ? null : statementOf(call.name, call.input);
}

function decliningOf({ facts }: CheckView, playbook: Playbook): Signal[] {
  const { metrics } = readFacts(facts);
  return metrics === null ? [] : declining(judgeSignals(metrics, playbook));
}

/** An urgent intervention rests on as many declining signals as the playbook wants, and its alert names them. */
export function twoSignals(view: CheckView, playbook: Playbook): string | null {
  if (stated(view)?.assessment !== 'urgent_intervention') return null;
  const needed = playbook.risk.urgent_signals;
  const found = decliningOf(view, playbook);
  const metrics = found.map(({ metric }) => metric);
  if (found.length < needed) {
    const what = found.length === 0 ? 'none declines' : `only ${metrics.join(', ')} declines`;
    return `${count(needed, 'signal')} must decline, and by the facts ${what}`;
  }
  if (view.call?.name !== 'emit_event') return null;
  const reasons = reasonsOf(view).flatMap(({ metric }) => (typeof metric === 'string' ? [metric] : []));
  const named = metrics.filter((metric) => reasons.includes(metric));
  return named.length >= needed
    ? null
    : `the reasons name ${named.length} of the declining signals: ${metrics.join(', ')}`;
}

/** An alert’s reasons that are signals decline by the facts, with their window; an earlier assessment is one that memory holds. */
export function reasonsHold(view: CheckView, playbook: Playbook): string | null {
  const { metrics, memories } = readFacts(view.facts);
  const signals = metrics === null ? [] : judgeSignals(metrics, playbook);
  for (const reason of reasonsOf(view)) {
    if (metrics === null) return 'the metrics of the account are not known';
    const signal = signals.find(({ metric }) => metric === reason.metric);
    if (signal !== undefined) {
      if (signal.direction !== 'declining') return `${signal.metric} does not decline by the facts: ${signal.text}`;
      const wrong = wrongLine(reason, signal);
      if (wrong !== null) return wrong;
    }
    if (reason.metric === 'last_assessment' && lastAssessment(memories ?? []) === null) {
      return 'memory holds no earlier assessment that could be a reason';
    }
  }
  return null;
}

/** Usage that declines with the renewal near is never «no action». Without the facts nothing may be called stable. */
export function noInaction(view: CheckView, playbook: Playbook): string | null {
  if (stated(view)?.assessment !== 'stable') return null;
  const { metrics, lifecycle } = readFacts(view.facts);
  if (metrics === null || lifecycle === null) return 'the metrics or the lifecycle of the account are not known';
  const usage = decliningOf(view, playbook).find(({ metric }) => metric === 'weekly_active_users');
  const { renewal_days: days } = lifecycle;
  if (usage === undefined || days === null || days >= playbook.renewal.urgent_within_days) return null;
  return `${usage.text}, and the renewal is in ${count(days, 'day')}`;
}

/** What was recalled is cited: by id in the report, by date or id in the stored text. Nothing is cited that was not recalled. */
export function memoryCited(view: CheckView): string | null {
  const memories = readFacts(view.facts).memories ?? [];
  const known = memories
    .map(({ id, date }) => `${id} (${date})`)
    .slice(0, SHOWN)
    .join(', ');
  if (view.report !== null) {
    const cited = object(view.report.data)?.cited;
    const lines = Array.isArray(cited) ? cited.map(object) : [];
    const stray = lines.find((line) => !memories.some(({ id, date }) => id === line?.id && date === line.date));
    if (stray !== undefined) {
      return `no recalled memory is ${String(stray?.id)} of ${String(stray?.date)}; recalled: ${known || 'none'}`;
    }
    return lines.length > 0 || memories.length === 0 ? null : `data.cited is empty, and memory holds ${known}`;
  }
  const text = object(view.call?.input)?.text;
  const said = typeof text === 'string' ? text : '';
  if (memories.length === 0 || memories.some(({ id, date }) => said.includes(date) || said.includes(id))) return null;
  return `the text names no memory by its date: ${known}`;
}

const SHOWN = 5;

/** Alert, stored memory, briefing’s task and report state one assessment: those made so far, and those of this turn. */
export function oneAssessment(view: CheckView): string | null {
  const own = stated(view);
  if (own === null) return MISSING[view.call?.name ?? ''] ?? null;
  const made = ['emit_event', 'store_memory', 'delegate_to_csm_briefing'].flatMap((name) => {
    const call = Object.hasOwn(view.done, name) ? view.done[name] : undefined;
    return call === undefined ? [] : [statementOf(name, call.input)];
  });
  const others = [...made, ...view.proposed.map(({ name, input }) => statementOf(name, input))];
  const other = others.find((one) => one !== null && one.assessment !== own.assessment);
  if (other) return `${own.from} says ${plain(own.assessment)}, ${other.from} says ${plain(other.assessment)}`;
  if (view.call?.name === 'store_memory') return notAnAssessment(view);
  return view.report !== null && own.assessment !== 'stable' ? notAlerted(view, own.assessment) : null;
}

const MISSING: Record<string, string> = {
  store_memory: 'what is stored is the assessment: kind `assessment`, and `assessment` one of the three',
  delegate_to_csm_briefing: 'context.assessment is missing',
};

/** The stored memory is found again as an assessment, and its words are that assessment’s. */
function notAnAssessment(view: CheckView): string | null {
  const memory = object(view.call?.input);
  if (memory === null || !isAssessment(memory as never)) return MISSING.store_memory ?? null;
  const text = String(memory.text).toLowerCase().replaceAll('_', ' ');
  return text.includes(plain(String(memory.assessment))) ? null : 'the text does not state the assessment';
}

function notAlerted({ calls }: CheckView, assessment: string): string | null {
  const { succeeded = 0, failed = 0 } = calls.emit_event ?? {};
  return succeeded + failed > 0 ? null : `${plain(assessment)} is reported, and no alert was emitted`;
}

function reasonsOf({ call }: CheckView): JsonObject[] {
  const reasons = object(object(call?.input)?.data)?.reasons;
  return Array.isArray(reasons) ? reasons.map(object).filter((reason) => reason !== null) : [];
}
