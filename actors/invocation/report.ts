import type { InvocationContext } from '../../runtime/context/invocation.ts';
import { waitedMs } from './deadline.ts';
import type { AgentReport, Outcome } from '../../runtime/report.ts';

const OUTCOMES: Record<string, Outcome> = {
  completed: 'completed',
  escalated: 'escalated',
  refused: 'refused',
  failed: 'failed',
  cancelled: 'cancelled',
};

/** The report of an ended invocation, assembled from its context; null while it has not ended. Pure. */
export function reportOf(state: string, context: InvocationContext): AgentReport | null {
  const outcome = OUTCOMES[state];
  const { invocation } = context;
  if (!outcome || !invocation) return null;
  const created = context.turns.flatMap((turn) => turn.calls.flatMap((call) => call.created ?? []));
  return {
    agent: invocation.agent,
    version: context.version,
    definition: context.definition,
    run: invocation.address.run,
    path: invocation.address.path,
    subject: invocation.subject,
    as_of: invocation.as_of,
    outcome,
    text: textOf(outcome, context),
    data: outcome === 'completed' ? (context.report?.data ?? null) : null,
    model: context.model,
    usage: context.usage,
    cost_usd: context.cost_usd,
    waited_ms: waitedMs(context),
    events: created.flatMap(({ event }) => event ?? []),
    memories: created.flatMap(({ memory }) => memory ?? []),
    children: context.children,
    error: context.error,
  };
}

function textOf(outcome: Outcome, { report, escalation, error }: InvocationContext): string {
  if (outcome === 'completed') return report?.text ?? '';
  if (outcome === 'escalated') return escalation?.reason ?? '';
  return error?.message ?? '';
}
