import { describeError, PlatformError } from '../../config/errors.ts';
import type { InvocationContext } from '../../runtime/context/invocation.ts';
import type { AgentDefinition } from '../../runtime/definitions/schema.ts';
import type { Escalation, Invocation, InvocationEvent, Timer, Verdict } from '../../runtime/journal/entry.ts';
import { admit } from '../../runtime/policy/admission.ts';
import { elsewhereName, nextTry, waitElsewhere } from '../../runtime/policy/retry.ts';
import { judgeTurn, type TurnToJudge } from '../../runtime/policy/judge.ts';
import { newTask } from '../../runtime/policy/task.ts';
import type { Player } from '../../runtime/model/player.ts';
import type { SentRequest } from '../../runtime/model/provider.ts';
import { inputProblems, inputSchemaOf } from '../../runtime/tools/inputs.ts';
import type { Runtime } from '../runtime.ts';
import { ask } from './ask.ts';
import { beginsWith, meansOf, otherCode } from './means.ts';

/** One model turn: compose the prompt, ask, judge the reply. A model that does not answer is an event, not a throw. */
export async function modelTurn(
  runtime: Runtime,
  state: InvocationContext,
  signal: AbortSignal,
): Promise<InvocationEvent> {
  const { invocation } = state;
  if (!invocation) throw new PlatformError('activation.crashed', 'a model turn needs an invocation');
  const { resolved, other, players, ...means } = await judging(runtime, state);
  const asked = await ask(runtime, { resolved, players }, state, invocation, signal);
  const { prompt } = asked;
  if ('error' in asked) {
    const { error } = asked;
    const { request_id: id, sent } = error instanceof PlatformError ? error.details : {};
    const escalation = escalationOf(error, { resolved, state, now: means.now });
    const { retry, announced } = retryOf(runtime, state, error);
    return {
      type: 'model.failed',
      ordinal: state.ordinal + 1,
      error: describeError(error, 'model.failed'),
      retry,
      ...(announced && { announced }),
      ...(isElsewhere(error) && { elsewhere: true }),
      ...(typeof id === 'string' && { request_id: id }),
      prompt: { ...prompt, ...(sent !== undefined && { sent: sent as SentRequest }) },
      ...(escalation && { escalation }),
    };
  }
  const { reply } = asked;
  const { cost_usd, prices_as_of } = reply;
  const judged = judgeTurn({ resolved, state, reply, prompt, ...(cost_usd !== undefined && { cost_usd }), ...means });
  // Of which day the prices are is nothing that a rule asks for, nor is whose code it was that answered.
  return {
    ...judged,
    verdicts: [...other.verdicts, ...judged.verdicts],
    ...(prices_as_of !== undefined && { prices_as_of }),
    ...(other.code && { code: other.code }),
  };
}

type Judging = Pick<TurnToJudge, 'resolved' | 'conditions' | 'checks' | 'validate' | 'admitDelegate' | 'now'> & {
  /** What its events say of the code, where it began with another. */
  other: ReturnType<typeof otherCode>;
  players: Record<string, Player>;
};

/**
 * What judging a turn, or a person's word on it, needs beside the fold: the definition that it began with, and the pack's
 * code, made for the parameters that it began with. A worker that cannot have these gets no further than a rejection, for
 * which none of the code is asked.
 */
export async function judging(runtime: Runtime, state: InvocationContext): Promise<Judging> {
  const { invocation } = state;
  if (!invocation) throw new PlatformError('activation.crashed', 'only what was invoked is judged');
  const means = await meansOf(runtime, state);
  const pack = 'lacks' in means ? null : means.pack;
  const resolved = 'lacks' in means ? await runtime.catalog.resolved(state.definition) : means.resolved;
  const below = new Map<string, AgentDefinition | null>();
  for (const agent of resolved.tools.flatMap(({ delegate }) => delegate ?? [])) {
    const begins = await beginsWith(runtime, { ...invocation, agent });
    below.set(agent, begins.resolved?.definition ?? null);
  }
  return {
    resolved,
    other: otherCode(means),
    players: pack?.code.players ?? {},
    conditions: pack?.code.conditions ?? {},
    checks: pack?.code.checks ?? {},
    now: runtime.now().toISOString(),
    validate: (tool, input) => {
      const schema = pack && inputSchemaOf(tool.name, resolved, pack, invocation.address.run);
      return schema ? inputProblems(schema, input) || null : `${tool.name} is not supplied by this release of the pack`;
    },
    admitDelegate: (agent) => {
      const allowed = resolved.definition.autonomy.allowed_sub_agents;
      return admitFrom(state, invocation, { agent, definition: below.get(agent) ?? null, allowed });
    },
  };
}

/** A request that the model calls wrong would be called wrong again: a person finds out why, and says whether to ask again. */
function escalationOf(
  error: unknown,
  { resolved, state, now }: { resolved: TurnToJudge['resolved']; state: InvocationContext; now: string },
): Escalation | null {
  if (!(error instanceof PlatformError) || error.code !== 'model.rejected') return null;
  const rule = error.code;
  const question = `${describeError(error, rule).message}. Shall it be asked again?`;
  const task = newTask({ resolved, state, kind: 'model', rules: [rule], question, now });
  return { rule, target: 'human', reason: question, task };
}

/** Only a model that may answer later is asked again; a player that throws will throw again. */
function retryOf(
  runtime: Runtime,
  { invocation, ordinal: last, failures, announced = 0, waits = 0 }: InvocationContext,
  error: unknown,
): { retry: Timer | null; announced?: true } {
  if (!invocation || !(error instanceof PlatformError) || error.code !== 'model.unavailable') return { retry: null };
  const ordinal = last + 1;
  const after = (wait: number): string => new Date(runtime.now().getTime() + wait).toISOString();
  if (isElsewhere(error))
    return { retry: { name: elsewhereName(ordinal, waits + 1), at: after(waitElsewhere(waits)) } };
  const { retry_after_ms: asked } = error.details;
  const turn = { ...invocation.address, ordinal, failures, announced };
  const next = nextTry(turn, typeof asked === 'number' ? asked : null);
  if (next === null) return { retry: null };
  return { retry: { name: next.name, at: after(next.wait_ms) }, ...(next.announced && { announced: true }) };
}

/** That this worker is not the one to ask is no failure of the model: the run waits as long as it takes. */
function isElsewhere(error: unknown): boolean {
  return error instanceof PlatformError && error.code === 'model.unavailable' && error.details['elsewhere'] === true;
}

/** The same admission that the child's supervisor will ask, asked before the delegation is sent. */
function admitFrom(
  state: InvocationContext,
  parent: Invocation,
  { agent, definition, allowed }: { agent: string; definition: AgentDefinition | null; allowed: string[] },
): Verdict[] {
  const { address } = parent;
  const child: Invocation = {
    ...parent,
    agent,
    parent: { run: address.run, path: address.path, agent: parent.agent },
    ancestors: [...parent.ancestors, parent.agent],
    parent_remaining: state.remaining,
    parent_allows: allowed,
  };
  return admit({ invocation: child, definition, subject_required: false }).verdicts;
}
