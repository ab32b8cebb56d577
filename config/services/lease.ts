/**
 * A client's lease of the embedded servers of a folder: it joins the keeper that runs them or spawns one, says hello, and
 * keeps the connection. The connection is the lease: however this process ends, the keeper notices.
 *
 * Invariants:
 * 1. Of several clients that begin at once one spawns the keeper that gets the claim, and the others join it.
 * 2. A keeper that goes away before it answers is no error: it was stopping, or was killed, and the next one is asked.
 * 3. Servers that run otherwise than asked are never changed and never taken silently: that is `state.in_use`.
 */
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { PlatformError } from '../errors.ts';
import { currentClaim, keeperArgument } from './claim.ts';
import { exists, isRunning } from './process.ts';
import {
  type Connections,
  type Durability,
  type Hello,
  type KeeperMessage,
  type Keeping,
  type Program,
  PROTOCOL,
  readLines,
  toLine,
} from './protocol.ts';
import { spawnKeeper, type SpawnedKeeper } from './spawn-keeper.ts';

export interface Programs {
  readonly nats: Program | null;
  readonly redis: Program | null;
}

export interface LeaseRequest {
  /** Real path of the services' folder. */
  readonly dir: string;
  /** As the user knows it, for messages. */
  readonly stateDir: string;
  /** Null takes running servers as they are. */
  readonly durability: Durability | null;
  readonly needs: Hello['needs'];
  /** PATH for the keeper. */
  readonly path: string;
  readonly onLost: (error: PlatformError) => void;
}

/** How to start servers when none run; finding the programs may take long, so it is done only then. */
export interface StartRequest extends LeaseRequest {
  readonly durability: Durability;
  readonly findPrograms: () => Promise<Programs>;
}

export interface Lease extends Connections {
  readonly keeping: Keeping;
  /** Idempotent; resolves when the keeper let go: at once while others hold on, else after the servers have ended. */
  readonly close: () => Promise<void>;
}

/** A keeper whose last holder was interrupted needs this long at most to stop its servers. */
const STOPPING_PATIENCE_MS = 30_000;
/** A keeper of another version cannot be asked whether it is stopping. */
const STRANGER_PATIENCE_MS = 3_000;
const KEEPERS_LOST = 3;
/** After its last word the keeper has nothing left to do but to exit. */
const EXIT_PATIENCE_MS = 5_000;

/** Joins the servers of the folder, or starts them. @throws PlatformError `state.in_use`, `state.denied` or `services.*` */
export async function acquire(request: StartRequest): Promise<Lease> {
  for (let lost = 0; lost < KEEPERS_LOST; ) {
    const joined = await join(request);
    if (joined !== null) return joined;
    const programs = await request.findPrograms();
    if (currentClaim(request.dir) !== undefined) continue; // (1) Another was faster while they were fetched.
    const keeper = await spawnKeeper({ ...request, programs });
    if (keeper === undefined) continue; // (1)
    const lease = await sayHello(keeper.socket, keeper.pid, request, keeper);
    if (lease !== undefined) return lease;
    lost += 1; // (2)
  }
  throw new PlatformError(
    'services.start_failed',
    `the keeper of the embedded servers ended ${KEEPERS_LOST} times before it answered; its log is in ${request.dir}`,
  );
}

/** Joins the servers of the folder; null when none run. @throws PlatformError `state.in_use` or `services.start_failed` */
export async function join(request: LeaseRequest): Promise<Lease | null> {
  let waiting = { pid: 0, since: 0 };
  for (;;) {
    const claim = currentClaim(request.dir);
    if (claim === undefined) return null;
    const known = claim.protocol === PROTOCOL;
    const lease = known ? await sayHello(claim.socket, claim.pid, request) : undefined;
    if (lease !== undefined) return lease;
    if (waiting.pid !== claim.pid) waiting = { pid: claim.pid, since: performance.now() };
    const waited = performance.now() - waiting.since;
    if (!known && waited > STRANGER_PATIENCE_MS) throw stranger(request, claim.pid);
    if (waited > STOPPING_PATIENCE_MS) throw stuck(request, claim.pid);
    await delay(20);
  }
}

