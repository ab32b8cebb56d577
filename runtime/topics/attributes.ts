/**
 * Attributes of CloudEvents as headers of NATS messages, in binary mode: `ce-<name>`, the value percent-encoded as the NATS
 * binding has it. Space, `%`, `"` and what is not printable ASCII are written `%XX`, a byte of UTF-8 each. Pure.
 */
import type { MsgHdrs } from 'nats';

export function encodeAttribute(value: string): string {
  return value.replaceAll(/[^!#$&-~]+/g, (some) =>
    Array.from(Buffer.from(some, 'utf8'), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}

/**
 * The value of an attribute, null without one. Events of earlier versions have no `ce-datacontenttype`, and their `ce-id` is
 * not encoded: a `%` in it is a `%`.
 */
export function attributeOf(headers: MsgHdrs | undefined, name: string): string | null {
  const written = headers?.get(`ce-${name}`) || null;
  if (written === null || (name === 'id' && !headers?.has('ce-datacontenttype'))) return written;
  try {
    return decodeURIComponent(written);
  } catch {
    return written; // Whatever wrote it did not encode it.
  }
}
