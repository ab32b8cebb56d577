import type { Json, JsonObject } from '../json.ts';
import type { RECALL_MEMORY, RecallOutput } from '../tools/builtin.ts';
import type { AnyTool, OutputOf } from '../tools/tool.ts';

/** The task as layer 6 states it: the second block of the first message, as JSON. */
export interface Task {
  instructions: string;
  /** The caller's payload (root) or the delegating agent's context (sub-agent). */
  payload: JsonObject;
  subject: string | null;
  /** ISO date. */
  as_of: string;
  /** Facts handed down by the parent: tool name → result. Empty for a root. */
  facts: JsonObject;
  /** Earlier runs of the same thread that the window still holds, oldest first; absent outside threads. */
  thread?: { run: string; as_of: string; instructions: string; payload: JsonObject; report: string }[];
  /** How many of the invocation's own turns the window no longer shows; absent when it shows all. */
  dropped_turns?: number;
}

/** One tool call that the conversation shows, in block order. */
export interface CallRecord {
  name: string;
  input: Json;
  ok: boolean;
  /** The parsed result, or the error text when `ok` is false. Null while it has not settled. */
  result: Json;
}

/** What a player reads: the same messages a model would get, parsed. */
export interface Conversation {
  agent: string;
  task: Task;
  calls: CallRecord[];
  tools: string[];
}

type Answered<T> = T extends AnyTool ? OutputOf<T> : RecallOutput;

/** The latest result of a tool that a conversation shows; undefined before one of its calls has succeeded. */
export function resultOf<T extends AnyTool | typeof RECALL_MEMORY>(
  { calls }: Pick<Conversation, 'calls'>,
  tool: T,
): Answered<T> | undefined {
  const name = typeof tool === 'string' ? tool : tool.name;
  return calls.findLast((call) => call.ok && call.name === name)?.result as Answered<T> | undefined;
}

/** What a player answers in one turn; the rehearsal provider turns it into the blocks a model would send. */
export interface PlayerTurn {
  text?: string;
  calls?: { name: string; input: JsonObject }[];
}

/** A deterministic, rule-based stand-in for a model: plays one agent by its pack's playbook. Pure. */
export type Player = (conversation: Conversation) => PlayerTurn;
