/**
 * Claude over the Messages API. One call per turn, the loop is the machine's. The SDK tries again a few times within a
 * turn; what outlasts that is `model.unavailable`, which a durable timer takes up.
 */
import Anthropic from '@anthropic-ai/sdk';
import { digestOf } from '../../digest.ts';
import { costOf, type ModelPrice } from '../cost.ts';
import type { ModelProvider, ModelReply, ModelRequest } from '../provider.ts';
import { codedError } from './errors.ts';
import { replyFrom } from './reply.ts';
import { apiRequest } from './request.ts';

export interface AnthropicOptions {
  apiKey: string;
  /** Where the API is; the vendor's when absent. */
  baseURL?: string;
  /** Which model answers for which tier. */
  models: Record<ModelRequest['tier'], string>;
  prices: Readonly<Record<string, ModelPrice>>;
  /** Longest answer, reasoning included, in tokens. */
  maxTokens: number;
  /** Longest that a turn may take, the SDK's retries included. */
  timeoutMs: number;
  /** False: the answer comes as one body. */
  streaming?: boolean;
  /** How often the SDK tries again by itself. */
  maxRetries?: number;
}

const DEFAULT_URL = 'https://api.anthropic.com';

export function anthropic(options: AnthropicOptions): ModelProvider {
  const { apiKey, baseURL = DEFAULT_URL, models, prices, maxTokens, timeoutMs } = options;
  const { streaming = true, maxRetries = 2 } = options;
  // Both are always given: settings are read in one place, and the SDK would read the environment itself. It logs bodies.
  const client = new Anthropic({ apiKey, baseURL, maxRetries, timeout: timeoutMs, logLevel: 'off' });
  return {
    name: 'anthropic',
    reply: async (request, signal): Promise<ModelReply> => {
      const model = models[request.tier];
      const body = apiRequest(request, { model, max_tokens: maxTokens });
      const late = AbortSignal.timeout(timeoutMs);
      const sent = { model, max_tokens: maxTokens, digest: digestOf(body) };
      const during = { signal: AbortSignal.any([signal, late]) };
      try {
        const message = streaming
          ? await streamed(client, body, during)
          : await client.messages.create(body, { ...during, timeout: timeoutMs });
        const reply = replyFrom(message);
        const cost = costOf(prices, reply.model, reply.usage) ?? costOf(prices, model, reply.usage);
        return {
          ...reply,
          ...(cost !== undefined && { cost_usd: cost }),
          ...(typeof message._request_id === 'string' && { request_id: message._request_id }),
          sent,
        };
      } catch (error) {
        signal.throwIfAborted();
        const thrown = late.aborted ? new Error(`no whole answer within ${timeoutMs} ms`) : error;
        throw codedError(thrown, model, apiKey, { sent });
      }
    },
  };
}

type Body = ReturnType<typeof apiRequest>;

async function streamed(
  client: Anthropic,
  body: Body,
  during: { signal: AbortSignal },
): Promise<Anthropic.Message & { _request_id?: string | null }> {
  const stream = client.messages.stream(body, during);
  const message = await stream.finalMessage();
  return { ...message, _request_id: stream.request_id ?? null };
}
