/** Reads a request's body: JSON by its content type, and never more of it than the setting allows. */
import type { z } from 'zod';
import { PlatformError } from '../../config/errors.ts';
import { parseRequest } from '../contract/parse.ts';
import type { HttpRequest } from './context.ts';

const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i;

export async function readBody<T>(c: HttpRequest, schema: z.ZodType<T>, maxBytes: number): Promise<T> {
  const type = c.req.header('content-type');
  if (type === undefined || !JSON_TYPE.test(type)) {
    throw new PlatformError(
      'request.media_type',
      `expected the header \`Content-Type: application/json\`, got ${type === undefined ? 'none' : JSON.stringify(type.slice(0, 100))}`,
    );
  }
  return parseRequest(schema, await readBytes(c, maxBytes));
}

async function readBytes(c: HttpRequest, maxBytes: number): Promise<Uint8Array> {
  const tooLarge = () =>
    new PlatformError('request.too_large', `a request has at most ${maxBytes} bytes (setting max_request_bytes)`);
  if (Number(c.req.header('content-length') ?? 0) > maxBytes) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop cancels the stream; the rest is never read.
  for await (const chunk of (c.req.raw.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
