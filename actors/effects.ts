/** The effects that an activation has started and that still run, stopped ones included: what they use must not be closed under them. */
import { setTimeout as pause } from 'node:timers/promises';
import type { JournaledEvent } from '../runtime/journal/entry.ts';

/** How long an end from outside waits for an event or a memory that is being written: less than a forwarder waits. */
const LANDING_MS = 150;

interface Running {
  ordinal: number;
  events: Promise<JournaledEvent[]>;
}

export class Effects {
  private readonly running = new Set<Running>();

  /** Starts one; `then` is told how it ended, unless it was stopped. Returns how to stop it. */
  start(
    ordinal: number,
    work: (signal: AbortSignal) => Promise<JournaledEvent[]>,
    then: { done(events: JournaledEvent[]): void; threw(error: unknown): void },
  ): () => void {
    const abort = new AbortController();
    const effect: Running = { ordinal, events: work(abort.signal) };
    this.running.add(effect);
    const ended = (tell: () => void): void => {
      this.running.delete(effect);
      if (!abort.signal.aborted) tell();
    };
    effect.events.then(
      (events) => ended(() => then.done(events)),
      (error: unknown) => ended(() => then.threw(error)),
    );
    return () => abort.abort();
  }

  /** What those effects come to in a moment; nothing of one that is slower, or that throws. */
  async landed(ordinals: number[]): Promise<JournaledEvent[]> {
    const wanted = [...this.running].filter(({ ordinal }) => ordinals.includes(ordinal));
    if (wanted.length === 0) return [];
    const given = new AbortController();
    const late = pause(LANDING_MS, [], { signal: given.signal }).catch(() => []);
    const landed = await Promise.all(wanted.map(({ events }) => Promise.race([events.catch(() => []), late])));
    given.abort();
    return landed.flat();
  }

  /** Resolves when no effect runs any more. */
  async quiet(): Promise<void> {
    await Promise.allSettled([...this.running].map(({ events }) => events));
  }
}
