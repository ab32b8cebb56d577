/** An answer of the Messages API as a reply of ours. Pure. */
import type { ContentBlock, Message, StopReason, Usage } from '@anthropic-ai/sdk/resources/messages';
import { PlatformError } from '../../../config/errors.ts';
import type { Json } from '../../json.ts';
import type { ModelReply, ReplyBlock, ToolUseBlock } from '../provider.ts';

const STOPS: Readonly<Record<string, ModelReply['stop_reason']>> = {
  end_turn: 'end_turn',
  tool_use: 'tool_use',
  max_tokens: 'max_tokens',
  refusal: 'refusal',
  pause_turn: 'pause_turn',
  stop_sequence: 'end_turn',
  // The answer ends where the room does, as with a limit of its own.
  model_context_window_exceeded: 'max_tokens',
} satisfies Record<StopReason, ModelReply['stop_reason']>;

type Reply = Pick<ModelReply, 'model' | 'content' | 'stop_reason' | 'declined' | 'usage'>;

/**
 * @throws PlatformError `model.unavailable` for a body that is no message: a gateway's page, or a message cut off;
 *   `model.failed` for a reason to stop that nobody knows what to do about, which would come again
 */
export function replyFrom(message: Partial<Message> | null | undefined): Reply {
  const { type, model = '', content, stop_reason: reason, stop_details: details, usage } = message ?? {};
  if (type !== 'message' || !Array.isArray(content) || typeof reason !== 'string' || !usage) {
    throw new PlatformError('model.unavailable', 'the model’s answer was no whole message');
  }
  const stop = Object.hasOwn(STOPS, reason) ? STOPS[reason] : undefined;
  if (!stop) throw new PlatformError('model.failed', `the answer stopped for a reason that is not known: ${reason}`);
  const declined = [details?.category, details?.explanation].filter((text) => typeof text === 'string').join(': ');
  return {
    model,
    content: content.flatMap(blockFrom),
    stop_reason: stop,
    ...(declined !== '' && { declined }),
    usage: usageFrom(usage),
  };
}

/** What the platform did not ask for (blocks of server tools) is left out; what is no block at all is told by the reply's check. */
function blockFrom(block: ContentBlock | null): ReplyBlock[] {
  if (typeof block?.type !== 'string') return [block as never];
  switch (block.type) {
    case 'text':
      return [{ type: 'text', text: block.text }];
    case 'tool_use':
      return [{ type: 'tool_use', id: block.id, name: block.name, ...inputOf(block.input as Json) }];
    case 'thinking':
      // Cut off before it was signed, it could not be sent back.
      return !block.signature ? [] : [{ type: 'thinking', thinking: block.thinking, signature: block.signature }];
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

function usageFrom(usage: Usage): ModelReply['usage'] {
  return {
    input_tokens: counted(usage.input_tokens),
    output_tokens: counted(usage.output_tokens),
    cache_read_tokens: counted(usage.cache_read_input_tokens),
    cache_write_tokens: counted(usage.cache_creation_input_tokens),
  };
}

/** A gateway may leave counters out. */
function counted(tokens: number | null | undefined): number {
  return Number.isSafeInteger(tokens) ? Math.max(0, tokens ?? 0) : 0;
}
