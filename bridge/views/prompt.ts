/** What a model was sent for a turn, composed again from the journal and the recorded definition: no file is read. */
import { emptyFold, step } from '../../actors/fold.ts';
import { invocationMachine } from '../../actors/invocation/machine.ts';
import { PlatformError } from '../../config/errors.ts';
import type { ModelIds } from '../../config/model-settings.ts';
import { COMPOSER_VERSION, compose } from '../../runtime/context/compose.ts';
import type { InvocationContext } from '../../runtime/context/invocation.ts';
import type { Catalog } from '../../runtime/definitions/catalog.ts';
import { digestOf } from '../../runtime/digest.ts';
import type { InvocationEvent, Prompt } from '../../runtime/journal/entry.ts';
import type { StoredEntry } from '../../runtime/journal/journal.ts';
import { type ApiRequest, apiRequest } from '../../runtime/model/anthropic/request.ts';
import type { ModelRequest } from '../../runtime/model/provider.ts';

type Asked = Extract<InvocationEvent, { type: 'model.replied' | 'model.failed' }>;

export interface SentPrompt {
  /** From 1; the one after the last answered turn is that which the model did not answer. */
  turn: number;
  /** Digest of the definition that it was composed under. */
  definition: string;
  /** As the journal has it, and as it came out again: the same bytes. */
  prompt: Prompt;
  /** Which model answered; null when none did. */
  model: string | null;
  request_id: string | null;
  request: ModelRequest;
}

/**
 * @throws PlatformError `prompt.unknown` for a turn that there is none of; `prompt.diverged` when another prompt comes out
 *   than the journal names; `agent.unknown` when the definition is no longer recorded
 */
export async function sentPrompt(entries: readonly StoredEntry[], turn: number, catalog: Catalog): Promise<SentPrompt> {
  const { before, event } = stateBefore(entries, turn);
  const { prompt } = event;
  if (prompt === undefined) throw new PlatformError('prompt.diverged', `the journal names no prompt of turn ${turn}`);
  const request = compose(await catalog.resolved(before.definition), before, prompt.bounds ?? null);
  const digest = digestOf(request);
  if (digest !== prompt.digest) {
    const text = `turn ${turn} was sent a prompt of the digest ${prompt.digest}, and ${digest} comes out of the records`;
    const { composer } = prompt;
    const why =
      composer === COMPOSER_VERSION
        ? 'this release composes another one'
        : `it was composed by version ${composer}, and this release composes by ${COMPOSER_VERSION}; use the release that ran it`;
    throw new PlatformError('prompt.diverged', `${text}: ${why}`);
  }
  const model = event.type === 'model.replied' ? event.model : null;
  return { turn, definition: before.definition, prompt, model, request_id: event.request_id ?? null, request };
}

/**
 * The body as the Messages API was sent it, its digest checked; for a turn of another model, as it would be sent now.
 * @throws PlatformError `prompt.diverged`
 */
export function apiBody(
  { request, prompt, turn }: SentPrompt,
  now: { models: ModelIds; maxTokens: number },
): { body: ApiRequest; sent: boolean } {
  const { sent } = prompt;
  const { model, max_tokens } = sent ?? { model: now.models[request.tier], max_tokens: now.maxTokens };
  const body = apiRequest(request, { model, max_tokens });
  if (sent && digestOf(body) !== sent.digest) {
    const text = `turn ${turn} was sent a body of the digest ${sent.digest}, and ${digestOf(body)} comes out`;
    throw new PlatformError('prompt.diverged', `${text}: this release writes the API’s request otherwise`);
  }
  return { body, sent: sent !== undefined };
}

function stateBefore(entries: readonly StoredEntry[], turn: number): { before: InvocationContext; event: Asked } {
  let { snapshot } = emptyFold(invocationMachine);
  let answered = 0;
  /** The last time that the turn after those was asked for; null before. */
  let unanswered: { before: InvocationContext; event: Asked } | null = null;
  for (const event of entries.flatMap((entry) => entry.events) as InvocationEvent[]) {
    const before = snapshot.context;
    if (event.type === 'model.failed') unanswered = { before, event };
    if (event.type === 'model.replied') {
      answered += 1;
      if (answered === turn) return { before, event };
      unanswered = null;
    }
    snapshot = step(invocationMachine, snapshot, event);
  }
  if (unanswered && turn === answered + 1) return unanswered;
  const has = turnsText(answered, unanswered !== null);
  throw new PlatformError('prompt.unknown', `there is no turn ${turn}: the invocation has ${has}`);
}

/** Which turns there are, the one that the model did not answer among them. */
function turnsText(answered: number, oneMore: boolean): string {
  const last = `turn ${answered + 1}, which the model did not answer`;
  if (answered === 0) return oneMore ? `only ${last}` : 'no model turn';
  const turns = answered === 1 ? 'turn 1' : `the turns 1 to ${answered}`;
  return oneMore ? `${turns}, and ${last}` : answered === 1 ? `only ${turns}` : turns;
}
