/** What ends more than the turn that it befell: the model refused the key, and would refuse it to everyone. Pure. */
import { type AgentReport, flattenReports } from '../report.ts';

type Failure = NonNullable<AgentReport['error']>;

export function isDenied(error: Failure | null): error is Failure {
  return error?.code === 'model.denied';
}

/** The refusal that this report carries, at whatever depth; null without one. */
export function deniedIn(report: AgentReport): Failure | null {
  return flattenReports(report).find(({ error }) => isDenied(error))?.error ?? null;
}
