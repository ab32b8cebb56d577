/**
 * A run's journal as server-sent events, from the beginning or from behind `Last-Event-ID`, to the run's end.
 *
 * 1. The id of an event is its position in the journal's stream, so a client that comes back misses and repeats nothing.
 * 2. An event is made when the socket has room for it: a slow reader holds back the journal, not memory. One
 *    that takes nothing for `stallMs` is cut off.
 * 3. Whatever ends the stream (the client, the run, the door) also ends the reading.
 */
import { PlatformError } from '../../config/errors.ts';
import { ANSWER_MS, inTime } from '../contract/in-time.ts';
import { runEvent } from '../contract/run-event.ts';
import { type Followed, follow, isOver, readTails } from '../follow/follow.ts';
import { jsonText } from '../terminal/terminal.ts';
import type { HttpContext, HttpRequest } from './context.ts';
import { idOf, inServed } from './served.ts';

const MAX_STREAMS = 256;
const HEADERS = { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' };

export function eventRoute(context: HttpContext) {
  const { platform } = context;
  let open = 0;

  return async (c: HttpRequest): Promise<Response> => {
    const run = idOf(c, 'run.unknown');
    const after = positionOf(c.req.header('last-event-id'));
    const looked = inServed(platform, 'run.unknown', async (served) => {
      const found = await readTails(platform, served, run);
      if (found.size > 0) return { tenant: served, tails: found };
      throw new PlatformError('run.unknown', `there is no run ${JSON.stringify(run)}`);
    });
    const { tenant, tails } = await inTime(ANSWER_MS, looked);
    // 204 tells an EventSource that has everything not to come back.
    if (after > 0 && isOver(tails, after)) return c.body(null, 204);
    if (open >= MAX_STREAMS) throw new PlatformError('platform.busy', `${MAX_STREAMS} event streams are open already`);
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, context.stopping]);
    const entries = follow(platform, { tenant, run, after, tails }, signal);
    const stream = eventStream(entries, stop, context, {
      opened: () => void (open += 1),
      closed: () => void (open -= 1),
      stalled: () => void c.env?.outgoing?.destroy(),
      failed: (err) => platform.runtime.log.warn({ err, run }, 'an event stream broke off'),
    });
    return c.body(stream, 200, HEADERS);
  };
}

interface StreamHooks {
  opened(): void;
  closed(): void;
  stalled(): void;
  failed(error: unknown): void;
}

/** Opens nothing before its first pull: a HEAD request, or a client gone by then, reads nothing. */
function eventStream(
  entries: AsyncGenerator<Followed, void, undefined>,
  stop: AbortController,
  { heartbeatMs, stallMs }: HttpContext,
  hooks: StreamHooks,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let next: Promise<IteratorResult<Followed, void>> | null = null;
  let stall: NodeJS.Timeout | undefined;
  let isOpen = false;
  const close = (): void => {
    clearTimeout(stall);
    stop.abort();
    // A generator that rests at a yield sees no signal; this makes it leave.
    entries.return().catch(hooks.failed);
    if (isOpen) hooks.closed();
    isOpen = false;
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        clearTimeout(stall);
        if (!isOpen) {
          isOpen = true;
          hooks.opened();
        }
        try {
          next ??= entries.next();
          const result = await orSilence(next, heartbeatMs);
          if (stop.signal.aborted) return;
          if (result !== null) next = null;
          if (result?.done) {
            close();
            controller.close();
            return;
          }
          controller.enqueue(encoder.encode(result === null ? ': still here\n\n' : eventText(result.value)));
          stall = setTimeout(() => {
            close();
            hooks.stalled();
          }, stallMs);
        } catch (error) {
          // The client reconnects and goes on from its last id.
          hooks.failed(error);
          close();
          controller.close();
        }
      },
      cancel: close,
    },
    { highWaterMark: 0 },
  );
}

function eventText({ address, entry }: Followed): string {
  return `id: ${entry.seq}\nevent: entry\ndata: ${jsonText(runEvent(address, entry))}\n\n`;
}

/** Null when nothing came for `ms`; the promise is asked again later. */
async function orSilence<T>(promise: Promise<T>, ms: number): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), ms);
  });
  try {
    return await Promise.race([promise, silence]);
  } finally {
    clearTimeout(timer);
  }
}

function positionOf(header: string | undefined): number {
  if (header === undefined || header === '') return 0;
  if (/^\d{1,15}$/.test(header)) return Number(header);
  throw new PlatformError('request.invalid', 'Last-Event-ID: expected the id of an event of this run, a whole number');
}
