import cliProgress from 'cli-progress';
import { tell } from './output.ts';
import { forTerminal } from './terminal.ts';

/** How far a piece of long work is: a bar on a terminal, one line elsewhere. */
export interface Progress {
  step(): void;
  /** Writes a line that stays, above the bar. */
  say(text: string): void;
  /** Removes the bar and shows the cursor again. Idempotent. */
  stop(): void;
}

const SHOW_CURSOR = '\u001b[?25h';

/** `label` says what is counted. A quiet one shows nothing. */
export function startProgress(stream: NodeJS.WriteStream, label: string, total: number, quiet: boolean): Progress {
  if (quiet) return { step: () => {}, say: () => {}, stop: () => {} };
  if (!stream.isTTY) {
    tell(stream, label);
    return { step: () => {}, say: (text) => tell(stream, text), stop: () => {} };
  }
  const bar = new cliProgress.SingleBar({
    stream,
    format: '{bar} {value}/{total}  {label}',
    barsize: 24,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    clearOnComplete: true,
    linewrap: false,
  });
  const showCursor = (): void => void stream.write(SHOW_CURSOR);
  process.once('exit', showCursor);
  let done = 0;
  let ended = false;
  const payload = { label: forTerminal(label) };
  bar.start(total, 0, payload);
  return {
    step: () => {
      done += 1;
      bar.increment();
    },
    say: (text) => {
      // The bar goes back to where it began when it stops, so it has to begin anew below the line.
      if (!ended) bar.stop();
      tell(stream, text);
      if (!ended) bar.start(total, done, payload);
    },
    stop: () => {
      ended = true;
      bar.stop();
      process.off('exit', showCursor);
    },
  };
}
