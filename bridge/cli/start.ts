/** The process of one command. */
import { readerGone } from './session/interruption.ts';
import { runCommandLine } from './main.ts';

// A reader that has seen enough (`| head`) is no failure, and hides none.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  readerGone();
});
process.exitCode = await runCommandLine(process.argv.slice(2));
