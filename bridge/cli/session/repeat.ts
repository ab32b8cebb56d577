import { type ChildProcess, spawn } from 'node:child_process';
import { gracefully, untilInterrupted } from './interruption.ts';
import type { Session } from './session.ts';
import { watchFolders } from './watch-folders.ts';

/** One save of an editor is several changes. */
const QUIET_MS = 150;

/**
 * Runs this command again, without `--watch`, now and after every change below the folders, until Ctrl-C. Each time in a
 * process of its own: a module that was imported once would stay as it was.
 */
export async function watchAndRepeat({ note }: Session, folders: readonly string[]): Promise<number> {
  await gracefully(async (signal) => {
    let running: ChildProcess | null = null;
    let again = false;
    let timer: NodeJS.Timeout | undefined;
    const repeat = (): void => {
      again = running !== null;
      if (running !== null || signal.aborted) return;
      const [, script = '', ...args] = process.argv;
      const same = [...process.execArgv, script, ...args.filter((word) => word !== '--watch')];
      running = spawn(process.execPath, same, { stdio: ['ignore', 'inherit', 'inherit'] });
      running.on('error', (error) => note(`it could not be run again: ${error.message}`));
      running.on('close', () => {
        running = null;
        if (again) repeat();
      });
    };
    const stop = watchFolders(folders, () => {
      clearTimeout(timer);
      timer = setTimeout(repeat, QUIET_MS);
    });
    try {
      note(`watching ${folders.join(', ')}; Ctrl-C ends`);
      repeat();
      await untilInterrupted(signal);
    } finally {
      clearTimeout(timer);
      stop();
    }
  });
  return 0;
}
