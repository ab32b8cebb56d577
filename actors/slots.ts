/**
 * Slots for live activations. A pull takes as many as it may bring, so what is pulled can always be worked on.
 * `spare` slots are left free by callers of lower rank: new roots never take the last places from mail of running ones.
 */
export class Slots {
  private free: number;
  private readonly waiting: { want: number; spare: number; grant: (count: number) => void }[] = [];

  constructor(count: number) {
    this.free = count;
  }

  /** Resolves with 1 to `want` slots as soon as more than `spare` are free; with 0 when the slots are closed. */
  take(want: number, spare = 0): Promise<number> {
    return new Promise((grant) => {
      this.waiting.push({ want, spare, grant });
      this.serve();
    });
  }

  give(count: number): void {
    this.free += count;
    this.serve();
  }

  /** Grants nothing more: every waiting taker gets 0. */
  close(): void {
    for (const { grant } of this.waiting.splice(0)) grant(0);
  }

  private serve(): void {
    for (let i = 0; i < this.waiting.length; ) {
      const next = this.waiting[i];
      if (!next || this.free <= next.spare) {
        i += 1;
        continue;
      }
      this.waiting.splice(i, 1);
      const count = Math.min(next.want, this.free - next.spare);
      this.free -= count;
      next.grant(count);
    }
  }
}
