/**
 * How long a door works on a request before it says that it cannot answer now. What it works on goes on: it waits out a change
 * of leader for up to a minute, and each request can be sent again.
 */
import { PlatformError } from '../../config/errors.ts';

/** For what reads or accepts one thing. */
export const ANSWER_MS = 15_000;
/** For what waits for a worker, or reads many journals. */
export const LONG_ANSWER_MS = 30_000;

/** @throws PlatformError `platform.not_ready` when the work takes longer */
export async function inTime<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const what = `the platform did not come to an answer within ${ms / 1000} s`;
      reject(new PlatformError('platform.not_ready', `${what}; what was asked may still be done: ask again`));
    }, ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
