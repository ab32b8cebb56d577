/**
 * The connections of the HTTP door: so many in all and of one address. Whoever comes beyond that is not turned away, as it
 * may be the one that asks whether the process lives. It gets a spare connection, which is good for that question alone.
 *
 * 1. Spare connections are few, and a new one ends the oldest: however many come, a question that is asked at once has time
 *    to be answered.
 * 2. Requests that come in one read are taken one after the other, and nobody else is answered meanwhile.
 */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

const SPARE = 64;
const SPARE_MS = 10_000;
/** Requests of one connection that wait for their answers. */
const MOST_UNANSWERED = 16;

export interface Limits {
  most: number;
  perAddress: number;
}

export class Connections {
  private readonly limits: Limits;
  private readonly onBeyond: (address: string) => void;
  private readonly counts = new Map<string, number>();
  private open = 0;
  private readonly spare = new Set<Socket>();
  private readonly unanswered = new WeakMap<Socket, number>();

  /** `onBeyond` is told of each connection that goes beyond the limits. */
  constructor(limits: Limits, onBeyond: (address: string) => void) {
    this.limits = limits;
    this.onBeyond = onBeyond;
  }

  /** What a socket may count at most: with less, the kernel would refuse before a spare one is made free. */
  get ceiling(): number {
    return this.limits.most + 2 * SPARE;
  }

  take(socket: Socket): void {
    const address = networkOf(socket.remoteAddress ?? '');
    const count = this.counts.get(address) ?? 0;
    if (this.open >= this.limits.most || count >= this.limits.perAddress) {
      this.onBeyond(address);
      return this.takeSpare(socket);
    }
    this.open += 1;
    this.counts.set(address, count + 1);
    socket.once('close', () => {
      this.open -= 1;
      const left = (this.counts.get(address) ?? 1) - 1;
      if (left > 0) this.counts.set(address, left);
      else this.counts.delete(address);
    });
  }

  isSpare(socket: Socket): boolean {
    return this.spare.has(socket);
  }

  /** Whether the request behind this answer is heeded. A client that piles up requests loses its connection. (2) */
  heeds(socket: Socket, answer: ServerResponse): boolean {
    if (socket.destroyed) return false;
    const count = (this.unanswered.get(socket) ?? 0) + 1;
    if (count > MOST_UNANSWERED) {
      socket.destroy();
      return false;
    }
    this.unanswered.set(socket, count);
    answer.once('close', () => this.unanswered.set(socket, (this.unanswered.get(socket) ?? 1) - 1));
    return true;
  }

  private takeSpare(socket: Socket): void {
    if (this.spare.size >= SPARE) {
      const [oldest] = this.spare;
      if (oldest) this.end(oldest);
    }
    this.spare.add(socket);
    const late = setTimeout(() => this.end(socket), SPARE_MS);
    socket.once('close', () => {
      clearTimeout(late);
      this.spare.delete(socket);
    });
  }

  /** (1) */
  private end(socket: Socket): void {
    this.spare.delete(socket);
    socket.destroy();
  }
}

/** Who an address belongs to: an IPv4 address to one, of an IPv6 address the first 64 bits. Pure. */
export function networkOf(address: string): string {
  const four = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (four !== undefined || !address.includes(':')) return four ?? address;
  const [head = '', tail = ''] = (address.split('%')[0] ?? '').split('::');
  const first = head.split(':').filter(Boolean);
  const last = tail.split(':').filter(Boolean);
  const gap = address.includes('::') ? Math.max(0, 8 - first.length - last.length) : 0;
  const words = [...first, ...Array<string>(gap).fill('0'), ...last];
  return `${words.slice(0, 4).join(':')}::/64`;
}
