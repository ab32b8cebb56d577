/**
 * The events of a streamed answer as the message that they make up. The SDK's own accumulator completes tool input that
 * broke off, so that half a call would be made; here it stays the text that was written. Throws when the stream ends early.
 */
import type { ContentBlock, Message, RawMessageStreamEvent } from '@anthropic-ai/sdk/resources/messages';
import { inputIn } from './input.ts';

type Of<T extends RawMessageStreamEvent['type']> = Extract<RawMessageStreamEvent, { type: T }>;

export async function messageOf(events: AsyncIterable<RawMessageStreamEvent>): Promise<Message> {
  let message: Message | null = null;
  const inputs = new Map<number, string>();
  // It is read to its end: a connection that is left in the middle cannot be used again.
  let whole = false;
  for await (const event of events) {
    if (event.type === 'message_start') {
      message = begun(event.message, message);
      inputs.clear();
    }
    // Nothing before the start, and nothing unknown: a `ping` or what a later API adds.
    if (message === null) continue;
    switch (event.type) {
      case 'content_block_start':
        message.content[event.index] = { ...event.content_block };
        break;
      case 'content_block_delta':
        if (event.delta.type !== 'input_json_delta') grow(message.content[event.index], event.delta);
        else inputs.set(event.index, (inputs.get(event.index) ?? '') + event.delta.partial_json);
        break;
      case 'message_delta':
        end(message, event);
        break;
      case 'message_stop':
        whole = true;
        break;
      default:
    }
  }
  if (message === null) throw new Error('the answer was no stream of events');
  if (!whole) throw new Error('the stream ended before the message did');
  for (const [index, written] of inputs) readInput(message.content[index], written);
  return message;
}

function grow(block: ContentBlock | undefined, delta: Of<'content_block_delta'>['delta']): void {
  // A gateway may begin a block without its empty text.
  if (block?.type === 'text' && delta.type === 'text_delta') block.text = (block.text ?? '') + delta.text;
  if (block?.type === 'thinking' && delta.type === 'thinking_delta') {
    block.thinking = (block.thinking ?? '') + delta.thinking;
  }
  if (block?.type === 'thinking' && delta.type === 'signature_delta') block.signature = delta.signature;
}

/** A call without input comes as an empty text. */
function readInput(block: ContentBlock | undefined, written: string): void {
  if (block?.type === 'tool_use' && written !== '') block.input = inputIn(written);
}

/** A gateway that asks anew may begin again within one stream: what it counted before was used all the same. */
function begun(message: Message, before: Message | null): Message {
  const usage = before === null ? message.usage : highest(before.usage, message.usage);
  return { ...message, content: [], usage };
}

function end(message: Message, { delta, usage }: Of<'message_delta'>): void {
  message.stop_reason = delta.stop_reason;
  message.stop_details = delta.stop_details;
  message.usage = highest(message.usage, usage);
}

/**
 * Counters of the whole message so far: the highest counts, and none is ever added. A gateway that does not know a count in the
 * end says 0 of it.
 */
function highest(known: Message['usage'], told: object | null | undefined): Message['usage'] {
  const counts: Record<string, unknown> = { ...known };
  for (const [name, count] of Object.entries(told ?? {})) {
    const before = counts[name];
    if (typeof count !== 'number') counts[name] ??= count;
    else counts[name] = typeof before === 'number' ? Math.max(before, count) : count;
  }
  return counts as unknown as Message['usage'];
}
