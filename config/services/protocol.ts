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

export type Durability = 'power' | 'process';

/** Grows when keepers and clients of two versions no longer understand each other; it stands in the claim. */
export const PROTOCOL = 2;

export interface KeeperRequest {
  /** Real path of the folder that the keeper owns. */
  readonly dir: string;
  readonly durability: Durability;
  readonly nats: Program | null;
  readonly redis: Program | null;
  /** The process that asked for the keeper; until its hello, its pipe holds the keeper. */
  readonly spawner: number;
}

/** `held`: another keeper owns the folder. `refused`: the keeper could not begin. */
export type KeeperGreeting =
  | { readonly kind: 'listening'; readonly socket: string }
  | { readonly kind: 'held' }
  | { readonly kind: 'refused'; readonly message: string };

/** The first line of a client. */
export interface Hello {
  readonly pid: number;
  /** Null takes the servers as they run. */
  readonly durability: Durability | null;
  readonly needs: { readonly nats: boolean; readonly redis: boolean };
}

/** Null for a server that this keeper does not run. */
export interface Connections {
  readonly nats: NatsAddress | null;
  readonly redis: RedisAddress | null;
}

/** What a keeper says of itself. */
export interface Keeping {
  /** The keeper's own pid. */
  readonly pid: number;
  /** ISO instant. */
  readonly since: string;
  readonly durability: Durability;
  readonly versions: { readonly nats: string | null; readonly redis: string | null };
  /** Pids of the processes that hold it. */
  readonly holders: readonly number[];
}

/**
 * `ready` answers a hello when the servers are up, `in_use` when they cannot be joined as asked; `lost` may follow a
 * `ready` at any time, then the socket closes. `kept` answers a goodbye when others hold on: the servers go on.
 */
export type KeeperMessage =
  | ({ readonly kind: 'ready' } & Connections & Keeping)
  | ({ readonly kind: 'in_use' } & Keeping)
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: 'lost'; readonly message: string }
  | { readonly kind: 'kept' };

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
