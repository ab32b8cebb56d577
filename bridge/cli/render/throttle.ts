/** Tells of what comes in crowds: a moment after the first, so that one line tells of all, and not again for a while. */
const GATHER_MS = 1_000;
const AT_MOST_EVERY_MS = 15_000;

export interface Pace {
  now(): Date;
  gatherMs?: number;
  atMostEveryMs?: number;
}

export interface Throttle {
  /** There is something to tell. */
  wake(): void;
  /** Tells nothing more. Idempotent. */
  stop(): void;
}

/** `tell` returns whether there still was something to tell. */
export function throttle(
  tell: () => boolean,
  { now, gatherMs = GATHER_MS, atMostEveryMs = AT_MOST_EVERY_MS }: Pace,
): Throttle {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let said = Number.NEGATIVE_INFINITY;
  const fire = (): void => {
    timer = undefined;
    if (tell()) said = now().getTime();
  };
  return {
    wake: () => {
      if (stopped) return;
      timer ??= setTimeout(fire, Math.max(gatherMs, said + atMostEveryMs - now().getTime()));
    },
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
