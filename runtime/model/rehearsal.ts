import { PlatformError } from '../../config/errors.ts';
import type { Catalog } from '../definitions/catalog.ts';
import { readConversation } from './conversation.ts';
import type { ModelProvider, ModelReply, ModelRequest, ReplyBlock } from './provider.ts';

/**
 * The model that needs no key: each agent is played by its pack's rule-based player, which reads the conversation a model
 * would read and answers in the same blocks. Deterministic: the same conversation gets the same reply.
 */
export function rehearsal(catalog: Catalog): ModelProvider {
  return {
    name: 'rehearsal',
    reply: async (request) => play(catalog, request),
  };
}

function play(catalog: Catalog, request: ModelRequest): ModelReply {
  const hosted = catalog.agent(request.agent);
  const player = hosted?.pack.code.players[request.agent];
  if (!player) {
    throw new PlatformError(
      'model.failed',
      `the agent ${request.agent} has no player in its pack, so it cannot be rehearsed: it needs a real model`,
    );
  }
  const turn = player(readConversation(request));
  const n = request.messages.length;
  const calls = (turn.calls ?? []).map(
    (call, i): ReplyBlock => ({ type: 'tool_use', id: `call_${n}_${i + 1}`, name: call.name, input: call.input }),
  );
  const text: ReplyBlock[] = turn.text ? [{ type: 'text', text: turn.text }] : [];
  return {
    model: 'rehearsal',
    content: [...text, ...calls],
    stop_reason: calls.length > 0 ? 'tool_use' : 'end_turn',
    usage: { input_tokens: 0, output_tokens: 0, cache_read_tokens: 0, cache_write_tokens: 0 },
  };
}
