/** A request of ours as the Messages API takes it. Pure: the same request gives the same bytes. */
import type {
  MessageCreateParamsNonStreaming,
  MessageParam,
  TextBlockParam,
} from '@anthropic-ai/sdk/resources/messages';
import { isThinking, type Message, type ModelRequest } from '../provider.ts';
import { apiTools } from './strict.ts';

export type ApiRequest = MessageCreateParamsNonStreaming;

/** Layers 1–3 are the same bytes for every turn, run and subject. */
const STABLE_LAYERS = 3;
const CACHED = { cache_control: { type: 'ephemeral' as const } };
/** Models before 4.6 refuse it, under whatever name a gateway has for them. */
const WITHOUT_ADAPTIVE = /claude-([123]|instant|(opus|sonnet|haiku)-4(?!-([6-9]|\d\d)(\D|$)))/;

/**
 * Two breakpoints: after layer 3, which caches the tools (they come before the system prompt) and the layers that never
 * change; and at the end, which caches a conversation for its own next turn.
 */
export function apiRequest(request: ModelRequest, to: { model: string; max_tokens: number }): ApiRequest {
  const { model, max_tokens } = to;
  const tools = apiTools(request.tools);
  return {
    model,
    max_tokens,
    ...(WITHOUT_ADAPTIVE.test(model) ? {} : { thinking: { type: 'adaptive' as const } }),
    ...(tools.length > 0 && { tools, tool_choice: { type: 'auto' as const } }),
    system: request.system.map((text, i): TextBlockParam => {
      const block = { type: 'text' as const, text };
      return i === Math.min(STABLE_LAYERS, request.system.length) - 1 ? { ...block, ...CACHED } : block;
    }),
    messages: cachedAtEnd(request.messages, model),
  };
}

/** The last block of the last message, which is the user's, is marked. Reasoning is signed by its model: another refuses it. */
function cachedAtEnd(messages: readonly Message[], model: string): MessageParam[] {
  return messages.map((message, i): MessageParam => {
    if (message.role === 'assistant') {
      const { role, content, model: by = model } = message;
      return { role, content: by === model ? content : content.filter((block) => !isThinking(block)) };
    }
    if (i < messages.length - 1) return message;
    const end = message.content.length - 1;
    return {
      role: 'user',
      content: message.content.map((block, at) => (at === end ? { ...block, ...CACHED } : block)),
    };
  });
}
