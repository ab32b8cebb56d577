/**
 * A client's hold on the embedded servers of a folder: it finds the keeper or spawns one, says hello, and keeps the
 * connection. The connection is the hold: however this process ends, the keeper notices.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { PlatformError } from '../errors.ts';
import { currentClaim, keeperArgument } from './claim.ts';
import { exists } from './process.ts';
import {
  type Connections,
  type KeeperGreeting,
  type KeeperMessage,
  type KeeperRequest,
  type Program,
  readLines,
  toLine,
} from './protocol.ts';

export interface HoldRequest {
  /** Real path of the services' folder. */
  readonly dir: string;
  /** As the user knows it, for messages. */
  readonly stateDir: string;
  readonly durability: 'power' | 'process';
  readonly programs: { readonly nats: Program | null; readonly redis: Program | null };
  /** PATH for the keeper. */
  readonly path: string;
  /** True joins the servers of a command that runs already; false refuses with `state.in_use`. */
  readonly share: boolean;
  readonly onLost: (error: PlatformError) => void;
}

export interface Hold extends Connections {
  /** Idempotent; resolves when the keeper let go, which it does after the servers ended if nobody else holds them. */
  readonly close: () => Promise<void>;
}

/** A predecessor that was interrupted needs this long at most to stop its servers. */
const TAKEOVER_PATIENCE_MS = 30_000;

/** @throws PlatformError `state.in_use`, `state.denied` or `services.start_failed` */
export async function acquire(request: HoldRequest): Promise<Hold> {
  const token = randomBytes(16).toString('hex');
  const deadline = performance.now() + TAKEOVER_PATIENCE_MS;
  for (;;) {
    const claim = currentClaim(request.dir);
    const keeper = claim === undefined ? await spawnKeeper(request, token) : undefined;
    const path = claim?.socket ?? keeper?.socket;
    const hold = path === undefined ? undefined : await sayHello(path, request, token, keeper);
    if (hold !== undefined) return hold;
    // The keeper is stopping its servers for a command that ended a moment ago, or another one won the claim.
    if (performance.now() > deadline) {
      throw new PlatformError(
        'state.in_use',
        `the state folder ${request.stateDir} is held by process ${claim?.pid ?? '?'}, which is stopping and does not ` +
          'end; end it by hand, then try again',
        { details: { pid: claim?.pid } },
      );
    }
    await delay(20);
  }
}

interface SpawnedKeeper {
  readonly process: ChildProcess;
  readonly socket: string;
  readonly exited: Promise<void>;
}

/** Undefined when another keeper won the claim. */
async function spawnKeeper(request: HoldRequest, token: string): Promise<SpawnedKeeper | undefined> {
  const logPath = join(request.dir, 'keeper.log');
  let log: number;
  try {
    log = openSync(logPath, 'a', 0o600);
  } catch (cause) {
    throw new PlatformError('state.denied', `${logPath} cannot be written: ${(cause as Error).message}`, { cause });
  }
  const script = fileURLToPath(new URL('./keeper.ts', import.meta.url));
  const args = ['--import', import.meta.resolve('tsx'), script, keeperArgument(request.dir)];
  const child = spawn(process.execPath, args, {
    detached: true, // Its own process group: Ctrl-C in a terminal does not reach it.
    cwd: '/',
    // The command's environment stays with the command: it may hold keys, and NODE_OPTIONS are not meant for the keeper.
    env: { PATH: request.path, TMPDIR: tmpdir() },
    stdio: ['pipe', 'pipe', log],
  });
  closeSync(log);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()).once('error', () => resolve()));
  child.stdin?.on('error', () => {}); // It ended; the greeting, or its absence, says so.
  const greeting = new Promise<KeeperGreeting | undefined>((resolve, reject) => {
    child.on('error', reject);
    if (child.stdout === null) return;
    readLines<KeeperGreeting>(child.stdout, resolve);
    child.stdout.on('close', () => resolve(undefined));
  });
  const { dir, durability, programs } = request;
  const asked: KeeperRequest = { dir, durability, ...programs, owner: { pid: process.pid, token } };
  child.stdin?.write(toLine(asked));
  const answer = await greeting.catch((error: Error) => ({ kind: 'refused', message: error.message }) as const);
  child.stdout?.destroy();
  if (answer?.kind === 'listening') return { process: child, socket: answer.socket, exited };
  child.stdin?.destroy();
  await exited;
  if (answer?.kind === 'held') return undefined;
  throw new PlatformError(
    'services.start_failed',
    `the keeper of the embedded servers did not start: ${answer?.message ?? 'it ended'}; its log is ${logPath}`,
  );
}

/** Undefined when the keeper went away without an answer. */
async function sayHello(
  path: string,
  request: HoldRequest,
  token: string,
  keeper: SpawnedKeeper | undefined,
): Promise<Hold | undefined> {
  const socket = connect(path);
  let lastWords = 'its keeper ended';
  let state: 'asking' | 'held' | 'released' = 'asking';
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const answer = await new Promise<KeeperMessage | undefined>((resolve) => {
    socket.on('error', () => {}); // 'close' follows.
    void closed.then(() => resolve(undefined));
    socket.on('connect', () => socket.write(toLine({ pid: process.pid, token, share: request.share })));
    readLines<KeeperMessage>(socket, (message) => {
      if (message.kind === 'lost') lastWords = message.message;
      else resolve(message);
    });
  });
  keeper?.process.stdin?.destroy();
  const gone = async (): Promise<void> => {
    socket.end();
    await closed;
    await keeper?.exited;
  };
  if (answer?.kind !== 'ready') {
    await gone();
    // The keeper has not noticed yet that its client was killed.
    if (answer === undefined || (answer.kind === 'in_use' && !exists(answer.pid))) return undefined;
    throw refusal(answer, request);
  }
  state = 'held';
  void closed.then(() => {
    if (state !== 'held') return;
    const message = `the embedded servers of ${request.stateDir} are gone: ${lastWords}; the logs are in ${request.dir}`;
    request.onLost(new PlatformError('services.lost', message));
  });
  release(socket, keeper);
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    state = 'released';
    socket.ref();
    keeper?.process.ref();
    closing ??= gone();
    return closing;
  };
  return { nats: answer.nats, redis: answer.redis, close };
}

/** The hold alone does not keep a process alive that has nothing left to do. */
function release(socket: Socket, keeper: SpawnedKeeper | undefined): void {
  socket.unref();
  keeper?.process.unref();
}

function refusal(answer: Exclude<KeeperMessage, { kind: 'ready' }>, request: HoldRequest): PlatformError {
  if (answer.kind === 'in_use') {
    const { pid, since } = answer;
    return new PlatformError(
      'state.in_use',
      `the state folder ${request.stateDir} is in use by process ${pid} since ${since}; wait until it has ended, or ` +
        'use another folder with --state-dir',
      { details: { stateDir: request.stateDir, pid, since } },
    );
  }
  const code = answer.kind === 'failed' ? answer.code : 'services.start_failed';
  return new PlatformError(code, `${answer.message}; the logs are in ${request.dir}`);
}
