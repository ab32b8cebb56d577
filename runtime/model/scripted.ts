import { PlatformError } from '../../config/errors.ts';
import { readConversation } from './conversation.ts';
import type { Conversation, Player, PlayerTurn } from './player.ts';
import { replyOf } from './played.ts';
import type { ModelProvider, ModelRequest } from './provider.ts';

/** One turn of a script: what the model answers, or how that follows from the conversation so far. */
export type ScriptedTurn = PlayerTurn | ((conversation: Conversation) => PlayerTurn);

const NAME = 'scripted';

/**
 * A model for tests that says what a test wants said: per agent the turns of one invocation in order, or a function of the
 * conversation. It keeps no count: which turn it is follows from the conversation, so that an invocation that another
 * worker takes over goes on where it was. (A script must therefore fit into the agent's `working_memory_window`.)
 * A turn more than the script has is a failure of the model, as is an agent without a script.
 */
export function scriptedModel(script: Readonly<Record<string, readonly ScriptedTurn[]>> | Player): ModelProvider {
  if (typeof script === 'function') {
    return { name: NAME, reply: async (request) => replyOf(NAME, request, script(readConversation(request))) };
  }
  const turnsOf = (agent: string): readonly ScriptedTurn[] => {
    const turns = Object.hasOwn(script, agent) ? script[agent] : undefined;
    if (turns) return turns;
    const known = Object.keys(script).join(', ') || 'none';
    throw new PlatformError('model.no_player', `the script has no turns for the agent ${agent}; it has: ${known}`);
  };
  return {
    name: NAME,
    checkAgent: (agent) => void turnsOf(agent),
    reply: async (request) => {
      const turns = turnsOf(request.agent);
      const at = turnNumber(request);
      const turn = turns[at];
      if (turn === undefined) {
        throw new PlatformError('model.failed', `the script of ${request.agent} ends before turn ${at + 1}`);
      }
      return replyOf(NAME, request, typeof turn === 'function' ? turn(readConversation(request)) : turn);
    },
  };
}

function turnNumber({ messages }: ModelRequest): number {
  return messages.filter(({ role }) => role === 'assistant').length;
}
