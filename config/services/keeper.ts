/**
 * The keeper: a detached process that owns the embedded servers of one folder while any client is connected to it.
 * It imports only node: modules and its own siblings, so that it starts fast.
 *
 * Invariants:
 * 1. It touches nothing in the folder before it holds the claim (claim.ts).
 * 2. It lives only while someone holds on to it: its spawner's pipe until the spawner's hello, and the sockets of its
 *    clients. The end of the last one stops the servers; the signals of a terminal do not.
 * 3. The servers end with it, also when it is killed (server.ts).
 * 4. A client's socket closes only after the servers have ended, if it was the last one; the others are told `kept`.
 * 5. Having begun to close it lets nobody in: whoever comes sees the socket close, and asks the next keeper.
 * 6. A written login is that of servers that run: it goes before they do, also that of a keeper that was killed.
 * 7. A server that ends by itself is started again at its address (post.ts). Clients are told `lost` only when it is given up.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { claim, RUNTIME_PREFIX } from './claim.ts';
import type { NatsAddress, RedisAddress } from './address.ts';
import { watchDisk } from './disk.ts';
import { startNats, startRedis } from './embedded.ts';
import { loginPath } from './login-path.ts';
import { Post } from './post.ts';
import {
  type Connections,
  type Hello,
  type KeeperGreeting,
  type KeeperMessage,
  type KeeperRequest,
  type Keeping,
  PROTOCOL,
  readLines,
  toLine,
} from './protocol.ts';

/** Longest path of a Unix socket is 104 bytes on macOS, 108 on Linux; our part of it takes less than 40. */
const LONGEST_TMPDIR = 64;

class Keeper {
  private readonly request: KeeperRequest;
  private readonly runtimeDir: string;
  private readonly since = new Date().toISOString();
  /** Those that hold the servers, each with the pid of its process. */
  private readonly clients = new Map<Socket, number>();
  private readonly sockets = new Set<Socket>();
  private readonly door = createServer({ allowHalfOpen: true }, (socket) => this.meet(socket));
  private nats: Post<NatsAddress> | null = null;
  private redis: Post<RedisAddress> | null = null;
  private unwatch = (): void => {};
  private spawnerWaits = true;
  private closing = false;

  constructor(request: KeeperRequest) {
    this.request = request;
    const base = Buffer.byteLength(tmpdir()) > LONGEST_TMPDIR ? '/tmp' : tmpdir();
    this.runtimeDir = mkdtempSync(join(base, RUNTIME_PREFIX));
  }

  async begin(): Promise<KeeperGreeting> {
    const socket = join(this.runtimeDir, 'keeper.sock');
    if (!claim(this.request.dir, { pid: process.pid, since: this.since, socket, protocol: PROTOCOL })) {
      rmSync(this.runtimeDir, { recursive: true, force: true });
      return { kind: 'held' }; // (1)
    }
    rmSync(loginPath(this.request.dir), { force: true }); // (6)
    await new Promise<void>((resolve, reject) => {
      this.door.on('error', reject);
      this.door.listen(socket, resolve);
    });
    this.startServers();
    // A hello reports it; until one comes, nobody else does.
    this.connections().catch((error: Error) => log(error.message));
    return { kind: 'listening', socket };
  }

  /** (2) */
  spawnerLeft(): void {
    this.spawnerWaits = false;
    this.closeIfLeft('nobody came');
  }

  private startServers(): void {
    const { request, runtimeDir } = this;
    const { nats, redis, dir } = request;
    const told = { onGivenUp: (how: string) => this.lose(how), log };
    if (nats) this.nats = new Post({ ...told, start: (known) => startNats(request, runtimeDir, nats, known) });
    if (redis) this.redis = new Post({ ...told, start: (known) => startRedis(request, runtimeDir, redis, known) });
    if (nats) this.unwatch = watchDisk(dir, () => this.roomAgain());
  }

  /** What failed to write once stores nothing more, also when there is room again. */
  private roomAgain(): void {
    log('the disk was full and has room again: nats-server is started anew');
    void this.nats?.restart();
  }

