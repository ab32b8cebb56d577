import type { JsonObject } from 'agent-platform/sdk';
import type { Signal } from '../facts.ts';
import { lastAssessment } from '../history.ts';
import { accountName, object, readFacts, type View } from '../known.ts';
import type { Playbook } from '../playbook.ts';
import { declining, judgeSignals } from '../signals.ts';
import { count, oneLine, wrongLine } from 'agent-platform/text';
import { stated } from './stated.ts';

/**
 * What risk analysis may decide, by the facts: the tools' results and the memories that were recalled, never what the
 * model says of them. Each check returns what is wrong, in words for the agent; null when nothing is. Pure.
 */
function decliningOf({ facts }: View, playbook: Playbook): Signal[] {
  const { metrics } = readFacts(facts);
  return metrics === null ? [] : declining(judgeSignals(metrics, playbook));
}

/** An urgent intervention rests on as many declining signals as the playbook wants, and its alert names them. */
export function twoSignals(view: View, playbook: Playbook): string | null {
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

/** An alert is about the account of the run, under the name that people know it by. */
export function ownAccount({ call, facts }: View): string | null {
  const input = object(call?.input);
  const data = object(input?.data);
  const known = readFacts(facts);
  const { lifecycle } = known;
  if (input?.topic !== 'csm_alerts') return 'an alert goes to csm_alerts';
  if (lifecycle === null) return 'the lifecycle of the account is not known';
  if (data?.account_id !== lifecycle.account_id) return 'the account_id is another one';
  const name = accountName(known);
  const given = typeof data.account_name === 'string' ? oneLine(data.account_name) : null;
  return given === name ? null : `the account is called ${JSON.stringify(name)}, not ${JSON.stringify(given)}`;
}

/**
 * Each reason of an alert is one of the signals, which declines by the facts, with its window and figure; or the last
 * assessment, if memory holds one.
 */
export function reasonsHold(view: View, playbook: Playbook): string | null {
  const { metrics, memories } = readFacts(view.facts);
  if (metrics === null) return 'the metrics of the account are not known';
  const signals = judgeSignals(metrics, playbook);
  for (const reason of reasonsOf(view)) {
    if (reason.metric === 'last_assessment') {
      if (lastAssessment(memories ?? []) === null) return 'memory holds no earlier assessment that could be a reason';
      if ((reason.value ?? null) !== null) return 'last_assessment has no figure: its value is null';
      continue;
    }
    const signal = signals.find(({ metric }) => metric === reason.metric);
    if (signal === undefined) {
      const all = [...signals.map(({ metric }) => metric), 'last_assessment'].join(', ');
      return `${JSON.stringify(reason.metric ?? null)} is no signal; a reason is one of ${all}`;
    }
    if (signal.direction !== 'declining') return `${signal.metric} does not decline by the facts: ${signal.text}`;
    const wrong = wrongLine(reason, signal);
    if (wrong !== null) return wrong;
  }
  return null;
}

/** Usage that declines with the renewal near is never «no action». Without the facts nothing may be called stable. */
export function noInaction(view: View, playbook: Playbook): string | null {
  if (stated(view)?.assessment !== 'stable') return null;
  const { metrics, lifecycle } = readFacts(view.facts);
  if (metrics === null || lifecycle === null) return 'the metrics or the lifecycle of the account are not known';
  const usage = decliningOf(view, playbook).find(({ metric }) => metric === 'weekly_active_users');
  const { renewal_days: days } = lifecycle;
  if (usage === undefined || days === null || days >= playbook.renewal.urgent_within_days) return null;
  return `${usage.text}, and the renewal is in ${count(days, 'day')}`;
}

/** What was recalled is cited: by id in the report, by date or id in the stored text. Nothing is cited that was not recalled. */
export function memoryCited(view: View): string | null {
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

function reasonsOf({ call }: View): JsonObject[] {
  const reasons = object(object(call?.input)?.data)?.reasons;
  return Array.isArray(reasons) ? reasons.map(object).filter((reason) => reason !== null) : [];
}
