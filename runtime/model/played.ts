import type { PlayerTurn } from './player.ts';
import type { ModelReply, ModelRequest, ReplyBlock } from './provider.ts';

/** What was played, in the blocks a model would send. Pure: ids of calls follow from the place in the conversation. */
export function replyOf(model: string, request: ModelRequest, turn: PlayerTurn): ModelReply {
  const n = request.messages.length;
  const calls = (turn.calls ?? []).map(
    (call, i): ReplyBlock => ({ type: 'tool_use', id: `call_${n}_${i + 1}`, name: call.name, input: call.input }),
  );
  const text: ReplyBlock[] = turn.text ? [{ type: 'text', text: turn.text }] : [];
  return {
    model,
    content: [...text, ...calls],
    stop_reason: calls.length > 0 ? 'tool_use' : 'end_turn',
    usage: { input_tokens: 0, output_tokens: 0, cache_read_tokens: 0, cache_write_tokens: 0 },
  };
}
