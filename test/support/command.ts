import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Suite } from './suite.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const BIN = join(ROOT, 'bin/agent-platform.mjs');

export interface CommandResult {
  /** Null when a signal ended the process. */
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface CommandOptions {
  cwd?: string;
  env?: Record<string, string>;
  /** Called with each chunk of stderr, and with how to signal the command. */
  onStderr?(text: string, kill: (signal: NodeJS.Signals) => void): void;
}

/** Runs the real command as a user would, in the project's folder. */
export function command(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const { PATH = '', HOME = '', XDG_CACHE_HOME } = process.env;
  const env = { PATH, HOME, ...(XDG_CACHE_HOME && { XDG_CACHE_HOME }), ...options.env };
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [BIN, ...args], {
      cwd: options.cwd ?? ROOT,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => void (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      options.onStderr?.(text, (signal) => void child.kill(signal));
    });
    child.on('error', fail);
    child.on('close', (code) => done({ code, stdout, stderr }));
  });
}

/** A state folder for a suite's commands, removed after its last test. */
export function withStateDir(test: Suite): () => string {
  let folder: string | undefined;
  test.before(() => {
    folder = mkdtempSync(join(tmpdir(), 'agent-platform-cli-'));
  });
  test.after(() => {
    if (folder) rmSync(folder, { recursive: true, force: true });
  });
  return () => {
    if (folder === undefined) throw new Error('the state folder exists only while a test runs');
    return join(folder, 'state');
  };
}
