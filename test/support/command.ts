import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { openServices, type Services } from '../../config/services/open.ts';
import { testSettings } from './servers.ts';
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
  /** Called with each chunk of stderr. */
  onTold?(text: string): void;
  /** The same, with how to signal the command. */
  onStderr?(text: string, kill: (signal: NodeJS.Signals) => void): void;
}

/**
 * Runs a command line as a user would, by default in the project's folder. It runs in this process, which has the platform
 * loaded already, with the environment, the folder and the streams that a process of its own would have: most of a short
 * command's time is its start. A command that is to be signalled, or that runs beside another one, gets its own process.
 */
export function command(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return options.onStderr || running ? commandProcess(args, options) : commandHere(args, options);
}

/** A process runs one command at a time: folder, environment and streams are the process's. */
let running = false;

async function commandHere(
  args: readonly string[],
  { cwd = ROOT, env, onTold }: CommandOptions,
): Promise<CommandResult> {
  running = true;
  const { argv, exitCode } = process;
  const folder = process.cwd();
  const before = { ...process.env };
  const stdout = captured(process.stdout);
  const stderr = captured(process.stderr, onTold);
  process.argv = [process.execPath, BIN, ...args];
  process.exitCode = undefined;
  setEnvironment(environment(env));
  try {
    process.chdir(cwd);
    const { runCommandLine } = await import('../../bridge/cli/main.ts');
    const code = await runCommandLine(args);
    return { code, stdout: stdout.end(), stderr: stderr.end() };
  } finally {
    stdout.end();
    stderr.end();
    process.chdir(folder);
    setEnvironment(before);
    Object.assign(process, { argv, exitCode });
    running = false;
  }
}

function setEnvironment(env: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name];
  Object.assign(process.env, env);
}

/** What is written to a stream until `end` is called, which says it. To commands the stream is a pipe. */
function captured(stream: NodeJS.WriteStream, onText: (text: string) => void = () => {}): { end(): string } {
  const { write, isTTY } = stream;
  let text = '';
  stream.isTTY = false;
  stream.write = ((chunk: string | Uint8Array, ...rest: unknown[]) => {
    const said = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
    text += said;
    onText(said);
    const done = rest.at(-1);
    if (typeof done === 'function') process.nextTick(done);
    return true;
  }) as typeof stream.write;
  return {
    end: () => {
      Object.assign(stream, { write, isTTY });
      return text;
    },
  };
}

/** What commands of a test have in their environment: where programs and caches are, and these settings. */
export function environment(settings: Record<string, string> = {}): Record<string, string> {
  const { PATH = '', HOME = '', XDG_CACHE_HOME } = process.env;
  return { PATH, HOME, ...(XDG_CACHE_HOME && { XDG_CACHE_HOME }), ...settings };
}

/** Runs the command in a process of its own. */
export function commandProcess(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [BIN, ...args], {
      cwd: options.cwd ?? ROOT,
      env: environment(options.env),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => void (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      options.onTold?.(text);
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

/** The same, on servers that this process holds: each command joins them instead of starting its own. */
export function withHeldState(test: Suite): () => string {
  const stateDir = withStateDir(test);
  let services: Services | undefined;
  test.before(async () => {
    services = await openServices(testSettings(tmpdir(), { stateDir: stateDir() }));
  });
  test.after(async () => services?.close());
  return stateDir;
}
