/**
 * One server process, owned by the keeper. Invariants:
 * 1. The server runs under a shell that holds a pipe from the keeper. When the pipe ends, for whatever reason (the
 *    keeper stops the server, or the keeper is killed), the shell stops the server. There is no other way to stop it.
 * 2. The shell ends when the server ends, with its code; so its exit is the server's exit.
 * 3. The shell writes the server's pid beside its configuration before anything else: a keeper whose predecessor was
 *    killed together with its shells finds the server there and stops it before it touches the data.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { Program } from './protocol.ts';
import { stopLeftover } from './process.ts';

const GUARD = `
pidfile=$1; shift
exec 3<&0
"$@" </dev/null 3<&- &
server=$!
echo $server >"$pidfile"
{
  read -r _ <&3
  kill -TERM $server
  tenths=0
  while kill -0 $server && [ $tenths -lt 100 ]; do sleep 0.1; tenths=$((tenths + 1)); done
  kill -KILL $server
} 2>/dev/null &
watcher=$!
exec 3<&-
trap '' TERM INT HUP
wait $server
code=$?
kill $watcher 2>/dev/null
exit $code
`;

export interface Server {
  readonly name: string;
  /** Settles with a sentence when the server has ended, for whatever reason. */
  readonly ended: Promise<string>;
  /** Idempotent; resolves when the server has ended. A server that ignores SIGTERM is killed after 10 s. */
  stop(): Promise<void>;
  /** The last lines it wrote. */
  log(): string;
}

/** Starts `program args` with its log in `<dir>/<name>.log`; the previous log is kept beside it. */
export function startServer(name: string, dir: string, program: Program, config: string): Server {
  const logPath = join(dir, `${name}.log`);
  try {
    renameSync(logPath, `${logPath}.previous`);
  } catch {
    // There is none at the first start.
  }
  const log = openSync(logPath, 'w', 0o600);
  const args = ['-c', GUARD, 'sh', pidPath(dir, name), program.file, ...program.args, ...configArgs(name, config)];
  const shell = spawn('/bin/sh', args, { stdio: ['pipe', log, log], cwd: dir });
  closeSync(log);
  // The pipe breaks when the server ends first; `ended` reports that.
  shell.stdin?.on('error', () => {});
  const ended = new Promise<string>((resolve) => {
    shell.on('error', (error) => resolve(`${name} could not be started: ${error.message}`));
    shell.on('exit', (code, signal) => {
      shell.stdin?.destroy(); // (1) also when only the shell was killed
      resolve(`${name} ended with ${signal === null ? `code ${code}` : `signal ${signal}`}`);
    });
  });
  return {
    name,
    ended,
    stop: async () => {
      shell.stdin?.destroy(); // (1)
      await ended; // (2)
      await stopNamed(dir, name, config);
    },
    log: () => readFileSync(logPath, 'utf8').trimEnd().split('\n').slice(-5).join('\n'),
  };
}

/** Stops what a killed predecessor left running on this folder. (3) False when it does not end. */
export async function stopNamed(dir: string, name: string, config: string): Promise<boolean> {
  let pid: number;
  try {
    pid = Number(readFileSync(pidPath(dir, name), 'utf8'));
  } catch {
    return true;
  }
  return !(pid > 0) || (await stopLeftover(pid, config));
}

function configArgs(name: string, config: string): string[] {
  return name === 'nats-server' ? ['-c', config] : [config];
}

function pidPath(dir: string, name: string): string {
  return join(dir, `${name}.pid`);
}
