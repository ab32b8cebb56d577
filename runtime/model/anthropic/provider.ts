/**
 * Claude over the Messages API. One call per turn, the loop is the machine's. The SDK tries again a few times within a
 * turn, as long as the waits are short; what outlasts that is `model.unavailable`, which a durable timer takes up.
 */
import Anthropic from '@anthropic-ai/sdk';
import { withoutVariables } from '../../../config/environment.ts';
import { digestOf } from '../../digest.ts';
import { DEFAULT_WINDOW, type Prices } from '../../../config/model-settings.ts';
import { abortsAfter } from '../../time-limit.ts';
import { costOf } from '../cost.ts';
import type { ModelProvider, ModelReply, ModelRequest } from '../provider.ts';
import { codedError } from './errors.ts';
import { messageIn } from './input.ts';
import { replyFrom } from './reply.ts';
import { apiRequest } from './request.ts';
import { messageOf } from './stream.ts';
import { leaveLongWaits } from './waiting.ts';

export interface AnthropicOptions {
  apiKey: string;
  /** Where the API is; the vendor's when absent. */
  baseURL?: string;
  /** Which model answers for which tier. */
  models: Record<ModelRequest['tier'], string>;
  /** Tokens of a model's window, by its id. */
  windows?: Readonly<Record<string, number>>;
  prices: Prices;
  /** Longest answer, reasoning included, in tokens. */
  maxTokens: number;
  /** Longest that a turn may take, the SDK's retries included. */
  timeoutMs: number;
  /** False: the answer comes in one body. */
  streaming?: boolean;
  /** How often the SDK tries again by itself. */
  maxRetries?: number;
}

const DEFAULT_URL = 'https://api.anthropic.com';

export function anthropic(options: AnthropicOptions): ModelProvider {
  const { apiKey, baseURL = DEFAULT_URL, models, windows = {}, prices, maxTokens, timeoutMs } = options;
  const { streaming = true, maxRetries = 2 } = options;
  // It would log bodies, and takes headers, telemetry and more from the environment.
  const client = withoutVariables(
    'ANTHROPIC_',
    () =>
      new Anthropic({
        apiKey,
        baseURL,
        maxRetries,
        timeout: timeoutMs,
        logLevel: 'off',
        middleware: [leaveLongWaits],
      }),
  );
  return {
    name: 'anthropic',
    room: (tier) => roomOf(windows[models[tier]] ?? DEFAULT_WINDOW, maxTokens),
    reply: async (request, signal): Promise<ModelReply> => {
      const model = models[request.tier];
      const body = apiRequest(request, { model, max_tokens: maxTokens });
      const late = abortsAfter(timeoutMs);
      const sent = { model, max_tokens: maxTokens, digest: digestOf(body) };
      const during = { signal: AbortSignal.any([signal, late]), timeout: timeoutMs };
      let id: string | null = null;
      let reply: ReturnType<typeof replyFrom>;
      try {
        if (streaming) {
          const { data, request_id } = await client.messages.create({ ...body, stream: true }, during).withResponse();
          id = request_id ?? null;
          reply = replyFrom(await messageOf(data));
        } else {
          // Read here: of a body that is no JSON, the SDK's own error has no request id.
          const response = await client.messages.create(body, during).asResponse();
          id = response.headers.get('request-id');
          reply = replyFrom(messageIn(await response.text()));
        }
      } catch (error) {
        signal.throwIfAborted();
        const thrown = late.aborted ? new Error(`no whole answer within ${timeoutMs} ms`) : error;
        const details = { sent, ...(id !== null && { request_id: id }) };
        throw codedError(thrown, { model, url: baseURL, key: apiKey }, details);
      }
      const cost = costOf(prices, [reply.model, model], reply.usage);
      return { ...reply, ...cost, ...(id !== null && { request_id: id }), sent };
    },
  };
}

/** JSON of figures and keys has few characters to a token; prose has more, so this is on the safe side. */
const BYTES_PER_TOKEN = 3;

/** What is left of the window for the request, in bytes; the answer may take up half of it at most. */
function roomOf(window: number, maxTokens: number): number {
  return Math.max(window - maxTokens, Math.ceil(window / 2)) * BYTES_PER_TOKEN;
}
