import type { Json, JsonObject } from '../json.ts';
import type { Player } from './player.ts';

/**
 * The model door. A request and a reply have the shape of the Messages API (system blocks, tools, alternating messages
 * of content blocks), so that `rehearsal` and a real model read the same conversation.
 */
export interface TextBlock {
  type: 'text';
  text: string;
}
export interface ToolUseBlock {
  type: 'tool_use';
  id: string;
  name: string;
  input: Json;
  /** What the model wrote where its input should be, when that is no JSON object; then `input` is empty. Never sent back. */
  malformed?: string;
}
export interface ToolResultBlock {
  type: 'tool_result';
  tool_use_id: string;
  /** JSON text of the tool's result, or the error message, below a line that marks it as data (see data.ts). */
  content: string;
  is_error?: boolean;
}
/** A model's reasoning, in its provider's own form. Returned unchanged in later requests; nobody else reads it. */
export type ThinkingBlock =
  | { type: 'thinking'; thinking: string; signature: string }
  | { type: 'redacted_thinking'; data: string };
export type ReplyBlock = TextBlock | ToolUseBlock | ThinkingBlock;

export function isThinking(block: ReplyBlock): block is ThinkingBlock {
  return block.type === 'thinking' || block.type === 'redacted_thinking';
}

export type Message =
  | { role: 'user'; content: (TextBlock | ToolResultBlock)[] }
  /** `model`: the id of the model that reasoned there. No other one takes its reasoning. */
  | { role: 'assistant'; content: ReplyBlock[]; model?: string };

/** A tool as the model sees it. `input_schema` is JSON Schema. */
export interface ToolSchema {
  name: string;
  description: string;
  input_schema: JsonObject;
}

export interface ModelRequest {
  agent: string;
  tier: 'main' | 'sub';
  /** Layers 1–5, one text each, in order. */
  system: string[];
  tools: ToolSchema[];
  /** Layer 6: `messages[0]` is the task: its first block the instructions, its second the task as JSON (see conversation.ts). */
  messages: Message[];
}

export interface ModelReply {
  /** Which model answered. */
  model: string;
  content: ReplyBlock[];
  stop_reason: 'end_turn' | 'tool_use' | 'max_tokens' | 'refusal' | 'pause_turn';
  /** Why the model declined, in its provider's words; only where it says so. */
  declined?: string;
  usage: { input_tokens: number; output_tokens: number; cache_read_tokens: number; cache_write_tokens: number };
  /** What it cost in US dollars; absent when the model has no price. */
  cost_usd?: number;
  /** ISO date of the prices by which `cost_usd` was computed. */
  prices_as_of?: string;
  /** The provider's own id of the exchange, for its support. */
  request_id?: string;
  /** What went over the wire, where that is not the request itself. */
  sent?: SentRequest;
}

/** A request in the form of the provider that it was sent to: enough to make it again and to see that it is the same. */
export interface SentRequest {
  model: string;
  max_tokens: number;
  /** SHA-256 of its canonical JSON. */
  digest: string;
}

export interface ModelProvider {
  readonly name: string;
  /** Throws `model.no_player` or `model.no_key` when it can never answer for this agent: asked before anything of it is started. */
  checkAgent?(agent: string): void;
  /** Longest request that the model of a tier takes, in bytes of its JSON, with room for its answer; absent: any. */
  room?(tier: ModelRequest['tier']): number;
  /**
   * Throws `model.unavailable` (asked again later; `details.retry_after_ms` is the model's own wish), `model.rejected` (a
   * person is asked), `model.denied` or `model.failed`; `details.request_id` where the provider gave one, and `details.too_long`
   * where the request is longer than the model takes. `players` are those of the pack by agent, made for the parameters that the
   * invocation began with, for a model that is played.
   */
  reply(request: ModelRequest, signal: AbortSignal, players?: Record<string, Player>): Promise<ModelReply>;
}
