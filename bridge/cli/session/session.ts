/** What every command has: settings, a log, the terminal, and the platform when it needs one. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import type { Worker } from '../../../actors/worker.ts';
import { PlatformError } from '../../../config/errors.ts';
import type { Settings } from '../../../config/settings.ts';
import type { Tick } from '../../../runtime/mail/mail.ts';
import type { LogFile } from '../../platform/log-file.ts';
import { tell, tellJson } from '../../terminal/output.ts';
import type { Platform } from '../../platform/platform.ts';
import type { Records } from '../../platform/records.ts';
import { COLOURS, type Paint, PLAIN } from '../../terminal/terminal.ts';
import { ENDING_MS, gracefully, Interrupted } from './interruption.ts';

/** Columns of text that goes to a file or a pipe. */
const PIPED_WIDTH = 120;
const NARROWEST = 40;
/** A worker that lost its servers may wait for an answer that never comes. */
const CLOSING_MS = 3_000;

export interface Session {
  readonly settings: Settings;
  readonly logFile: LogFile;
  readonly json: boolean;
  readonly width: number;
  readonly paint: Paint;
  /** Results, on stdout. */
  say(text: string): void;
  /** The one JSON document, on stdout: on one line unless it is indented. */
  sayJson(document: unknown, indent?: number): void;
  /** Remarks, on stderr. */
  note(text: string): void;
  /** Remarks on the model, where it is named, on stderr. */
  noteModel(): void;
}

/** Runs a command's body; the number it returns is the exit code. What throws is logged and told by `main.ts`. */
export async function inSession(command: Command, body: (session: Session) => Promise<number>): Promise<void> {
  const { json = false, ...options } = command.optsWithGlobals() as { json?: boolean } & Record<string, unknown>;
  const { resolveSettings } = await import('../../../config/settings.ts');
  const { openLogFile } = await import('../../platform/log-file.ts');
  const { unusedKeyText } = await import('../../platform/model-key.ts');
  const settings = resolveSettings({ options });
  const note = (text: string): void => tell(process.stderr, text);
  const logFile = openLogFile(settings, note);
  const { stdout } = process;
  const session: Session = {
    settings,
    logFile,
    json,
    width: stdout.isTTY ? Math.max(stdout.columns, NARROWEST) : PIPED_WIDTH,
    paint: stdout.isTTY && stdout.hasColors() ? COLOURS : PLAIN,
    say: (text) => tell(stdout, text),
    sayJson: tellJson,
    note,
    noteModel: () => {
      const text = unusedKeyText(settings);
      if (text !== null) note(text);
    },
  };
  try {
    process.exitCode = await body(session);
  } catch (error) {
    throw logged(await coded(error), command, settings, logFile);
  } finally {
    logFile.close();
  }
}

/** A NATS that did not decide has a code of its own. */
async function coded(error: unknown): Promise<unknown> {
  if (error instanceof PlatformError || error instanceof Interrupted) return error;
  return (await import('../../../runtime/bus/patience.ts')).orUnavailable(error);
}

/** Areas of codes that answer what was asked: their message says it all. The others are trouble, and leave their stack. */
const REFUSING = new Set(
  (
    'settings definitions pack agent schedule topic target tenant subject request run human data state backup memory ' +
    'admission usage'
  ).split(' '),
);

/** People get a code and a sentence; the stack of what was not expected goes to the log. */
function logged(error: unknown, command: Command, { stateDir }: Settings, { log, path }: LogFile): unknown {
  if (error instanceof Interrupted) return error;
  const name = command.name();
  if (error instanceof PlatformError) {
    // A command that was refused before it began leaves no folder behind.
    if (!existsSync(stateDir)) return error;
    const { code, message: reason } = error;
    if (REFUSING.has(code.split('.')[0] ?? '')) log.warn({ code, reason, command: name }, 'the command was refused');
    else log.error({ err: error, command: name }, 'the command failed');
    return error;
  }
  log.fatal({ err: error, command: name }, 'the command threw');
  const message = error instanceof Error ? error.message : String(error);
  return new PlatformError('platform.unexpected', `${message}\nthe details are in ${path}`, { cause: error });
}

/** Opens the platform for a body that answers a question, and closes it again. Ctrl-C ends it at once. */
export async function withPlatform<T>(session: Session, body: (platform: Platform) => Promise<T>): Promise<T> {
  const { platform, lost } = await openFor(session, false);
  return closing(platform, lost, body(platform));
}

