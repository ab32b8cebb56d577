/** Starts a keeper: a detached process that outlives a Ctrl-C, and is held by our pipe until our hello. */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PlatformError } from '../errors.ts';
import { FROM_SOURCES, NODE_ARGUMENTS } from '../root.ts';
import { keeperArgument } from './claim.ts';
import { type KeeperGreeting, type KeeperRequest, type Program, readLines, toLine } from './protocol.ts';

export interface SpawnedKeeper {
  readonly pid: number;
  readonly socket: string;
  /** Gives up the pipe: a hello was answered, or never will be. */
  release(): void;
}

interface SpawnRequest {
  readonly dir: string;
  readonly durability: 'power' | 'process';
  readonly programs: { readonly nats: Program | null; readonly redis: Program | null };
  readonly path: string;
}

/** Undefined when another keeper won the claim. @throws PlatformError `state.denied` or `services.start_failed` */
export async function spawnKeeper(request: SpawnRequest): Promise<SpawnedKeeper | undefined> {
  const { dir, durability, programs, path } = request;
  const logPath = join(dir, 'keeper.log');
  let log: number;
  try {
    log = openSync(logPath, 'a', 0o600);
  } catch (cause) {
    throw new PlatformError('state.denied', `${logPath} cannot be written: ${(cause as Error).message}`, { cause });
  }
  const script = fileURLToPath(new URL(FROM_SOURCES ? './keeper.ts' : './keeper.js', import.meta.url));
  const args = [...NODE_ARGUMENTS, script, keeperArgument(dir)];
  const child = spawn(process.execPath, args, {
    detached: true, // Its own process group: Ctrl-C in a terminal does not reach it.
    cwd: '/',
    // The command's environment stays with the command: it may hold keys, and NODE_OPTIONS are not meant for the keeper.
    env: { PATH: path, TMPDIR: tmpdir() },
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
  const asked: KeeperRequest = { dir, durability, ...programs, spawner: process.pid };
  child.stdin?.write(toLine(asked));
  const answer = await greeting.catch((error: Error) => ({ kind: 'refused', message: error.message }) as const);
  child.stdout?.destroy();
  if (answer?.kind === 'listening') {
    const release = (): void => {
      child.stdin?.destroy();
      child.unref();
    };
    return { pid: child.pid ?? 0, socket: answer.socket, release };
  }
  child.stdin?.destroy();
  await exited;
  if (answer?.kind === 'held') return undefined;
  throw new PlatformError(
    'services.start_failed',
    `the keeper of the embedded servers did not start: ${answer?.message ?? 'it ended'}; its log is ${logPath}`,
  );
}
