import { PlatformError } from '../../config/errors.ts';
import type { Catalog } from '../definitions/catalog.ts';
import { PLAYED_MODEL } from '../definitions/players.ts';
import { own } from '../definitions/words.ts';
import { type Player, readConversation } from './conversation.ts';
import { replyOf } from './played.ts';
import type { ModelProvider } from './provider.ts';

/**
 * The model that needs no key: each agent is played by its pack's rule-based player, which reads the conversation a model
 * would read and answers in the same blocks. Deterministic: the same conversation gets the same reply.
 */
export function rehearsal(catalog: Catalog): ModelProvider {
  return {
    name: PLAYED_MODEL,
    checkAgent: (agent) => void playerOf(catalog, agent),
    reply: async (request) =>
      replyOf(PLAYED_MODEL, request, playerOf(catalog, request.agent)(readConversation(request))),
  };
}

function playerOf(catalog: Catalog, agent: string): Player {
  const pack = catalog.agent(agent)?.pack;
  const player = own(pack?.code.players ?? {}, agent);
  if (player) return player;
  throw new PlatformError(
    'model.no_player',
    `the pack ${pack?.manifest.metadata.name ?? ''} has no player for the agent ${agent}, so it cannot be rehearsed; ` +
      `add players.${agent} to the pack's module, or use a real model (setting model)`,
  );
}
