import type { ResolvedAgent } from '../../runtime/definitions/resolved.ts';
import { own } from '../../runtime/definitions/words.ts';
import { type CallState, dueTimer, type InvocationContext } from '../../runtime/context/invocation.ts';
import { isElsewhere } from '../../runtime/policy/retry.ts';
import type { Invocation, Timer } from '../../runtime/journal/entry.ts';
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
    ...(call.delegate.grant && { grant: call.delegate.grant }),
    ...(invocation.model !== undefined && { model: invocation.model }),
    ...(invocation.release !== undefined && { release: invocation.release }),
    trace: invocation.trace,
  };
  return [
    { kind: 'mail', to: { ...address, agent }, mail: { type: 'invoke', invocation: child }, trace: invocation.trace },
  ];
}

/** What an ended invocation tells those below it that may still go on: nothing is done for it any more. Pure. */
export function cancelsBelow(context: InvocationContext): Send[] {
  const { invocation, children, error } = context;
  if (!invocation) return [];
  const reported = new Map(children.map((report) => [report.path, report.outcome]));
  const trace = invocation.trace;
  return context.turns
    .flatMap((turn) => turn.calls)
    .flatMap(({ delegate, status }): Send[] => {
      // A failed one has reported, and could be had to go on; only a cancel is the end of that.
      const ended = delegate && reported.get(delegate.path);
      const open = ended === undefined ? status === 'running' : ended === 'failed' && context.cancelled !== null;
      if (!delegate || !open) return [];
      const to = { ...invocation.address, path: delegate.path, agent: delegate.agent };
      const reason = context.cancelled?.reason ?? `${invocation.agent} has ended: ${error?.message ?? ''}`;
      const by = context.cancelled?.by ?? invocation.agent;
      return [{ kind: 'mail', to, mail: { type: 'cancel', by, reason }, trace }];
    });
}

/** Where an invocation stands before or after a step. */
export interface Stand {
  context: InvocationContext;
  ended: boolean;
}

/** Timers that the step set, and those that nobody waits for any more. Pure. */
export function timerSends(before: Stand, after: Stand, again: boolean): Send[] {
  const { invocation, fired } = after.context;
  if (!invocation) return [];
  const to = { ...invocation.address, agent: invocation.agent };
  // An ended invocation waits for none, and gets them anew should it go on.
  const had = before.ended && !(after.ended && again) ? [] : timersOf(before.context);
  // The step that answered a question may not have purged its timer.
  if (again) had.push(...closedTimers(after.context));
  const has = after.ended ? [] : timersOf(after.context);
  const known = new Set(again ? [] : had.map(({ name }) => name));
  const kept = new Set(has.map(({ name }) => name));
  // A wait for the right worker may have ended before its timer came.
  return [
    ...has
      .filter(({ name }) => !known.has(name))
      .map((timer): Send => ({ kind: 'timer', to, timer, trace: invocation.trace })),
    ...had
      .filter(({ name }) => !kept.has(name) && (name !== fired || isElsewhere(name)))
      .map(({ name }): Send => ({ kind: 'no timer', to, name })),
  ];
}

function timersOf(context: InvocationContext): Timer[] {
  return [context.timers.retry, context.timers.deadline, dueTimer(context)].filter((timer) => timer !== null);
}

/** Of questions that are no longer open. */
function closedTimers({ tasks }: InvocationContext): Timer[] {
  return tasks.flatMap(({ due, decision }, i) =>
    due !== null && decision !== null ? [{ name: `due-${i + 1}`, at: due }] : [],
  );
}

function templateOf({ topics = {} }: ResolvedAgent, topic: string): { template?: string } {
  const template = own(topics, topic);
  return template === undefined ? {} : { template };
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
        event: {
          id: `${run}-${path}-report`,
          topic,
          ...templateOf(resolved, topic),
          tenant,
          agent,
          subject,
          data,
          trace,
        },
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
