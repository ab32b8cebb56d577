/**
 * The clock of the NATS server, as this process knows it: its own, and by how much that differs. The server fires timers and
 * ticks, so every time that is journaled or waited for is of its clock, on whatever machine it is made.
 *
 * 1. A measurement counts only when it shows a difference for certain: an answer that took long proves little.
 * 2. It is measured when the process starts, now and then, and when the connection came back; what could not be measured
 *    stays as it was.
 */
import { Events, type NatsConnection } from 'nats';
import { MAIL_STREAM } from '../subjects.ts';

const EVERY_MS = 30_000;
const TIMEOUT_MS = 5_000;
/** Clocks that differ by less are taken for one. */
const SAME_MS = 100;
/** A machine whose clock is off by so much is told of. */
const FAR_MS = 2_000;

export interface ClockOptions {
  /** Milliseconds since 1970 of this machine's clock. */
  own?: () => number;
  /** Told once of each time the clocks are found to be seconds apart; positive: ours is ahead. */
  onFar?(aheadMs: number): void;
}

export class ServerClock {
  /** What is added to the own clock. */
  private offset = 0;
  private told = false;
  private isMeasured = false;
  private timer: NodeJS.Timeout | undefined;
  private readonly nc: NatsConnection;
  private readonly own: () => number;
  private readonly onFar: (aheadMs: number) => void;

  private constructor(nc: NatsConnection, { own = Date.now, onFar = () => {} }: ClockOptions) {
    this.nc = nc;
    this.own = own;
    this.onFar = onFar;
  }

  /** The streams must be there. A clock that cannot be measured yet is the own one. */
  static async open(nc: NatsConnection, options: ClockOptions = {}): Promise<ServerClock> {
    const clock = new ServerClock(nc, options);
    await clock.measure();
    clock.timer = setInterval(() => void clock.measure(), EVERY_MS).unref();
    void clock.follow();
    return clock;
  }

  now(): Date {
    return new Date(this.own() + this.offset);
  }

  /** Whose time `now` is. */
  get whose(): 'nats' | 'own' {
    return this.isMeasured ? 'nats' : 'own';
  }

  /** By how many milliseconds the clock of this machine is ahead of the server's, behind if negative; 0 for a moment. */
  get aheadMs(): number {
    return Math.abs(this.offset) < FAR_MS ? 0 : -this.offset;
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** (1) */
  private async measure(): Promise<void> {
    const asked = performance.now();
    const before = this.own();
    const reply = await this.nc
      .request(`$JS.API.STREAM.INFO.${MAIL_STREAM}`, '', { timeout: TIMEOUT_MS })
      .catch(() => null);
    const half = (performance.now() - asked) / 2;
    const server = Date.parse(reply?.json<{ ts?: string }>().ts ?? '');
    if (Number.isNaN(server)) return; // (2)
    this.isMeasured = true;
    const offset = server - (before + half);
    if (Math.abs(offset - this.offset) <= half + SAME_MS) return;
    this.offset = Math.round(offset);
    if (this.aheadMs !== 0 && !this.told) this.onFar(this.aheadMs);
    this.told = this.aheadMs !== 0;
  }

  private async follow(): Promise<void> {
    for await (const { type } of this.nc.status()) if (type === Events.Reconnect) await this.measure();
  }
}

/** For people. Pure. */
export function farText(aheadMs: number): string {
  const seconds = Math.round(Math.abs(aheadMs) / 1000);
  return (
    `the clock of this machine is ${seconds} s ${aheadMs > 0 ? 'ahead of' : 'behind'} that of NATS, by which timers fire; ` +
    'times are taken from NATS, synchronise both (NTP)'
  );
}
