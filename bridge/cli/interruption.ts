/**
 * Ctrl-C and SIGTERM. Outside a graceful part the process ends at once: embedded servers notice and stop by themselves.
 * Inside one the part is asked to end; a second signal ends the process at once.
 */
const EXIT = { SIGINT: 130, SIGTERM: 143 } as const;

/** npm passes on a Ctrl-C that the terminal has sent to the whole process group already: one press arrives twice. */
const SAME_PRESS_MS = 500;

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
let pressedAt: number | null = null;

export function listenForSignals(): void {
  for (const [name, exitCode] of Object.entries(EXIT)) process.on(name, () => press(exitCode));
}

function press(exitCode: number): void {
  const now = performance.now();
  if (pressedAt !== null && now - pressedAt < SAME_PRESS_MS) return;
  const first = pressedAt === null;
  pressedAt = now;
  if (first && graceful > 0) abort.abort(new Interrupted(exitCode));
  else process.exit(exitCode);
}

/** Nobody reads the results any more: what still serves or follows ends well, what has its result keeps its exit code. */
export function readerGone(): void {
  if (graceful > 0) abort.abort(new Interrupted(0));
  else process.exit();
}

/** Runs a part that ends by itself, soon after the signal aborts with an `Interrupted`. */
export async function gracefully<T>(part: (signal: AbortSignal) => Promise<T>): Promise<T> {
  graceful += 1;
  try {
    return await part(abort.signal);
  } finally {
    graceful -= 1;
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
