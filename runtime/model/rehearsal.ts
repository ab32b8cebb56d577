import { PlatformError } from '../../config/errors.ts';
import type { Catalog } from '../definitions/catalog.ts';
import { PLAYED_MODEL } from '../definitions/players.ts';
import { own } from '../definitions/words.ts';
import { readConversation } from './conversation.ts';
import type { Player } from './player.ts';
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
    reply: async (request, _signal, players) =>
      replyOf(PLAYED_MODEL, request, playerOf(catalog, request.agent, players)(readConversation(request))),
  };
}

/** Of the players that are given, or of those that are loaded. */
function playerOf(catalog: Catalog, agent: string, players?: Record<string, Player>): Player {
  const pack = catalog.agent(agent)?.pack;
  const player = own(players ?? pack?.code.players ?? {}, agent);
  if (player) return player;
  throw new PlatformError(
    'model.no_player',
    `the pack ${pack?.manifest.metadata.name ?? ''} has no player for the agent ${agent}, so it cannot be rehearsed; ` +
      `add players.${agent} to the pack's module, or use a real model (setting model)`,
  );
}
