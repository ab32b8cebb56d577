/** Asks the model of a run for one turn, with a prompt that fits into the model's window. */
import { PlatformError } from '../../config/errors.ts';
import { COMPOSER_VERSION, composed } from '../../runtime/context/compose.ts';
import { sizeOf } from '../../runtime/context/fit.ts';
import type { InvocationContext } from '../../runtime/context/invocation.ts';
import type { ResolvedAgent } from '../../runtime/definitions/resolved.ts';
import { digestOf } from '../../runtime/digest.ts';
import type { Invocation, Prompt } from '../../runtime/journal/entry.ts';
import type { Bounds, Fitted } from '../../runtime/model/bounds.ts';
import { checkedReply } from '../../runtime/model/check-reply.ts';
import type { Player } from '../../runtime/model/player.ts';
import type { ModelProvider, ModelReply } from '../../runtime/model/provider.ts';
import type { Runtime } from '../runtime.ts';

/** What was sent last, and what came of it. */
export type Asked = { prompt: Prompt; reply: ModelReply } | { prompt: Prompt; error: unknown };

/** Bytes are no tokens: a request that the model finds too long all the same is shortened further, so many times in all. */
const TRIES = 4;
const SHORTER = 0.7;

export async function ask(
  runtime: Runtime,
  { resolved, players }: { resolved: ResolvedAgent; players: Record<string, Player> },
  state: InvocationContext,
  invocation: Invocation,
  signal: AbortSignal,
): Promise<Asked> {
  let model: ModelProvider;
  try {
    model = modelOf(runtime, invocation);
  } catch (error) {
    return { prompt: promptOf(resolved, state, null).prompt, error };
  }
  const room = model.room?.(resolved.definition.metadata.model_tier);
  let bounds = room === undefined ? null : { result: runtime.maxResultChars, room };
  /** The model’s own word that it is too long, and of which prompt. */
  let refused: { prompt: Prompt; error: PlatformError } | null = null;
  for (let tries = 1; ; tries += 1) {
    const { request, fitted, prompt } = promptOf(resolved, state, bounds);
    if (fitted !== null && fitted.over > 0) return refused ?? { prompt, error: doesNotFit(bounds, fitted) };
    try {
      return { prompt, reply: checkedReply(await model.reply(request, signal, players)) };
    } catch (error) {
      if (bounds === null || !isTooLong(error)) return { prompt, error };
      refused = { prompt, error: withWayOut(error) };
      if (tries === TRIES) return refused;
      bounds = { ...bounds, room: Math.floor(sizeOf(request) * SHORTER) };
    }
  }
}

function promptOf(resolved: ResolvedAgent, state: InvocationContext, bounds: Bounds | null) {
  const { request, fitted } = composed(resolved, state, bounds);
  const prompt: Prompt = {
    composer: COMPOSER_VERSION,
    digest: digestOf(request),
    ...(bounds && { bounds }),
    ...(fitted && { fitted }),
  };
  return { request, fitted, prompt };
}

/** A run keeps the model that it began with: what one began, another would go on with in its own way. */
function modelOf(runtime: Runtime, { model }: Invocation): ModelProvider {
  return model === undefined || model === runtime.model.name ? runtime.model : runtime.otherModel(model);
}

function isTooLong(error: unknown): error is PlatformError {
  return error instanceof PlatformError && error.details['too_long'] === true;
}

const WAY_OUT =
  'approved, it is asked again with the settings of then: name a model with a larger window in models, or its true window in ' +
  'model_windows; or reject it';

function doesNotFit(bounds: Bounds | null, { over }: Fitted): PlatformError {
  const text = `the request is ${over} bytes longer than the ${bounds?.room ?? 0} that the model’s window has room for`;
  return new PlatformError(
    'model.rejected',
    `${text}, with all results shortened and older turns left out; ${WAY_OUT}`,
  );
}

function withWayOut({ code, message, details }: PlatformError): PlatformError {
  return new PlatformError(code, `${message}; results are shown as short as they can be; ${WAY_OUT}`, { details });
}
