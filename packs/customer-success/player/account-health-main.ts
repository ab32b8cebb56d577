import type { Conversation, JsonObject, Player, PlayerTurn } from 'agent-platform/sdk';
import { renewalInWords } from '../calendar.ts';
import type { Signal } from '../facts.ts';
import { accountName, hasChurned, type Known, object, readFacts } from '../known.ts';
import type { Playbook } from '../playbook.ts';
import { internalsOf } from '../policy/internals.ts';
import { withoutInternals } from '../history.ts';
import { type HealthReport, signalLine } from '../reports.ts';
import { declining, judgeSignals } from '../signals.ts';
import { capital, sentence } from 'agent-platform/text';
import { seesAllItsTurns } from './whole-conversation.ts';

/** Beside an assessment, what moves little is noise. */
const SHOWN: ReadonlySet<Signal['direction']> = new Set(['declining', 'no_data']);
const READS = ['get_account_metrics', 'get_account_lifecycle'];
/** Read, delegate or escalate, report. */
const TURNS = 3;

/** Plays account_health_main: read metrics and lifecycle, classify, then delegate to risk analysis or report. */
export function accountHealthMain(playbook: Playbook): Player {
  return (conversation) => {
    seesAllItsTurns(conversation, TURNS);
    const { calls, task } = conversation;
    if (!calls.some((call) => READS.includes(call.name))) {
      const input = { account_id: task.subject ?? '' };
      return { calls: READS.map((name) => ({ name, input })) };
    }
    const known = readFacts(ownFacts(conversation));
    if (hasChurned(known)) return report(known, [], 'not_checked', 'the account has churned');
    const signals = known.metrics === null ? [] : judgeSignals(known.metrics, playbook);

    const shown = (text: string) => withoutInternals(text, internalsOf(known, task.subject));
    const unread = missingData(conversation, known);
    if (unread !== null) {
      const missing = shown(unread);
      const asked = calls.some((call) => call.name === 'escalate');
      if (asked) return report(known, signals, 'unassessed', missing);
      return { calls: [{ name: 'escalate', input: { condition: 'account_data_unavailable', reason: missing } }] };
    }

    const delegation = calls.findLast((call) => call.name === 'delegate_to_risk_analysis');
    if (delegation !== undefined) {
      const failure = delegation.ok ? unfinished(object(delegation.result)) : String(delegation.result);
      if (failure === null) return report(known, signals, 'analysed', null);
      return report(known, signals, 'unassessed', shown(failure));
    }

    const renewal = known.lifecycle?.renewal_days ?? null;
    const near = renewal !== null && renewal <= playbook.renewal.analysis_within_days;
    return near || declining(signals).length > 0 ? delegate(known, signals) : report(known, signals, 'healthy', null);
  };
}

/** What this invocation's own reads returned: a root is handed no facts. */
function ownFacts({ calls }: Conversation): JsonObject {
  return Object.fromEntries(
    calls.filter((call) => call.ok && READS.includes(call.name)).map((c) => [c.name, c.result]),
  );
}

function missingData({ calls }: Conversation, { metrics, lifecycle }: Known): string | null {
  const failed = calls.filter((call) => !call.ok && READS.includes(call.name));
  if (metrics === null || lifecycle === null) {
    return failed.map((call) => String(call.result)).join('; ') || 'the metrics or the lifecycle were not read';
  }
  return metrics.usage_rows === 0
    ? `the account is listed as active, and there are no usage rows at all up to ${metrics.as_of}`
    : null;
}

/** A delegation may answer with a report that is not a finished assessment: then why. */
function unfinished(child: JsonObject | null): string | null {
  if (child === null || child.outcome === undefined || child.outcome === 'completed') return null;
  const error = object(child.error);
  return String(
    error?.message ?? (child.text === '' ? undefined : child.text) ?? `risk analysis ended as ${String(child.outcome)}`,
  );
}

function delegate(known: Known, signals: Signal[]): PlayerTurn {
  const why = [...declining(signals).map((signal) => signal.text), renewalSentence(known)];
  return {
    text: `${accountName(known)} needs a closer look. ${why.map(sentence).join(' ')}`,
    calls: [
      {
        name: 'delegate_to_risk_analysis',
        input: {
          instructions: `Assess the risk of ${accountName(known)}.`,
          context: { signals: signals.map((signal) => ({ ...signal })) },
        },
      },
    ],
  };
}

function report(known: Known, signals: Signal[], status: HealthReport['status'], reason: string | null): PlayerTurn {
  const data: HealthReport = {
    status,
    signals: declining(signals).map(signalLine),
    no_data: signals.filter((signal) => signal.direction === 'no_data').map(signalLine),
    renewal_days: known.lifecycle?.renewal_days ?? null,
    reason,
  };
  return { calls: [{ name: 'submit_report', input: { text: tell(known, signals, data), data } }] };
}

function tell(known: Known, signals: Signal[], { status, reason }: HealthReport): string {
  const name = accountName(known) ?? 'The account';
  const shown = status === 'healthy' ? signals : signals.filter(({ direction }) => SHOWN.has(direction));
  const figures = shown.map((signal) => sentence(signal.text));
  if (status === 'not_checked') return `${name} was not checked: ${sentence(reason ?? 'no reason was given')}`;
  if (status === 'unassessed')
    return [`${name} was not assessed: ${sentence(reason ?? 'no reason was given')}`, ...figures].join(' ');
  const opening =
    status === 'healthy'
      ? `${name} is healthy: no signal declines.`
      : `${name} went to risk analysis, whose report is below.`;
  return [opening, ...figures, renewalSentence(known)].join(' ');
}

function renewalSentence(known: Known): string {
  return sentence(capital(renewalInWords(known.lifecycle?.renewal_days ?? null)));
}
