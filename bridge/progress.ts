import cliProgress from 'cli-progress';

/** How far a piece of long work is: a bar on a terminal, one line elsewhere. */
export interface Progress {
  step(): void;
  /** Removes the bar and shows the cursor again. Idempotent. */
  stop(): void;
}

const SHOW_CURSOR = '\u001b[?25h';

/** `label` says what is counted. A quiet one shows nothing. */
export function startProgress(stream: NodeJS.WriteStream, label: string, total: number, quiet: boolean): Progress {
  if (quiet) return { step: () => {}, stop: () => {} };
  if (!stream.isTTY) {
    stream.write(`${label}\n`);
    return { step: () => {}, stop: () => {} };
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
  bar.start(total, 0, { label });
  return {
    step: () => bar.increment(),
    stop: () => {
      bar.stop();
      process.off('exit', showCursor);
    },
  };
}
