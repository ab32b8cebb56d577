/** Work done one after the other, in the order it came. What throws is told, and what follows is done all the same. */
export class Turns {
  private last: Promise<void> = Promise.resolve();
  private left = 0;
  private readonly threw: (error: unknown) => void;
  private readonly done: () => void;

  /** `done` is called each time that nothing is left. */
  constructor(threw: (error: unknown) => void, done: () => void) {
    this.threw = threw;
    this.done = done;
  }

  take(work: () => Promise<void>): void {
    this.left += 1;
    this.last = this.last
      .then(work)
      .catch(this.threw)
      .finally(() => {
        this.left -= 1;
        if (this.left === 0) this.done();
      });
  }

  /** Resolves when what has been taken by now is done. */
  settled(): Promise<void> {
    return this.last;
  }
}
