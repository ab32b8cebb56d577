/** The folder of the embedded services under the state folder: made on first use, for its owner only. */
import { accessSync, chmodSync, constants, existsSync, mkdirSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PlatformError } from '../errors.ts';

export interface PreparedFolder {
  /** Real path, so that two ways to write one folder meet in one keeper. */
  readonly services: string;
  /** What this call made, innermost first; to be removed again when the start fails. */
  readonly created: readonly string[];
}

/** @throws PlatformError `state.denied` */
export function prepareFolder(stateDir: string): PreparedFolder {
  const services = join(stateDir, 'services');
  const created = [services, stateDir].filter((path) => !existsSync(path));
  try {
    makeFolder(services);
    chmodSync(services, 0o700);
    accessSync(services, constants.R_OK | constants.W_OK | constants.X_OK);
    return { services: realpathSync(services), created };
  } catch (cause) {
    const { code, path } = cause as NodeJS.ErrnoException;
    const why = REASONS[code ?? ''] ?? (cause as Error).message;
    throw new PlatformError(
      'state.denied',
      `the state folder ${stateDir} cannot be used: ${why}${path === undefined ? '' : ` (${path})`}; ` +
        'make it writable, or name another one with --state-dir or AGENT_PLATFORM_STATE_DIR',
      { cause, details: { stateDir, reason: code } },
    );
  }
}

/** Not `mkdir` with `recursive`: that never returns where a file system answers «no such file» to a mkdir, as /proc does. */
function makeFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  if (dirname(path) !== path) makeFolder(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another command makes it at the same moment.
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw error;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'no permission',
  EPERM: 'it belongs to someone else',
  EROFS: 'it lies on a read-only file system',
  ENOTDIR: 'a file is in the way',
  EEXIST: 'a file is in the way',
  ENOENT: 'the file system makes no folders there',
  ENOSPC: 'the disk is full',
};
