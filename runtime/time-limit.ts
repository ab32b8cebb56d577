/**
 * A signal that aborts after so many milliseconds, and keeps no process alive. It stands in for `AbortSignal.timeout`: of that
 * nobody holds on to a signal to which only `AbortSignal.any` listens, so that the garbage collector of Node 20 takes it, and
 * the limit never comes.
 */
export function abortsAfter(ms: number): AbortSignal {
  const late = new AbortController();
  setTimeout(() => late.abort(new DOMException(`it took longer than ${ms} ms`, 'TimeoutError')), ms).unref();
  return late.signal;
}
