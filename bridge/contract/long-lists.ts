/**
 * Lists in answers. A batch of a hundred thousand targets is told in parts that every door can carry: a NATS message holds
 * 1 MiB unless its server says otherwise, and no answer has more than three lists. Pure.
 */
import { jsonText } from '../terminal/terminal.ts';

/** Bytes of JSON that a list may take; a shorter one is told whole. */
const LIST_BYTES = 256 * 1024;

/** As many of the items, from the first on, as an answer has room for: at least one. */
export function asManyAsFit<T>(items: readonly T[], most = LIST_BYTES): T[] {
  let bytes = 0;
  const end = items.findIndex((item, at) => {
    bytes += Buffer.byteLength(jsonText(item)) + 1;
    return bytes > most && at > 0;
  });
  return items.slice(0, end === -1 ? items.length : end);
}
