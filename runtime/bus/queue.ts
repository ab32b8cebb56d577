/** What is put in is taken out in order, until it is ended or the signal aborts. */
export class Queue<T> {
  private readonly signal: AbortSignal;
  private readonly items: T[] = [];
  private error: unknown = null;
  private isEnded = false;
  private wake = (): void => {};

  constructor(signal: AbortSignal) {
    this.signal = signal;
  }

  put(item: T): void {
    this.items.push(item);
    this.wake();
  }

  /** With an error, whoever takes out next gets that. */
  end(error: unknown): void {
    this.isEnded = true;
    this.error = error;
    this.wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    const onAbort = (): void => this.wake();
    this.signal.addEventListener('abort', onAbort);
    try {
      while (!this.signal.aborted) {
        const item = this.items.shift();
        if (item !== undefined) {
          yield item;
          continue;
        }
        if (this.isEnded) {
          if (this.error) throw this.error;
          return;
        }
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
      }
    } finally {
      this.signal.removeEventListener('abort', onAbort);
    }
  }
}
