import type { ResolvedAgent } from '../../runtime/definitions/resolved.ts';
import type { CallState, InvocationContext } from '../../runtime/context/invocation.ts';
import type { Invocation } from '../../runtime/journal/entry.ts';
import type { JsonObject } from '../../runtime/json.ts';
import type { AgentReport } from '../../runtime/report.ts';
import type { DelegateInput } from '../../runtime/tools/builtin.ts';
import type { Send } from '../runtime.ts';

/** What a sub-agent is asked to do: the call's input, and what the runtime adds to it. Pure. */
export function delegation(context: InvocationContext, call: CallState, resolved: ResolvedAgent): Send[] {
  const { invocation } = context;
  if (!invocation || !call.delegate) return [];
  const { instructions, context: given } = call.input as DelegateInput;
  const { agent, path } = call.delegate;
  const address = { ...invocation.address, path };
  const child: Invocation = {
    address,
    agent,
    instructions,
    payload: given as JsonObject,
    subject: invocation.subject,
    as_of: invocation.as_of,
    data: invocation.data,
    parent: { run: invocation.address.run, path: invocation.address.path, agent: invocation.agent },
    ancestors: [...invocation.ancestors, invocation.agent],
    parent_remaining: context.remaining,
    parent_allows: resolved.definition.autonomy.allowed_sub_agents,
    facts: context.facts,
    trace: invocation.trace,
  };
  return [
    { kind: 'mail', to: { ...address, agent }, mail: { type: 'invoke', invocation: child }, trace: invocation.trace },
  ];
}

/** What an ended invocation sends: its report to whoever started it, to topics that carry such reports, to its thread. Pure. `resolved` is null unless it completed. */
export function ending(invocation: Invocation, report: AgentReport, resolved: ResolvedAgent | null): Send[] {
  const { address, parent, agent, subject, trace, thread } = invocation;
  const { tenant, run, path } = address;
  const sends: Send[] = [];
  if (resolved) {
    for (const topic of resolved.report_topics) {
      const data = { run, agent, subject, text: report.text, data: report.data };
      sends.push({
        kind: 'event',
        event: { id: `${run}-${path}-report`, topic, tenant, agent, subject, data, trace },
      });
    }
  }
  if (resolved && thread) {
    const { as_of, instructions, payload } = invocation;
    const turn = { run, as_of, instructions, payload, report: report.text };
    const window = resolved.definition.memory_config.working_memory_window;
    sends.push({ kind: 'thread', tenant, agent, thread: thread.id, turn, window });
  }
  if (parent) {
    const to = { tenant, run: parent.run, path: parent.path, agent: parent.agent };
    sends.push({ kind: 'mail', to, mail: { type: 'child.reported', from: { run, path }, report }, trace });
  }
  return sends;
}
