type Turn = () => Promise<void>;

/** Work done one after the other, in the order it came; what is urgent goes first. What throws is told, and what follows is done all the same. */
export class Turns {
  private readonly urgent: Turn[] = [];
  private readonly others: Turn[] = [];
  private running = false;
  private readonly threw: (error: unknown) => void;
  private readonly done: () => void;

  /** `done` is called each time that nothing is left. */
  constructor(threw: (error: unknown) => void, done: () => void) {
    this.threw = threw;
    this.done = done;
  }

  take(work: Turn, urgent = false): void {
    (urgent ? this.urgent : this.others).push(work);
    if (this.running) return;
    this.running = true;
    void this.run();
  }

  /** Resolves when what has been taken by now is done. */
  settled(): Promise<void> {
    if (!this.running) return Promise.resolve();
    return new Promise((resolve) => this.take(async () => resolve()));
  }

  private async run(): Promise<void> {
    // Whoever gives the work goes on first.
    await Promise.resolve();
    for (let work = this.next(); work; work = this.next()) {
      await work().catch(this.threw);
      if (this.urgent.length + this.others.length === 0) this.done();
    }
    this.running = false;
  }

  private next(): Turn | undefined {
    return this.urgent.shift() ?? this.others.shift();
  }
}
