/**
 * What a keeper and its clients say to each other: JSON lines. The spawning client writes a KeeperRequest to the
 * keeper's stdin and reads one KeeperGreeting from its stdout; from then on everyone speaks over the keeper's socket.
 */
import type { Readable } from 'node:stream';
import type { ErrorCode } from '../errors.ts';
import type { NatsAddress, RedisAddress } from './address.ts';

/** A program to run with its first arguments (a Debian server of another release runs through its own loader). */
export interface Program {
  readonly file: string;
  readonly args: readonly string[];
  readonly version: string;
}

export interface KeeperRequest {
  /** Real path of the folder that the keeper owns. */
  readonly dir: string;
  readonly durability: 'power' | 'process';
  readonly nats: Program | null;
  readonly redis: Program | null;
  /** Who asked for the keeper; only a hello with this token is let in, unless the hello shares. */
  readonly owner: { readonly pid: number; readonly token: string };
}

/** `held`: another keeper owns the folder. `refused`: the keeper could not begin. */
export type KeeperGreeting =
  | { readonly kind: 'listening'; readonly socket: string }
  | { readonly kind: 'held' }
  | { readonly kind: 'refused'; readonly message: string };

/** The first line of a client. `share` asks to join the servers of whoever holds the folder. */
export interface Hello {
  readonly pid: number;
  readonly token: string;
  readonly share: boolean;
}

export interface Connections {
  readonly nats: NatsAddress | null;
  readonly redis: RedisAddress | null;
}

/** `ready` answers a hello when the servers are up; `lost` may follow at any time, then the socket closes. */
export type KeeperMessage =
  | ({ readonly kind: 'ready' } & Connections)
  | { readonly kind: 'in_use'; readonly pid: number; readonly since: string }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: 'lost'; readonly message: string };

/** Calls `onLine` with each JSON line of the stream. The peer is our own code: a malformed line is a thrown bug. */
export function readLines<T>(stream: Readable, onLine: (line: T) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(JSON.parse(line) as T);
  });
}

export function toLine(message: KeeperRequest | KeeperGreeting | Hello | KeeperMessage): string {
  return `${JSON.stringify(message)}\n`;
}
