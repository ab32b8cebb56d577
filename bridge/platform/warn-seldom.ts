import type { Logger } from 'pino';

const AGAIN_MS = 60_000;

const warned = new WeakMap<Logger, Map<string, number>>();

/** Warns of what strikes many at once: of the same words within a minute only the first are a warning, the others are `debug`. */
export function warnSeldom(log: Logger, fields: object, words: string, now = performance.now()): void {
  const said = warned.get(log) ?? new Map<string, number>();
  warned.set(log, said);
  const isAgain = now - (said.get(words) ?? Number.NEGATIVE_INFINITY) < AGAIN_MS;
  if (!isAgain) said.set(words, now);
  log[isAgain ? 'debug' : 'warn'](fields, words);
}
