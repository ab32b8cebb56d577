/** Reads a stream up to a sequence, in its order, holding no more of it in memory than one batch. */
import { type NatsConnection, RequestStrategy } from 'nats';
import { PlatformError } from '../../config/errors.ts';
import type { Line } from './format.ts';

const BATCH = 500;
const BATCH_BYTES = 8 * 1024 * 1024;
const BATCH_WAIT_MS = 30_000;

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

/** @throws PlatformError `nats.unreachable` when the server stops answering. */
export async function* messagesOf(nc: NatsConnection, { stream, filter, upTo }: ReadStream): AsyncGenerator<Line> {
  for (let from = 1; from <= upTo; ) {
    const request = { batch: BATCH, max_bytes: BATCH_BYTES, seq: from, next_by_subj: filter };
    const replies = await nc.requestMany(`$JS.API.DIRECT.GET.${stream}`, JSON.stringify(request), {
      strategy: RequestStrategy.SentinelMsg,
      maxWait: BATCH_WAIT_MS,
    });
    let pending: number | null = null;
    for await (const reply of replies) {
      if (reply instanceof Error) throw reply;
      const { headers, data } = reply;
      const status = headers?.code ?? 0;
      if (status === 404) return;
      if (status === 204) pending = Number(headers?.get('Nats-Num-Pending') || 0);
      if (status !== 0 || !headers) break;
      const sequence = Number(headers.get('Nats-Sequence'));
      if (sequence > upTo) return;
      from = sequence + 1;
      const kept = headers.keys().filter((name) => !NOT_KEPT.test(name));
      yield {
        subject: headers.get('Nats-Subject'),
        time: headers.get('Nats-Time-Stamp'),
        ...(kept.length > 0 && { headers: Object.fromEntries(kept.map((name) => [name, headers.values(name)])) }),
        ...body(data),
      };
    }
    if (pending === 0) return;
    if (pending === null) throw new PlatformError('nats.unreachable', `reading ${stream} broke off; is NATS up?`);
  }
}

function body(data: Uint8Array): Pick<Line, 'data' | 'data_base64'> {
  try {
    return { data: UTF8.decode(data) };
  } catch {
    return { data_base64: Buffer.from(data).toString('base64') };
  }
}
