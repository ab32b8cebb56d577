import type * as sdk from 'agent-platform/sdk';
import { readBriefingContext } from './briefing-context.ts';
import { daysBetween } from './calendar.ts';
import { isAssessment } from './history.ts';
import { type Facts, hasChurned, readFacts } from './known.ts';
import type { Playbook } from './playbook.ts';
import { judgeSignals } from './signals.ts';
import { count } from 'agent-platform/text';

type PolicyView = sdk.PolicyView<Facts>;
type Condition = sdk.Condition<Facts>;

const READS = [
  ['get_account_metrics', 'the metrics'],
  ['get_account_lifecycle', 'the lifecycle'],
] as const;

/**
 * The escalation conditions that code decides, by name. The main agent's go to a person only after the account's lifecycle
 * was read in this invocation; a read that failed counts, one that was refused does not. Risk analysis is handed the
 * lifecycle and recalls: what it lacks of them cannot rule a condition out, so the condition holds. Nothing about an
 * account that has churned goes to a person.
 */
export function conditions(playbook: Playbook): Record<string, Condition> {
  return {
    account_data_unavailable: afterTheLifecycle(accountDataUnavailable),
    signals_contradict: afterTheLifecycle((view) => signalsContradict(view, playbook)),
    contradictory_history: unlessChurned((view) => contradictoryHistory(view, playbook)),
    enterprise_account: unlessChurned((view) => enterpriseAccount(view, playbook)),
    missing_assessment_context: missingAssessmentContext,
  };
}

function unlessChurned(condition: Condition): Condition {
  return (view) => (hasChurned(readFacts(view.facts)) ? null : condition(view));
}

function afterTheLifecycle(condition: Condition): Condition {
  return unlessChurned((view) => {
    const { succeeded = 0, failed = 0 } = view.calls.get_account_lifecycle ?? {};
    return succeeded + failed > 0 || readFacts(view.facts).lifecycle !== null ? condition(view) : null;
  });
}

/** A read that never succeeded, or an active account that nobody uses at all: the pipeline, not the account. */
function accountDataUnavailable(view: PolicyView): string | null {
  const failed = READS.flatMap(([tool, what]) => {
    const calls = view.calls[tool];
    const unread = calls?.succeeded === 0 || view.facts[tool] === undefined;
    return calls !== undefined && calls.failed > 0 && unread ? [what] : [];
  });
  if (failed.length > 0) return `${failed.join(' and ')} could not be read`;
  const { metrics, lifecycle } = readFacts(view.facts);
  return metrics?.usage_rows === 0 && lifecycle !== null
    ? `the account is listed as active, and there are no usage rows at all up to ${metrics.as_of}`
    : null;
}

/** Usage and tickets point in opposite directions. A flat or missing signal contradicts nothing. */
function signalsContradict(view: PolicyView, playbook: Playbook): string | null {
  const { metrics } = readFacts(view.facts);
  if (metrics === null) return null;
  const signals = judgeSignals(metrics, playbook);
  const usage = signals.find((signal) => signal.metric === 'weekly_active_users');
  const tickets = signals.find((signal) => signal.metric === 'escalated_tickets');
  if (usage === undefined || tickets === undefined) return null;
  const directions = [usage.direction, tickets.direction];
  return directions.includes('improving') && directions.includes('declining')
    ? `${usage.text} — but: ${tickets.text}`
    : null;
}

/** A `stable` and an `urgent_intervention` within a short time of each other. */
function contradictoryHistory(view: PolicyView, playbook: Playbook): string | null {
  const { contradiction_window_days: windowDays, contradiction_gap_days: gapDays } = playbook.history;
  const { memories } = readFacts(view.facts);
  if (memories === null) return 'the history of the account was not recalled';
  const recent = memories
    .filter(isAssessment)
    .filter((memory) => within(daysBetween(memory.date, view.as_of), windowDays));
  for (const stable of recent.filter((memory) => memory.assessment === 'stable')) {
    for (const urgent of recent.filter((memory) => memory.assessment === 'urgent_intervention')) {
      const gap = Math.abs(daysBetween(stable.date, urgent.date));
      if (gap > gapDays) continue;
      const apart = gap === 0 ? 'on the same day' : `${count(gap, 'day')} apart`;
      return `assessed as stable on ${stable.date} and as urgent intervention on ${urgent.date}, ${apart}`;
    }
  }
  return null;
}

function enterpriseAccount(view: PolicyView, playbook: Playbook): string | null {
  const tier = readFacts(view.facts).lifecycle?.plan_tier;
  if (tier === undefined) return 'the lifecycle of the account, and with it its plan tier, is not known';
  const listed = playbook.enterprise.plan_tiers.some((name) => name.toLowerCase() === tier.toLowerCase());
  return listed ? `the plan tier is ${tier}` : null;
}

/** To the parent: the briefing was asked for without what it has to tell, or without the account that it is about. */
function missingAssessmentContext(view: PolicyView): string | null {
  const context = readBriefingContext(view.input);
  if (typeof context === 'string') return context;
  const { metrics, lifecycle } = readFacts(view.facts);
  const missing = metrics === null ? 'metrics' : lifecycle === null ? 'lifecycle' : null;
  return missing === null ? null : `the ${missing} of the account are missing`;
}

function within(days: number, limit: number): boolean {
  return days > 0 && days <= limit;
}
