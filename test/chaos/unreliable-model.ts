/** A model that does what models do wrong: it is overloaded, it is late, it garbles inputs, it babbles, it loops. */
import { setTimeout as pause } from 'node:timers/promises';
import { PlatformError } from '../../config/errors.ts';
import { readConversation } from '../../runtime/model/conversation.ts';
import type { ModelProvider, ModelReply, ModelRequest, ToolUseBlock } from '../../runtime/model/provider.ts';
import type { Json } from '../../runtime/json.ts';
import type { Chance } from './random.ts';

export type ModelFault =
  | 'model 429'
  | 'model 529'
  | 'model times out'
  | 'model throws'
  | 'malformed input'
  | 'model babbles'
  | 'model loops';

/** How often, of all replies. */
export type ModelRates = Record<ModelFault, number>;

/** Longer than anybody waits for one reply here. */
const TIMEOUT_MS = 1_000;
const BABBLE = 'babble';
const LOOP = 'loop-';
const BABBLED_TOOLS = ['submit_report', 'no_such_tool', 'store_memory', 'get_account_metrics'] as const;

/** `slowMs`: longest that it takes for one reply. `struck` is told of each fault as it happens. */
export function unreliableModel(
  model: ModelProvider,
  {
    chance,
    slowMs,
    rates,
    struck,
  }: { chance: Chance; slowMs: number; rates: ModelRates; struck(fault: ModelFault): void },
): ModelProvider {
  return {
    ...model,
    reply: async (request, signal) => {
      await pause(chance.between(0, slowMs));
      // Whatever worker it comes to next: once it loops, it does so to the end.
      if (loops(request)) return again(request);
      const fault = pick(chance, rates);
      if (fault === null) return model.reply(request, signal);
      struck(fault);
      switch (fault) {
        case 'model 429':
          throw unavailable('429: too many requests', { retry_after_ms: Math.floor(chance.between(100, 1_000)) });
        case 'model 529':
          throw unavailable('529: overloaded');
        case 'model times out':
          await pause(TIMEOUT_MS, undefined, { signal });
          throw unavailable(`no answer within ${TIMEOUT_MS} ms`);
        case 'model throws':
          throw new Error('the model threw, as it does at times');
        case 'malformed input':
          return malformed(await model.reply(request, signal), chance);
        case 'model babbles':
          return babble(chance);
        case 'model loops':
          return again(request);
      }
    },
  };
}

function pick(chance: Chance, rates: ModelRates): ModelFault | null {
  let left = chance.next();
  for (const [fault, rate] of Object.entries(rates) as [ModelFault, number][]) {
    left -= rate;
    if (left < 0) return fault;
  }
  return null;
}

function unavailable(message: string, details: Record<string, unknown> = {}): PlatformError {
  return new PlatformError('model.unavailable', message, { details });
}

/** The reply with the input of one of its calls spoilt; a reply without calls is cut off. */
function malformed(reply: ModelReply, chance: Chance): ModelReply {
  const spoilt = chance.pick(reply.content.filter(({ type }) => type === 'tool_use'));
  if (!spoilt) return { ...reply, stop_reason: 'max_tokens' };
  const content = reply.content.map((block) =>
    block === spoilt ? { ...(block as ToolUseBlock), input: spoil((block as ToolUseBlock).input, chance) } : block,
  );
  return { ...reply, content };
}

function spoil(input: Json, chance: Chance): Json {
  const fields = typeof input === 'object' && input !== null && !Array.isArray(input) ? { ...input } : {};
  const removed = chance.pick(Object.keys(fields));
  const without = Object.fromEntries(Object.entries(fields).filter(([name]) => name !== removed));
  return chance.pick<Json>([null, 'no object', [], without, { ...fields, no_such_field: 1 }]) ?? null;
}

/** A reply that makes no sense: no block at all, or a call of some tool with some input. */
function babble(chance: Chance): ModelReply {
  const input = chance.pick<Json>([null, 'no object', { topic: 7 }]) ?? null;
  const name = chance.pick(BABBLED_TOOLS) ?? BABBLED_TOOLS[0];
  const id = `babble-${Math.floor(chance.between(0, 1e9))}`;
  return reply(chance.happens(0.3) ? [] : [{ type: 'tool_use', id, name, input }]);
}

function loops({ messages }: ModelRequest): boolean {
  const last = messages.findLast(({ role }) => role === 'assistant');
  return last?.content.some((block) => block.type === 'tool_use' && block.id.startsWith(LOOP)) === true;
}

/** The same reading call for ever; where there is nothing to read, a tool that does not exist. */
function again(request: ModelRequest): ModelReply {
  const { task, tools } = readConversation(request);
  const id = `${LOOP}${request.messages.length}`;
  if (tools.includes('get_account_metrics')) {
    return reply([{ type: 'tool_use', id, name: 'get_account_metrics', input: { account_id: task.subject } }]);
  }
  const name = tools.includes('recall_memory') ? 'recall_memory' : 'no_such_tool';
  return reply([{ type: 'tool_use', id, name, input: { query: 'What was it again?', limit: 1 } }]);
}

function reply(content: ToolUseBlock[]): ModelReply {
  const usage = { input_tokens: 1, output_tokens: 1, cache_read_tokens: 0, cache_write_tokens: 0 };
  return { model: BABBLE, content, stop_reason: content.length > 0 ? 'tool_use' : 'end_turn', usage };
}
