import { firstIn, wrongLines } from 'agent-platform/text';
import { ASSESSMENTS, type Signal } from '../facts.ts';
import { hasChurned, object, readFacts, type View } from '../known.ts';
import type { Playbook } from '../playbook.ts';
import { declining, judgeSignals } from '../signals.ts';
import { contradicted } from './stated.ts';
import { worded } from './told.ts';
import { uncitedIn, untoldIn } from './windows.ts';

/** What account_health_main may say of an account, by the facts. Each check returns what is wrong; null when nothing is. Pure. */

/** Each signal that it calls out has metric and window: in the report's and the delegation's lines, and in every text. */
export function signalsCited(view: View, playbook: Playbook): string | null {
  const known = readFacts(view.facts);
  const signals = known.metrics === null ? [] : judgeSignals(known.metrics, playbook);
  const inText = firstIn(worded(view), ({ text }) => uncitedIn(text, signals.length > 0 ? signals : UNKNOWN));
  if (inText !== null) return inText;
  if (view.report !== null) {
    if (hasChurned(known)) return null;
    const data = object(view.report.data);
    const down = declining(signals);
    return (
      wrongLines(data?.signals, down, 'declining') ??
      wrongLines(data?.no_data, signals.filter(isUncovered), 'without data') ??
      untoldIn(view.report.text, down)
    );
  }
  const handed = object(object(view.call?.input)?.context)?.signals;
  if (handed === undefined) return null;
  const lines = Array.isArray(handed) ? handed.map((line) => object(line)?.metric) : [];
  return wrongLines(
    handed,
    signals.filter(({ metric }) => lines.includes(metric)),
    'a signal',
  );
}

/** Its status is what happened: healthy and not checked by the facts, analysed by a finished risk analysis. */
export function statusHolds(view: View, playbook: Playbook): string | null {
  const { report, facts, done, calls } = view;
  const known = readFacts(facts);
  const status = object(report?.data)?.status;
  if (status === 'not_checked') return hasChurned(known) ? null : 'the account has not churned';
  const child = object(done.delegate_to_risk_analysis?.result);
  const analysed = child?.outcome === 'completed';
  if (status === 'analysed') {
    if (!analysed) return 'risk analysis did not complete an assessment: report `unassessed`';
    const assessment = ASSESSMENTS.find((one) => one === object(child.data)?.assessment);
    return assessment === undefined ? null : contradicted(view, assessment);
  }
  if (status === 'unassessed') {
    if (analysed) return 'risk analysis completed an assessment: report `analysed`';
    // A delegation that was refused asked nobody: only one that was made counts, whatever came of it.
    const { succeeded = 0, failed = 0 } = calls.delegate_to_risk_analysis ?? {};
    const tried = succeeded + failed > 0;
    const missing = known.metrics === null || known.lifecycle === null || known.metrics.usage_rows === 0;
    return tried || missing ? null : 'nobody was asked to assess the account, and its data is there';
  }
  if (status !== 'healthy') return null;
  if (known.metrics === null || known.lifecycle === null) return 'the metrics or the lifecycle are not known';
  const down = declining(judgeSignals(known.metrics, playbook));
  if (down.length > 0)
    return `${down.map(({ metric }) => metric).join(', ')} declines: risk analysis has to look at it`;
  const { renewal_days: days } = known.lifecycle;
  const near = days !== null && days <= playbook.renewal.analysis_within_days;
  return near ? 'the renewal is near: risk analysis has to look at it' : null;
}

function isUncovered({ direction }: Signal): boolean {
  return direction === 'no_data';
}

/** Before the metrics are known no window is: then any sentence that calls out a signal is without one. */
const UNKNOWN: Signal[] = (['weekly_active_users', 'escalated_tickets', 'nps', 'feature_adoption'] as const).map(
  (metric) => ({ metric, window: 'read the metrics first', value: null, direction: 'no_data', text: '' }),
);
