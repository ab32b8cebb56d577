/** Reads a stream up to a sequence, in its order, holding no more of it in memory than one batch. */
import type { NatsConnection } from 'nats';
import { storedMessages } from '../../runtime/bus/stored.ts';
import type { Line } from './format.ts';

/** What the server adds when it hands a message out, and what its writer demanded when it was stored. */
const NOT_KEPT =
  /^Nats-(Stream|Subject|Sequence|Last-Sequence|Time-Stamp|Num-Pending|UpTo-Sequence|Msg-Id|Expected-.*)$/i;
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export interface ReadStream {
  stream: string;
  /** A subject filter. */
  filter: string;
  /** The last sequence that is wanted. */
  upTo: number;
}

export async function* messagesOf(nc: NatsConnection, { stream, filter, upTo }: ReadStream): AsyncGenerator<Line> {
  if (upTo < 1) return; // There may be no such stream yet.
  for await (const messages of storedMessages(nc, stream, { next_by_subj: filter, seq: 1 })) {
    for (const { subject, seq, time, headers, data } of messages) {
      if (seq > upTo) return;
      const kept = headers.keys().filter((name) => !NOT_KEPT.test(name));
      yield {
        subject,
        time,
        ...(kept.length > 0 && { headers: Object.fromEntries(kept.map((name) => [name, headers.values(name)])) }),
        ...body(data),
      };
    }
  }
}

function body(data: Uint8Array): Pick<Line, 'data' | 'data_base64'> {
  try {
    return { data: UTF8.decode(data) };
  } catch {
    return { data_base64: Buffer.from(data).toString('base64') };
  }
}
