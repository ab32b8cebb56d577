import type { Json } from '../json.ts';
import { unmarked } from './data.ts';
import type { CallRecord, Conversation, Task } from './player.ts';
import type { ModelRequest } from './provider.ts';

/** Parses a request's messages back into the task and the calls made so far. */
export function readConversation(request: ModelRequest): Conversation {
  const [first] = request.messages;
  const taskBlock = first?.role === 'user' ? first.content[1] : undefined;
  if (taskBlock?.type !== 'text')
    throw new Error('the first message of a conversation carries the task as its second block');
  const calls: (CallRecord & { id: string })[] = [];
  for (const message of request.messages) {
    for (const block of message.content) {
      if (block.type === 'tool_use') {
        calls.push({ id: block.id, name: block.name, input: block.input, ok: false, result: null });
      } else if (block.type === 'tool_result') {
        const call = calls.find((c) => c.id === block.tool_use_id);
        if (!call) continue;
        call.ok = block.is_error !== true;
        const content = unmarked(block.content);
        call.result = call.ok ? (JSON.parse(content) as Json) : content;
      }
    }
  }
  return {
    agent: request.agent,
    task: JSON.parse(taskBlock.text) as Task,
    calls: calls.map(({ id: _, ...call }) => call),
    tools: request.tools.map((tool) => tool.name),
  };
}
