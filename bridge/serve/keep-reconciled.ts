import { setTimeout as pause } from 'node:timers/promises';
import { Events } from 'nats';
import { reconcile } from '../../actors/reconcile.ts';
import { PlatformError } from '../../config/errors.ts';
import { isUndecided } from '../../runtime/bus/patience.ts';
import { digestOf } from '../../runtime/digest.ts';
import { reconcilingSubject } from '../../runtime/subjects.ts';
import type { Platform } from '../platform/platform.ts';

/** How long what failed rests before it is tried again: twice as long each time, at most `MOST_MS`. */
const LEAST_MS = 2_000;
const MOST_MS = 300_000;

/** How often one of the workers looks for what lies still: a fifth more or less, so that one of them is the first. */
const EVERY_MS = 600_000;
/** What has gained an entry since is not lying still. */
const STILL_MS = 60_000;

/**
 * Reconciles now, each time the connection to NATS came back, and now and then, until the signal aborts; what failed is tried again until
 * it is done. Of all processes that serve the same topics one at a time does it now and then: whoever begins says so, and the
 * others wait their time anew. `onReturn` is called after the connection came back: a server that did may have lost what else this process
 * keeps there.
 */
export async function keepReconciled(
  platform: Platform,
  signal: AbortSignal,
  onReturn: () => Promise<unknown> = async () => {},
  { leastMs = LEAST_MS, everyMs = EVERY_MS, stillMs = STILL_MS } = {},
): Promise<void> {
  const { nc, runtime } = platform;
  const { log } = runtime;
  const once = async (why: string, stillForMs = 0): Promise<void> => {
    const done = await reconcile(nc, runtime, { stillForMs });
    const { woken, events_created, events_left_out, schedules_armed } = done;
    if (woken + events_created + events_left_out + schedules_armed > 0) log.info({ ...done, why }, 'reconciled');
  };
  /** Once for people: as long as it goes on failing, there is nothing new to say. */
  const tell = (err: unknown, failed: number): void => {
    if (failed === 0) log.warn({ err }, 'reconciling failed; it is tried again until it succeeds');
    else log.debug({ err, failed }, 'reconciling failed again');
  };
  /** `failures`: how often it has failed by now. Ends when it is done, or when `ends` aborts. */
  const untilDone = async (work: () => Promise<unknown>, ends: AbortSignal, failures = 0): Promise<void> => {
    for (let failed = failures; !ends.aborted; failed++) {
      try {
        const rest = failed === 0 ? 0 : Math.min(leastMs * 2 ** (failed - 1), MOST_MS);
        await pause(rest, undefined, { signal: ends, ref: false });
        await work();
        if (failed > 0) log.info({ failed }, 'reconciling succeeded');
        return;
      } catch (err) {
        if (!ends.aborted) tell(err, failed);
      }
    }
  };
  let trying = new AbortController();
  let last: Promise<void> = Promise.resolve();
  let underWay = 0;
  /** In place of what failed before, whose rest it ends; one after the other. */
  const begin = (work: () => Promise<unknown>, failures = 0): void => {
    trying.abort();
    trying = new AbortController();
    const ends = AbortSignal.any([signal, trying.signal]);
    underWay += 1;
    last = last.then(() => untilDone(work, ends, failures)).finally(() => (underWay -= 1));
  };
  await once('start').catch((error: unknown) => {
    if (!(error instanceof PlatformError) && !isUndecided(error)) throw error;
    tell(error, 0);
    begin(() => once('start'), 1);
  });
  const follow = async (): Promise<void> => {
    for await (const { type } of nc.status()) {
      if (signal.aborted) return;
      if (type === Events.Reconnect) begin(() => once('reconnected').then(onReturn));
    }
  };
  void follow();
  const topics = runtime.catalog.packs.flatMap(({ manifest }) => Object.keys(manifest.topics));
  const subject = reconcilingSubject(digestOf(topics.toSorted()).slice(0, 16));
  let waiting = new AbortController();
  const others = nc.subscribe(subject, { callback: () => waiting.abort() });
  signal.addEventListener('abort', () => others.unsubscribe(), { once: true });
  const throttle = async (): Promise<void> => {
    while (!signal.aborted) {
      waiting = new AbortController();
      const ends = AbortSignal.any([signal, waiting.signal]);
      const ms = everyMs * (0.8 + 0.4 * Math.random());
      const isOurs = await pause(ms, true, { signal: ends, ref: false }).catch(() => false);
      if (!isOurs || underWay > 0 || nc.isClosed()) continue;
      nc.publish(subject);
      begin(() => once('now and then', stillMs));
    }
  };
  void throttle();
}
