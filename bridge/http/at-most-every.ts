/** Asks at most once per `ms`, however often it is called: callers in between share the answer, also one on its way. */
export function atMostEvery<T>(ms: number | ((tookMs: number) => number), ask: () => Promise<T>): () => Promise<T> {
  let shared: Promise<T> | null = null;
  return () => {
    if (shared) return shared;
    const began = performance.now();
    const asking = ask();
    shared = asking;
    const forget = (): void => {
      const keep = typeof ms === 'number' ? ms : ms(performance.now() - began);
      setTimeout(() => {
        shared = null;
      }, keep).unref();
    };
    asking.then(forget, forget);
    return asking;
  };
}
