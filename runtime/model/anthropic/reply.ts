/** An answer of the Messages API as a reply of ours. Pure. */
import type { ContentBlock, Message, StopReason, Usage } from '@anthropic-ai/sdk/resources/messages';
import { PlatformError } from '../../../config/errors.ts';
import type { Json } from '../../json.ts';
import type { ModelReply, ReplyBlock, ToolUseBlock } from '../provider.ts';

const STOPS: Record<StopReason, ModelReply['stop_reason']> = {
  end_turn: 'end_turn',
  tool_use: 'tool_use',
  max_tokens: 'max_tokens',
  refusal: 'refusal',
  pause_turn: 'pause_turn',
  stop_sequence: 'end_turn',
  // The answer ends where the room does, as with a limit of its own.
  model_context_window_exceeded: 'max_tokens',
};

/** @throws PlatformError `model.unavailable` for a body that is no message: a gateway's page, or a message cut off */
export function replyFrom(message: Message): Pick<ModelReply, 'model' | 'content' | 'stop_reason' | 'usage'> {
  const stop = message.stop_reason === null ? undefined : STOPS[message.stop_reason];
  if (message.type !== 'message' || !Array.isArray(message.content) || !stop || !message.usage) {
    throw new PlatformError('model.unavailable', 'the model’s answer was no whole message');
  }
  return {
    model: message.model,
    content: withOwnIds(message.content.flatMap(blockFrom)),
    stop_reason: stop,
    usage: usageFrom(message.usage),
  };
}

/** What the platform did not ask for (blocks of server tools) is left out. */
function blockFrom(block: ContentBlock): ReplyBlock[] {
  switch (block.type) {
    case 'text':
      return [{ type: 'text', text: block.text }];
    case 'tool_use':
      return [{ type: 'tool_use', id: block.id, name: block.name, ...inputOf(block.input as Json) }];
    case 'thinking':
      // Cut off before it was signed, it could not be sent back.
      return block.signature === '' ? [] : [{ type: 'thinking', thinking: block.thinking, signature: block.signature }];
    case 'redacted_thinking':
      return [{ type: 'redacted_thinking', data: block.data }];
    default:
      return [];
  }
}

/** Only an object may be sent back as input. */
function inputOf(input: Json | undefined): Pick<ToolUseBlock, 'input' | 'malformed'> {
  if (typeof input === 'object' && input !== null && !Array.isArray(input)) return { input };
  return { input: {}, malformed: typeof input === 'string' ? input : JSON.stringify(input ?? null) };
}

/** Each result answers one call: the API refuses a conversation in which two have the same id. */
function withOwnIds(content: ReplyBlock[]): ReplyBlock[] {
  const ids = new Set<string>();
  return content.map((block) => {
    if (block.type !== 'tool_use') return block;
    let { id } = block;
    for (let nth = 2; ids.has(id); nth += 1) id = `${block.id}_${nth}`;
    ids.add(id);
    return { ...block, id };
  });
}

function usageFrom(usage: Usage): ModelReply['usage'] {
  return {
    input_tokens: usage.input_tokens,
    output_tokens: usage.output_tokens,
    cache_read_tokens: usage.cache_read_input_tokens ?? 0,
    cache_write_tokens: usage.cache_creation_input_tokens ?? 0,
  };
}
