/**
 * Ctrl-C and SIGTERM always end a command.
 *
 * 1. Outside a graceful part nothing listens: the system ends the process at once, whatever it is doing. Embedded servers
 *    notice and stop by themselves.
 * 2. A graceful part is asked to end. A second signal ends the process at once, and so does the end of the part's time: it
 *    may wait for something that never comes, and a process that is killed loses nothing.
 */
import { tell } from '../../terminal/output.ts';

const EXIT = { SIGINT: 130, SIGTERM: 143 } as const;
type Signal = keyof typeof EXIT;
const SIGNALS = Object.keys(EXIT) as Signal[];

/** npm passes on a Ctrl-C that the terminal has sent to the whole process group already: one press arrives twice. */
const SAME_PRESS_MS = 500;
/** How long a graceful part may take to end, beside what its work is given. */
export const ENDING_MS = 10_000;

/** Why a command ended early; `hint` says how to go on. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  readonly exitCode: number;
  readonly hint: string | null;

  constructor(exitCode: number, hint: string | null = null) {
    super('interrupted');
    this.exitCode = exitCode;
    this.hint = hint;
  }
}

const abort = new AbortController();
let graceful = 0;
let mostMs = 0;
let pressedAt: number | null = null;

function press(signal: Signal): void {
  const now = performance.now();
  if (pressedAt !== null && now - pressedAt < SAME_PRESS_MS) return;
  const first = pressedAt === null;
  pressedAt = now;
  if (!first) process.exit(EXIT[signal]);
  const late = (): void => {
    tell(process.stderr, `not ended ${mostMs / 1000} s after ${signal}; ended at once`);
    process.exit(EXIT[signal]);
  };
  setTimeout(late, mostMs).unref();
  abort.abort(new Interrupted(EXIT[signal]));
}

/** Nobody reads the results any more: what still serves or follows ends well, what has its result keeps its exit code. */
export function readerGone(): void {
  if (graceful > 0) abort.abort(new Interrupted(0));
  else process.exit();
}

/** Runs a part that ends by itself, soon after the signal aborts with an `Interrupted`; `takesMs` is how long it may take then. */
export async function gracefully<T>(part: (signal: AbortSignal) => Promise<T>, takesMs = ENDING_MS): Promise<T> {
  graceful += 1;
  mostMs = Math.max(mostMs, takesMs);
  if (graceful === 1) for (const signal of SIGNALS) process.on(signal, press);
  try {
    return await part(abort.signal);
  } finally {
    graceful -= 1;
    // After a press the process ends; a second one must not take its last words away.
    if (graceful === 0 && pressedAt === null) for (const signal of SIGNALS) process.off(signal, press);
  }
}

/** How a command that serves until it is stopped ends: well when interrupted, else with what ended it. */
export async function untilInterrupted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  if (!(signal.reason instanceof Interrupted)) throw signal.reason;
}

/** The reason to throw where an aborted signal ended the work. */
export function stoppedBy(signal: AbortSignal, hint: string): unknown {
  const { reason } = signal;
  return reason instanceof Interrupted ? new Interrupted(reason.exitCode, hint) : reason;
}