/** Undefined when the keeper went away without an answer. (2) */
async function sayHello(
  path: string,
  pid: number,
  request: LeaseRequest,
  spawned?: SpawnedKeeper,
): Promise<Lease | undefined> {
  const socket = connect(path);
  let lastWords = 'its keeper ended';
  let held = false;
  let kept = false;
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const answer = await new Promise<KeeperMessage | undefined>((resolve) => {
    const { durability, needs } = request;
    socket.on('error', () => {}); // 'close' follows.
    void closed.then(() => resolve(undefined));
    socket.on('connect', () => socket.write(toLine({ pid: process.pid, durability, needs })));
    readLines<KeeperMessage>(socket, (message) => {
      if (message.kind === 'lost') lastWords = message.message;
      else if (message.kind === 'kept') kept = true;
      else resolve(message);
    });
  });
  spawned?.release();
  const leave = async (): Promise<void> => {
    socket.end();
    await closed;
  };
  if (answer?.kind !== 'ready') {
    await leave();
    if (answer === undefined) return undefined;
    if (answer.kind === 'in_use') {
      // Killed holders that the keeper has not missed yet do not count.
      if (!answer.holders.some(exists)) return undefined;
      throw otherwise(request, answer);
    }
    if (spawned !== undefined) await ended(pid, request.dir);
    const { code, message } = answer as Extract<KeeperMessage, { kind: 'failed' }>;
    throw new PlatformError(code, `${message}; the logs are in ${request.dir}`);
  }
  held = true;
  void closed.then(() => {
    if (!held) return;
    const message = `the embedded servers of ${request.stateDir} are gone: ${lastWords}; the logs are in ${request.dir}`;
    request.onLost(new PlatformError('services.lost', message));
  });
  // The lease alone does not keep a process alive that has nothing left to do.
  socket.unref();
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    held = false;
    socket.ref();
    closing ??= leave().then(() => (kept ? undefined : ended(pid, request.dir)));
    return closing;
  };
  const { nats, redis, kind: _, ...keeping } = answer;
  return { nats, redis, keeping, close };
}

async function ended(pid: number, dir: string): Promise<void> {
  const end = performance.now() + EXIT_PATIENCE_MS;
  while (isRunning(pid, keeperArgument(dir)) && performance.now() < end) await delay(5);
}

/** (3) */
function otherwise({ stateDir, durability }: LeaseRequest, keeping: Keeping): PlatformError {
  const { since, holders, versions } = keeping;
  const who = `process ${holders.join(', ')}`;
  const differs = durability !== null && durability !== keeping.durability;
  const runs = Object.entries(versions).flatMap(([name, version]) => (version === null ? [] : [name]));
  const why = differs
    ? `they run with durability ${keeping.durability}, and this command asks for ${durability}`
    : `only ${runs.join(' and ')} is embedded there, and this command needs both`;
  const remedy = differs ? `ask for durability ${keeping.durability}` : 'use the same NATS_URL and REDIS_URL';
  return new PlatformError(
    'state.in_use',
    `the embedded servers of ${stateDir}, in use by ${who} since ${since}, cannot be joined: ${why}; ${remedy}, wait ` +
      'until that has ended, or use another folder with --state-dir',
    { details: { stateDir, since, holders, durability: keeping.durability } },
  );
}

function stranger({ stateDir }: LeaseRequest, pid: number): PlatformError {
  return new PlatformError(
    'state.in_use',
    `the embedded servers of ${stateDir} are kept by process ${pid} of another version of the platform and cannot be ` +
      'joined; end the commands that use it, or use another folder with --state-dir',
    { details: { stateDir, pid } },
  );
}

function stuck({ stateDir }: LeaseRequest, pid: number): PlatformError {
  return new PlatformError(
    'state.in_use',
    `the state folder ${stateDir} is held by process ${pid}, which is stopping and does not end; end it by hand, then ` +
      'try again',
    { details: { stateDir, pid } },
  );
}
