import { describeError, PlatformError } from '../../config/errors.ts';
import { COMPOSER_VERSION, compose } from '../../runtime/context/compose.ts';
import type { InvocationContext } from '../../runtime/context/invocation.ts';
import { digestOf } from '../../runtime/digest.ts';
import type { Invocation, InvocationEvent, Timer, Verdict } from '../../runtime/journal/entry.ts';
import { admit } from '../../runtime/policy/admission.ts';
import { retryWait } from '../../runtime/policy/retry.ts';
import { judgeTurn, type TurnToJudge } from '../../runtime/policy/judge.ts';
import { inputProblems, inputSchemaOf } from '../../runtime/tools/inputs.ts';
import type { Runtime } from '../runtime.ts';

/** One model turn: compose the prompt, ask, judge the reply. A model that does not answer is an event, not a throw. */
export async function modelTurn(
  runtime: Runtime,
  state: InvocationContext,
  signal: AbortSignal,
): Promise<InvocationEvent> {
  const { invocation } = state;
  if (!invocation) throw new PlatformError('activation.crashed', 'a model turn needs an invocation');
  const { resolved, ...means } = await judging(runtime, state);
  const request = compose(resolved, state);
  const prompt = { composer: COMPOSER_VERSION, digest: digestOf(request) };
  let reply: Awaited<ReturnType<typeof runtime.model.reply>>;
  try {
    reply = await runtime.model.reply(request, signal);
  } catch (error) {
    return {
      type: 'model.failed',
      ordinal: state.ordinal + 1,
      error: describeError(error, 'model.failed'),
      retry: retryOf(runtime, state, error),
    };
  }
  return judgeTurn({ resolved, state, reply, prompt, ...means });
}

/** What judging a turn, or a person's word on it, needs beside the fold: the definition, and the pack's code. */
export async function judging(
  runtime: Runtime,
  state: InvocationContext,
): Promise<Pick<TurnToJudge, 'resolved' | 'conditions' | 'checks' | 'validate' | 'admitDelegate' | 'now'>> {
  const { invocation } = state;
  const pack = runtime.catalog.agent(invocation?.agent ?? '')?.pack;
  if (!invocation || !pack)
    throw new PlatformError('agent.unknown', `no loaded pack defines the agent ${invocation?.agent ?? ''}`);
  const resolved = await runtime.catalog.resolved(state.definition);
  return {
    resolved,
    conditions: pack.code.conditions,
    checks: pack.code.checks ?? {},
    now: runtime.now().toISOString(),
    validate: (tool, input) => {
      const schema = inputSchemaOf(tool.name, resolved, pack, invocation.address.run);
      return schema ? inputProblems(schema, input) || null : `${tool.name} is not supplied by this release of the pack`;
    },
    admitDelegate: (agent) =>
      admitFrom(runtime, state, invocation, agent, resolved.definition.autonomy.allowed_sub_agents),
  };
}

/** Only a model that may answer later is asked again; a player that throws will throw again. */
function retryOf(runtime: Runtime, state: InvocationContext, error: unknown): Timer | null {
  if (!(error instanceof PlatformError) || error.code !== 'model.unavailable') return null;
  const { retry_after_ms } = error.details;
  const wait = retryWait(state.failures + 1, typeof retry_after_ms === 'number' ? retry_after_ms : null);
  if (wait === null) return null;
  const at = new Date(runtime.now().getTime() + wait).toISOString();
  return { name: `retry-${state.ordinal + 1}-${state.failures + 1}`, at };
}

/** The same admission that the child's supervisor will ask, asked before the delegation is sent. */
function admitFrom(
  runtime: Runtime,
  state: InvocationContext,
  parent: Invocation,
  agent: string,
  allowed: string[],
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
  const definition = runtime.catalog.agent(agent)?.resolved.definition ?? null;
  return admit({ invocation: child, definition, subject_required: false }).verdicts;
}