/** The same for a body that only reads records: no pack is loaded. */
export async function withRecords<T>(session: Session, body: (records: Records) => Promise<T>): Promise<T> {
  const { settings, logFile, note } = session;
  needPacks(settings);
  const { openRecords } = await import('../../platform/records.ts');
  const lost = new AbortController();
  const records = await openRecords(settings, logFile.log, {
    onProgress: note,
    onLost: (error) => lost.abort(error),
  });
  return closing(records, lost.signal, body(records));
}

/**
 * The same for a body that follows, works or serves: the signal aborts on Ctrl-C and when a server was lost, and the body
 * ends by itself soon after. Who `serves` takes work for every pack.
 */
export async function withPlatformUntil<T>(
  session: Session,
  body: (platform: Platform, signal: AbortSignal) => Promise<T>,
  { serves = false } = {},
): Promise<T> {
  const { platform, lost } = await openFor(session, serves);
  const part = async (interrupted: AbortSignal): Promise<T> =>
    closing(platform, lost, body(platform, AbortSignal.any([interrupted, lost])));
  return gracefully(part, session.settings.drainGraceMs + ENDING_MS);
}

async function openFor(
  { settings, logFile, note }: Session,
  serves: boolean,
): Promise<{ platform: Platform; lost: AbortSignal }> {
  needPacks(settings);
  const { openPlatform } = await import('../../platform/platform.ts');
  const lost = new AbortController();
  const platform = await openPlatform(settings, logFile.log, {
    serves,
    onProgress: note,
    onLost: (error) => lost.abort(error),
  });
  return { platform, lost: lost.signal };
}

async function closing<T>(opened: Records, lost: AbortSignal, work: Promise<T>): Promise<T> {
  try {
    return await untilLost(work, lost);
  } finally {
    await (lost.aborted ? bounded(opened.close()) : opened.close());
  }
}

/** Runs a body with a worker that takes mail; `keyless`: also when it cannot ask the model that the settings choose. */
export async function withWorker<T>(
  platform: Platform,
  signal: AbortSignal,
  body: (worker: Worker) => Promise<T>,
  { keyless = false } = {},
): Promise<T> {
  if (!keyless) (await import('../../platform/model-key.ts')).needKey(platform.settings);
  const { Worker } = await import('../../../actors/worker.ts');
  const { handleUnhandledErrors } = await import('../../../actors/unhandled-errors.ts');
  const { announceModel } = await import('../../platform/model-workers.ts');
  const { takeTick } = await import('../../commands/schedules.ts');
  const { maxLive, ackWaitMs, drainGraceMs: graceMs } = platform.settings;
  const onTick = async (tick: Tick, next: Date | null): Promise<void> => takeTick(platform, tick, next);
  const worker = new Worker(platform.nc, platform.runtime, {
    maxLive,
    ackWaitMs,
    graceMs,
    limits: platform.settings,
    onTick,
  });
  await worker.start();
  // A keyless one asks nobody.
  const endAnnouncing = keyless ? () => {} : announceModel(platform);
  const endKeeping = handleUnhandledErrors(platform.runtime.log, (text) => tell(process.stderr, text));
  try {
    return await body(worker);
  } finally {
    endAnnouncing();
    await (signal.reason instanceof PlatformError ? bounded(worker.stop()) : worker.stop());
    endKeeping();
  }
}

export function needPacks(settings: Settings): void {
  if (settings.packs.length > 0) return;
  throw new PlatformError(
    'pack.not_found',
    `no pack is named; write \`packs: [FOLDER]\` into agent-platform.yaml in ${process.cwd()}, or set AGENT_PLATFORM_PACKS`,
  );
}

/** What waits for an answer of a lost server would wait for ever. */
async function untilLost<T>(work: Promise<T>, lost: AbortSignal): Promise<T> {
  let onLost = (): void => {};
  const broken = new Promise<never>((_, reject) => {
    onLost = () => reject(lost.reason as Error);
    lost.addEventListener('abort', onLost, { once: true });
    if (lost.aborted) onLost();
  });
  work.catch(() => {}); // The loss is what is told, not what followed from it.
  try {
    return await Promise.race([work, broken]);
  } finally {
    lost.removeEventListener('abort', onLost);
  }
}

async function bounded(closing: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, CLOSING_MS);
  });
  await Promise.race([closing.then(undefined, () => {}), late]);
  clearTimeout(timer);
}
