import type { RiskReport } from '../../packs/customer-success/reports.ts';
import type { RunTold } from './oracle.ts';

/**
 * What a health check must leave: a memory of each assessment, an alert unless it is stable, a briefing unless the report
 * says why there is none. An analysis that did not come to its end may have begun with that, and has not done it twice.
 */
export function expectedOfHealthCheck({ invocations }: RunTold): Record<string, number | { most: number }> {
  const briefings = invocations.filter(({ agent, state }) => agent === 'csm_briefing' && state === 'completed').length;
  const analysis = invocations.find(({ agent }) => agent === 'risk_analysis');
  if (!analysis) return { csm_alerts: 0, csm_briefings: 0, memory: 0 };
  const report = analysis.state === 'completed' ? analysis.context.report : null;
  if (!report) return { csm_alerts: { most: 1 }, csm_briefings: briefings, memory: { most: 1 } };
  const { assessment, briefing_missing, reasons } = report.data as unknown as RiskReport;
  const told = assessment === 'stable' ? 0 : 1;
  // An alert that was refused twice is not made a third time; the report says so.
  const undone = reasons.some((reason) => reason.startsWith('The alert could not be sent'));
  return {
    csm_alerts: undone ? 0 : told,
    csm_briefings: briefing_missing === null ? told : 0,
    memory: 1,
  };
}
