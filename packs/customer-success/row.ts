import { type AgentReport, flattenReports, type JsonObject, type Row, type RunSummary } from 'agent-platform/sdk';
import { accountName, type Facts, type Known, object, readFacts } from './known.ts';
import type { Playbook } from './playbook.ts';
import { type HealthReport, type RiskReport, signalLine } from './reports.ts';
import { declining, judgeSignals, noData } from './signals.ts';

/** Most urgent first; inside a group, the nearer renewal first. */
const ORDER = ['urgent_intervention', 'waiting', 'failed', 'watch', 'stable', 'healthy', 'not_checked'] as const;
const GROUP_SPAN = 1_000_000;
const RENEWAL_OFFSET = 100_000;

/**
 * One account's row of the weekly check. What the reports do not say (a run that waits or failed has none) comes from the
 * run's facts; what nothing says is null. `note` tells why an assessment or a briefing is missing.
 */
export function healthRow(run: RunSummary<Facts>, playbook: Playbook): Row {
  const known = readFacts(run.facts);
  const reports = run.report === null ? [] : flattenReports(run.report);
  const health = dataOf<HealthReport>(reports, 'account_health_main');
  const risk = dataOf<RiskReport>(reports, 'risk_analysis');
  const assessment = risk?.assessment ?? (health?.status === 'healthy' ? 'healthy' : null);
  const checked = health?.status !== 'not_checked';
  const renewal = (known.lifecycle ?? risk ?? health)?.renewal_days ?? null;
  const briefing = completed(reports, 'csm_briefing')?.text ?? null;

  const fields: JsonObject = {
    name: accountName(known) ?? run.target,
    assessment,
    changed: risk?.changed ?? null,
    signals: checked ? signalsOf(known, risk, playbook) : [],
    renewal_days: renewal,
    respond_by: risk?.respond_by ?? null,
    owner: known.lifecycle?.owner ?? null,
    alert: reports.flatMap((report) => report.events).find((event) => event.topic === 'csm_alerts')?.id ?? null,
    briefing: null,
    note: risk?.briefing_missing ?? health?.reason ?? run.error?.message ?? null,
  };
  return {
    fields,
    rank: rank(checked ? group(run, assessment) : 'not_checked', renewal),
    ...(briefing === null ? {} : { document: { field: 'briefing', text: briefing } }),
    tally: assessment === null ? {} : { assessments: assessment },
  };
}

/** The declining signals, then those without data: their text is short, as a table has little room, and `reason` apart. */
function signalsOf({ metrics }: Known, risk: RiskReport | null, playbook: Playbook): JsonObject[] {
  const judged = metrics === null ? [] : judgeSignals(metrics, playbook);
  const uncovered = judged.filter(({ direction }) => direction === 'no_data');
  return [
    ...(risk?.signals ?? declining(judged).map(signalLine)),
    ...uncovered.map((signal) => ({
      ...signalLine(signal),
      text: noData(signal),
      reason: metrics?.[signal.metric].reason ?? null,
    })),
  ];
}

function group(run: RunSummary<Facts>, assessment: string | null): (typeof ORDER)[number] {
  if (run.outcome === 'waiting' || run.outcome === 'escalated') return 'waiting';
  return ORDER.find((name) => name === assessment) ?? 'failed';
}

function rank(name: (typeof ORDER)[number], renewal: number | null): number {
  const days = renewal === null ? GROUP_SPAN : renewal + RENEWAL_OFFSET;
  return ORDER.indexOf(name) * GROUP_SPAN + Math.min(Math.max(days, 0), GROUP_SPAN - 1);
}

/** The data of an agent's completed report; the runtime has checked it by the agent's schema. */
function dataOf<D>(reports: readonly AgentReport[], agent: string): D | null {
  return object(completed(reports, agent)?.data) as D | null;
}

function completed(reports: readonly AgentReport[], agent: string): AgentReport | undefined {
  return reports.find((report) => report.agent === agent && report.outcome === 'completed');
}
