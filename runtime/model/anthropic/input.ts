/**
 * The input of a call as the model wrote it. What JSON would change on the way (an integer that no double holds, `1e400`, a key
 * given twice) is no input: it stays the text that it is, and is sent back with the reason.
 */
import { findNodeAtLocation, parseTree } from 'jsonc-parser';
import type { Message } from '@anthropic-ai/sdk/resources/messages';
import { readJson } from '../../../config/json-text.ts';
import type { Json } from '../../json.ts';

/** The value, or the text itself where it cannot be read as it stands. */
export function inputIn(written: string): Json {
  const read = readJson(written, 'the input');
  return read.ok ? (read.value as Json) : written;
}

/** A body that holds a whole message. Throws when it is no JSON. */
export function messageIn(body: string): Partial<Message> | null {
  const message = JSON.parse(body) as Partial<Message> | null;
  if (!Array.isArray(message?.content)) return message;
  const tree = parseTree(body);
  for (const [at, block] of message.content.entries()) {
    const node = tree && block?.type === 'tool_use' ? findNodeAtLocation(tree, ['content', at, 'input']) : undefined;
    if (node && block.type === 'tool_use') block.input = inputIn(body.slice(node.offset, node.offset + node.length));
  }
  return message;
}
