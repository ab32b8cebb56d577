/** What a caller sends along to find its request again: checked at the door, carried to the last event. Pure. */
import type { Trace } from '../../runtime/journal/entry.ts';

const CORRELATION_ID = /^[\x20-\x7e]{1,200}$/;
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/**
 * The trace of a request. A correlation id is 1 to 200 printable ASCII characters; another one is replaced by a fresh
 * id. A traceparent that is not of W3C's format is left out, as W3C asks.
 */
export function traceFrom(sent: { correlationId?: string; traceparent?: string }, newId: () => string): Trace {
  const { correlationId = '', traceparent = '' } = sent;
  return {
    correlation_id: CORRELATION_ID.test(correlationId) ? correlationId : newId(),
    ...(TRACEPARENT.test(traceparent) && { traceparent }),
  };
}
