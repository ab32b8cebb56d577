/** A prompt for people: system layers, tools and messages in the order in which a model reads them. Pure. */
import type { Message } from '../../../runtime/model/provider.ts';
import type { SentPrompt } from '../../views/prompt.ts';
import { harmless, type Paint } from '../../terminal/terminal.ts';

const LAYERS = ['core', 'policy', 'capabilities', 'shared context', 'long-term memory'];

export function promptText({ turn, definition, prompt, model, request_id, request }: SentPrompt, paint: Paint): string {
  const head = (title: string): string => paint.strong(`── ${title}`);
  const answered = model === null ? 'not answered' : `answered by ${model}`;
  const id = request_id === null ? '' : `, request ${request_id}`;
  return [
    `${paint.strong(request.agent)}, turn ${turn}, ${answered}${id}`,
    `definition ${definition}\nprompt ${prompt.digest}: what the journal says was sent, byte for byte`,
    ...request.system.map((text, i) => `${head(`${i + 1} ${LAYERS[i] ?? ''}`)}\n\n${harmless(text.trim())}`),
    `${head('tools')}\n\n${request.tools.map((tool) => harmless(`${tool.name} ${JSON.stringify(tool.input_schema)}`)).join('\n')}`,
    `${head('6 working memory and task')}\n\n${request.messages.map(messageText).join('\n\n')}`,
  ].join('\n\n');
}

function messageText({ role, content }: Message): string {
  const blocks = content.map((block) => {
    if (block.type === 'text') return block.text;
    if (block.type === 'tool_use') return `calls ${block.name} ${JSON.stringify(block.input)}`;
    if (block.type === 'tool_result') return `${block.is_error === true ? 'error' : 'result'} ${block.content}`;
    return block.type === 'thinking' && block.thinking !== '' ? `thinks: ${block.thinking}` : '(reasoning, not shown)';
  });
  return [`[${role}]`, ...blocks.map(harmless)].join('\n');
}
