import type { JsMsg } from 'nats';

/**
 * The mail of one activation, by its sequence in the stream. It waits for its turn, then is held until the invocation
 * rests; all that time it is kept alive, or the server would deliver it to another worker.
 */
export class Mailbag {
  private readonly waiting = new Map<number, JsMsg>();
  private readonly held = new Map<number, JsMsg>();

  /** False for a redelivery of what is here already: only the handle to acknowledge it by is replaced. */
  add(message: JsMsg): boolean {
    for (const known of [this.waiting, this.held]) {
      if (!known.has(message.seq)) continue;
      known.set(message.seq, message);
      return false;
    }
    this.waiting.set(message.seq, message);
    return true;
  }

  has(seq: number): boolean {
    return this.waiting.has(seq) || this.held.has(seq);
  }

  /** The newest handle of a message that waits. */
  latest(message: JsMsg): JsMsg {
    return this.waiting.get(message.seq) ?? message;
  }

  /** The message's turn is over: it is held, or somebody has decided on it. */
  leave(message: JsMsg): void {
    this.waiting.delete(message.seq);
  }

  hold(message: JsMsg): void {
    this.held.set(message.seq, this.latest(message));
  }

  keepAlive(): void {
    for (const mail of [this.waiting, this.held]) for (const message of mail.values()) message.working();
  }

  /** The invocation rests and all its sends are confirmed. */
  ackHeld(): void {
    for (const message of this.held.values()) message.ack();
    this.held.clear();
  }

  /** This one alone brings the invocation back, should the worker die. */
  ackHeldBut(message: JsMsg): void {
    const kept = this.held.get(message.seq);
    this.held.delete(message.seq);
    this.ackHeld();
    if (kept) this.held.set(message.seq, kept);
  }

  /** Gives all of it to whoever asks next, at once. */
  handBack(): void {
    for (const mail of [this.waiting, this.held]) for (const message of mail.values()) message.nak();
    this.drop();
  }

  /** Touches nothing of it any more: it is somebody else's, or comes again. */
  drop(): void {
    this.held.clear();
  }
}
