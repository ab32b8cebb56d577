/** The log of a command: JSON lines in a file of the state folder, never on the terminal; whoever prints the file can. */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Logger, pino } from 'pino';
import type { Settings } from '../../config/settings.ts';
import { escapedJson } from '../terminal/terminal.ts';

export interface LogFile {
  readonly log: Logger;
  readonly path: string;
  close(): void;
}

/**
 * The file (mode 0600) is opened by the first line, so that a command that fails before it does anything leaves no folder
 * behind. A file that cannot be written is told once to `onDenied`; the command goes on without a log.
 */
export function openLogFile(settings: Settings, onDenied: (message: string) => void): LogFile {
  const path = join(settings.stateDir, 'agent-platform.log');
  let file: number | null | undefined;
  const open = (): number | null => {
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      return openSync(path, 'a', 0o600);
    } catch (error) {
      onDenied(`no log is written: ${(error as Error).message}`);
      return null;
    }
  };
  const write = (line: string): void => {
    file ??= file === null ? null : open();
    if (file !== null) writeSync(file, escapedJson(line));
  };
  const close = (): void => {
    if (typeof file === 'number') closeSync(file);
    file = null;
  };
  return { log: pino({ level: settings.logLevel }, { write }), path, close };
}
