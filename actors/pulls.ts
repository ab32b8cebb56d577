/**
 * A worker's open pulls: one per consumer, together never for more mail than there are free slots. Each message that is
 * taken brings one slot with it.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Consumer, JsMsg } from 'nats';
import type { Logger } from 'pino';
import { PAUSE_MS } from '../runtime/bus/patience.ts';
import type { Slots } from './slots.ts';

const PULL_MS = 5_000;

export interface PullOptions {
  slots: Slots;
  /** How many slots there are. */
  count: number;
  log: Logger;
  take(message: JsMsg): void;
  /** Called when a pull failed: the stream may have been made anew, without its consumers. */
  repair(): Promise<void>;
}

export class Pulls {
  private readonly options: PullOptions;
  private readonly running = new Set<{ close(): Promise<void | Error> | void }>();
  private loops: Promise<void>[] = [];
  private closed = false;

  constructor(options: PullOptions) {
    this.options = options;
  }

  /** Mail goes first: roots are begun only while mail leaves slots free. */
  open(mail: Consumer[], start: Consumer[]): void {
    const share = Math.max(1, Math.floor(this.options.count / (mail.length + start.length)));
    this.loops = [
      ...mail.map((consumer) => this.pull(consumer, share, 0)),
      ...start.map((consumer) => this.pull(consumer, share, mail.length)),
    ];
  }

  /** Resolves when nothing more will be taken. */
  async close(): Promise<void> {
    this.closed = true;
    await Promise.all([...this.running].map(async (each) => each.close()));
    this.options.slots.close();
    await Promise.allSettled(this.loops);
  }

  private async pull(consumer: Consumer, share: number, spare: number): Promise<void> {
    const { slots, log, take, repair } = this.options;
    while (!this.closed) {
      let taken = await slots.take(share, spare);
      if (this.closed) return;
      try {
        const messages = await consumer.fetch({ max_messages: taken, expires: PULL_MS });
        this.running.add(messages);
        for await (const message of messages) {
          taken -= 1;
          take(message);
        }
        this.running.delete(messages);
      } catch (err) {
        if (this.closed) return;
        log.warn({ err }, 'a pull failed; trying again');
        await pause(PAUSE_MS);
        await repair().catch((error: unknown) => log.warn({ err: error }, 'no consumers yet'));
      } finally {
        slots.give(taken);
      }
    }
  }
}