  private async connections(): Promise<Connections> {
    const [nats, redis] = await Promise.all([this.nats?.address ?? null, this.redis?.address ?? null]);
    return { nats, redis };
  }

  private meet(socket: Socket): void {
    this.sockets.add(socket);
    const send = (message: KeeperMessage): void => void socket.write(toLine(message));
    socket.on('error', (error) => log(`client: ${error.message}`));
    socket.on('close', () => {
      this.sockets.delete(socket);
      this.leave(socket);
    });
    socket.on('end', () => this.leave(socket));
    readLines<Hello>(socket, (hello) => {
      if (this.closing) return; // (5)
      if (!this.suits(hello)) {
        send({ kind: 'in_use', ...this.keeping() });
        return void socket.end();
      }
      this.clients.set(socket, hello.pid);
      if (hello.pid === this.request.spawner) this.spawnerWaits = false;
      this.connections().then(
        (connections) => send({ kind: 'ready', ...connections, ...this.keeping() }),
        (error: NodeJS.ErrnoException) => {
          // An errno comes from the folder: a file in the way, a full disk.
          const code = error.code === undefined ? 'services.start_failed' : 'state.denied';
          send({ kind: 'failed', code, message: error.message });
          void this.close('the servers did not start');
        },
      );
    });
  }

  /** A client never gets another durability than it asked for, nor fewer servers. */
  private suits({ durability, needs }: Hello): boolean {
    const { request } = this;
    const runsAll = (!needs.nats || request.nats !== null) && (!needs.redis || request.redis !== null);
    return runsAll && (durability === null || durability === request.durability);
  }

  private keeping(): Keeping {
    const { durability, nats, redis } = this.request;
    const versions = { nats: nats?.version ?? null, redis: redis?.version ?? null };
    const holders = [...new Set(this.clients.values())];
    return { pid: process.pid, since: this.since, durability, versions, holders };
  }

  private leave(socket: Socket): void {
    if (this.clients.delete(socket)) this.closeIfLeft('the last client left');
    if (this.closing) return; // (4)
    if (socket.writable) socket.end(toLine({ kind: 'kept' } satisfies KeeperMessage));
  }

  private closeIfLeft(why: string): void {
    if (this.clients.size === 0 && !this.spawnerWaits) void this.close(why);
  }

  private lose(how: string): void {
    if (this.closing) return;
    for (const client of this.clients.keys()) client.write(toLine({ kind: 'lost', message: how }));
    void this.close(how);
  }

  /** Stops the servers, then lets go of the clients (4), the sockets and the process. */
  async close(why: string): Promise<void> {
    if (this.closing) return;
    this.closing = true;
    log(`closing: ${why}`);
    this.door.close();
    rmSync(loginPath(this.request.dir), { force: true }); // (6)
    this.unwatch();
    await Promise.all([this.nats?.stop(), this.redis?.stop()]);
    rmSync(this.runtimeDir, { recursive: true, force: true });
    await Promise.all([...this.sockets].map((socket) => new Promise<void>((done) => socket.end(done))));
    process.exit(0);
  }
}

function log(line: string): void {
  process.stderr.write(`${new Date().toISOString()} keeper ${process.pid}: ${line}\n`);
}

process.umask(0o077);
for (const signal of ['SIGINT', 'SIGHUP', 'SIGPIPE'] as const) process.on(signal, () => {}); // (2)
// The spawner reads one line and closes its end.
process.stdout.on('error', () => {});

const greet = (greeting: KeeperGreeting): void => void process.stdout.write(toLine(greeting));
let keeper: Keeper | undefined;

readLines<KeeperRequest>(process.stdin, async (request) => {
  try {
    keeper = new Keeper(request);
    process.on('SIGTERM', () => void keeper?.close('SIGTERM'));
    const greeting = await keeper.begin();
    greet(greeting);
    if (greeting.kind === 'held') process.stdin.destroy();
  } catch (error) {
    greet({ kind: 'refused', message: (error as Error).message });
    process.exitCode = 1;
    process.stdin.destroy();
  }
});
process.stdin.on('end', () => keeper?.spawnerLeft());
