import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { command, type CommandResult, environment } from './command.ts';
import type { HeldFolder } from './holders.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const BIN = join(ROOT, 'bin/agent-platform.mjs');

/** A command that runs until it is stopped. */
export interface Serving {
  readonly process: ChildProcess;
  /** The first line of stdout that matches, of those said already or later; fails when the command ends before. */
  line(pattern: RegExp): Promise<string>;
  signal(name: NodeJS.Signals): void;
  /** How it ended. */
  ended(): Promise<CommandResult>;
}

/** Settings of a command that uses the smallest pack; its doors take any free port. */
export const LIBRARY = { AGENT_PLATFORM_PACKS: join(ROOT, 'test/packs/library'), AGENT_PLATFORM_HTTP_PORT: '0' };

/** Runs a command to its end in the folder, with the library pack. */
export function commandIn(folder: HeldFolder, args: string[], env: Record<string, string> = LIBRARY) {
  return command(args, { cwd: folder.cwd, env });
}

/** Starts a command in the folder, with the library pack, in a process group of its own. */
export function serveIn(folder: HeldFolder, args: string[], env: Record<string, string> = LIBRARY): Serving {
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd: folder.cwd,
    env: environment(env),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  folder.adopt(child);
  const closed = once(child, 'close');
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => void (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (stderr += text));
  const find = (pattern: RegExp) =>
    stdout
      .split('\n')
      .slice(0, -1)
      .find((line) => pattern.test(line));
  return {
    process: child,
    line: async (pattern) => {
      for (;;) {
        const found = find(pattern);
        if (found !== undefined) return found;
        const over = await Promise.race([once(child.stdout, 'data').then(() => false), closed.then(() => true)]);
        if (over && find(pattern) === undefined) {
          throw new Error(`it ended with ${child.exitCode} before it said ${pattern}:\n${stdout}${stderr}`);
        }
      }
    },
    signal: (name) => void child.kill(name),
    ended: async () => {
      await closed;
      return { code: child.exitCode, stdout, stderr };
    },
  };
}
