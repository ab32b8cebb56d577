/**
 * One embedded server at its post: one that ends by itself is started again at the same address, so that its clients
 * come back to it by themselves.
 *
 * 1. Each ending waits longer than the one before; more than `INTENSITY` of them within `PERIOD_MS` and it is given up.
 * 2. After `stop` it is not started again.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Started } from './embedded.ts';

const INTENSITY = 5;
const PERIOD_MS = 60_000;
const FIRST_WAIT_MS = 100;

export interface PostOptions<Address> {
  /** Starts the server, at a known address when it had one. */
  start(known: Address | null): Promise<Started<Address>>;
  /** It is given up; the sentence says how it ended last. */
  onGivenUp(how: string): void;
  log(line: string): void;
}

export class Post<Address> {
  /** Settles when the server answers; while it is started again it is pending. */
  address: Promise<Address>;
  private readonly options: PostOptions<Address>;
  private spawning: Promise<Started<Address>>;
  private current: Started<Address> | null = null;
  /** Times of the endings of the last period, in milliseconds of this process. */
  private endings: number[] = [];
  private stopping = false;

  constructor(options: PostOptions<Address>) {
    this.options = options;
    this.spawning = this.launch(null);
    this.address = this.serve(this.spawning);
    this.address.catch(() => {}); // Whoever asks for it is told.
  }

  /** Ends the server, so that it is started again. */
  async restart(): Promise<void> {
    await this.current?.server.stop();
  }

  /** Idempotent; resolves when the server has ended. */
  async stop(): Promise<void> {
    this.stopping = true; // (2)
    await this.spawning.catch(() => {});
    await this.current?.server.stop();
  }

  private async launch(known: Address | null): Promise<Started<Address>> {
    const started = await this.options.start(known);
    started.ready.catch(() => {}); // `serve` reports it.
    this.current = started;
    return started;
  }

  private async serve(spawning: Promise<Started<Address>>): Promise<Address> {
    const { server, ready } = await spawning;
    const address = await ready;
    void server.ended.then((how) => {
      if (this.stopping) return;
      this.address = this.revive(how, address);
      this.address.catch(() => {});
    });
    return address;
  }

  private async revive(how: string, address: Address): Promise<Address> {
    for (let last = how; ; ) {
      const now = performance.now();
      this.endings = [...this.endings.filter((at) => now - at < PERIOD_MS), now];
      if (this.endings.length > INTENSITY) {
        this.options.onGivenUp(last);
        throw new Error(last);
      }
      this.options.log(`${last}; it is started again`);
      await delay(FIRST_WAIT_MS * 2 ** (this.endings.length - 1)); // (1)
      if (this.stopping) throw new Error(last);
      try {
        this.spawning = this.launch(address);
        return await this.serve(this.spawning);
      } catch (error) {
        last = (error as Error).message;
      }
    }
  }
}
