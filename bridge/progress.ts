import cliProgress from 'cli-progress';

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
    stream.write(`${label}\n`);
    return { step: () => {}, say: (text) => void stream.write(`${text}\n`), stop: () => {} };
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
  bar.start(total, 0, { label });
  return {
    step: () => {
      done += 1;
      bar.increment();
    },
    say: (text) => {
      // The bar goes back to where it began when it stops, so it has to begin anew below the line.
      if (!ended) bar.stop();
      stream.write(`${text}\n`);
      if (!ended) bar.start(total, done, { label });
    },
    stop: () => {
      ended = true;
      bar.stop();
      process.off('exit', showCursor);
    },
  };
}
