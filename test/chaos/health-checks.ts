import type { RunTold } from './oracle.ts';

/**
 * What a health check must leave: a memory of each assessment, an alert unless it is stable, a briefing unless the
 * report says why there is none. Nothing is expected of an analysis that did not come to its end.
 */
export function expectedOfHealthCheck({ root, invocations }: RunTold): Record<string, number> | null {
  const analysis = invocations.find(({ agent }) => agent === 'risk_analysis');
  if (!analysis) return root.ended ? { csm_alerts: 0, csm_briefings: 0, memory: 0 } : null;
  const report = analysis.state === 'completed' ? analysis.context.report : null;
  if (!report) return null;
  const { assessment, briefing_missing } = report.data as { assessment: string; briefing_missing: string | null };
  const told = assessment === 'stable' ? 0 : 1;
  return { csm_alerts: told, csm_briefings: briefing_missing === null ? told : 0, memory: 1 };
}
