/**
 * A reply is checked where it comes in, whoever gave it: a player, a script, an API, a gateway. What is malformed is a
 * failure of the model and never reaches a journal, where it would break every later prompt. Pure.
 */
import { z } from 'zod';
import { PlatformError } from '../../config/errors.ts';
import { canonicalJson } from '../canonical.ts';
import { formatPath } from '../definitions/words.ts';
import type { JsonObject } from '../json.ts';
import type { ModelReply } from './provider.ts';

const text = z.string();
const count = z.int().min(0);

const Block = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text }),
  z.object({
    type: z.literal('tool_use'),
    id: text,
    name: text,
    // Kept as it is: its own schema judges it.
    input: z.custom<JsonObject>(isObject, 'expected an object'),
    malformed: text.exactOptional(),
  }),
  z.object({ type: z.literal('thinking'), thinking: text, signature: text }),
  z.object({ type: z.literal('redacted_thinking'), data: text }),
]);

const Reply = z.object({
  model: text,
  content: z.array(Block),
  stop_reason: z.enum(['end_turn', 'tool_use', 'max_tokens', 'refusal', 'pause_turn']),
  declined: text.exactOptional(),
  usage: z.object({ input_tokens: count, output_tokens: count, cache_read_tokens: count, cache_write_tokens: count }),
  cost_usd: z.number().min(0).exactOptional(),
  prices_as_of: text.exactOptional(),
  request_id: text.exactOptional(),
  sent: z.object({ model: text, max_tokens: z.int(), digest: text }).exactOptional(),
}) satisfies z.ZodType<ModelReply>;

/**
 * The reply as JSON holds it, without members that nobody knows.
 * @throws PlatformError `model.failed` with the place of what is wrong; details as those of a provider
 */
export function checkedReply(reply: ModelReply): ModelReply {
  const parsed = Reply.safeParse(reply);
  if (!parsed.success) throw malformed(reply, parsed.error.issues.map(issueText).join('; '));
  try {
    canonicalJson(parsed.data);
  } catch (error) {
    throw malformed(reply, error instanceof Error ? error.message : String(error));
  }
  return JSON.parse(JSON.stringify(parsed.data)) as ModelReply;
}

function malformed(reply: Partial<ModelReply> | null | undefined, why: string): PlatformError {
  const { model, request_id, sent } = reply ?? {};
  const who = typeof model === 'string' && model !== '' ? model : 'the model';
  const details = {
    ...(typeof request_id === 'string' && { request_id }),
    ...(Reply.shape.sent.safeParse(sent).success && { sent }),
  };
  return new PlatformError('model.failed', `the answer of ${who} is malformed: ${why}`, { details });
}

/** `content.0.name: expected string, received number` */
function issueText({ path, message }: z.core.$ZodIssue): string {
  const where = formatPath(path.map((part) => (typeof part === 'number' ? part : String(part))));
  const what = message.replace(/^Invalid input: /, '');
  return where === '' ? what : `${where}: ${what}`;
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
