/** A fixed number of worker processes: whoever dies is replaced. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { NODE_ARGUMENTS } from '../../config/root.ts';
import type { ChaosWorker, InnerFault, Said } from './chaos-worker.ts';
import type { Chance } from './random.ts';

const WORKER = fileURLToPath(new URL('./chaos-worker.ts', import.meta.url));
/** How long a worker may take to drain. */
const DRAIN_MS = 20_000;

/** A worker that was killed with SIGKILL; `at` in milliseconds of this machine's clock. */
export interface Kill {
  worker: string;
  at: number;
}

export class Crew {
  readonly kills: Kill[] = [];
  /** Of workers that nobody killed, in words. */
  readonly deaths: string[] = [];
  private readonly live = new Map<ChildProcess, string>();
  /** Those that do not take mail yet. */
  private readonly coming = new Set<ChildProcess>();
  private dismissed = false;
  private readonly chance: Chance;
  private readonly options: Omit<ChaosWorker, 'seed'>;
  private readonly struck: (fault: InnerFault) => void;

  /** `struck` is told what goes wrong inside of the workers. */
  constructor(chance: Chance, options: Omit<ChaosWorker, 'seed'>, struck: (fault: InnerFault) => void) {
    this.chance = chance;
    this.options = options;
    this.struck = struck;
  }

  /** Resolves when a new worker takes mail; one that comes while a server is down gives up, and another one is tried. */
  async hire(): Promise<void> {
    while (!this.dismissed && !(await this.tryToHire()));
  }

  private async tryToHire(): Promise<boolean> {
    const argument: ChaosWorker = { ...this.options, seed: Math.floor(this.chance.next() * 2 ** 32) };
    const child = fork(WORKER, [JSON.stringify(argument)], {
      execArgv: [...NODE_ARGUMENTS],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    const said = text(child.stderr as Readable);
    this.coming.add(child);
    const hired = await new Promise<boolean>((resolve) => {
      child.on('exit', () => resolve(false));
      child.on('message', (message: Said) => {
        if ('struck' in message) return this.struck(message.struck);
        this.live.set(child, message.worker);
        resolve(true);
      });
    });
    this.coming.delete(child);
    if (hired) {
      child.once('exit', (code) => {
        if (!this.live.delete(child)) return;
        void this.hire();
        void said.then((words) => this.deaths.push(`a worker ended by itself with ${code}: ${words}`));
      });
    }
    return hired;
  }

  get names(): string[] {
    return [...this.live.values()];
  }

  /** Returns how many it were: the last one that takes mail is spared, or a takeover would be the start of a process. */
  kill(): Promise<number> {
    return this.replace('SIGKILL');
  }

  drain(): Promise<number> {
    return this.replace('SIGTERM');
  }

  /** Stops the process for a while; it wakes up in the belief that no time has passed. */
  async pause(ms: number): Promise<void> {
    const child = this.chance.pick([...this.live.keys()]);
    child?.kill('SIGSTOP');
    await pause(ms);
    child?.kill('SIGCONT');
  }

  async dismiss(): Promise<void> {
    this.dismissed = true;
    const all = [...this.live.keys(), ...this.coming];
    this.live.clear();
    const gone = all
      .filter((child) => (child.exitCode ?? child.signalCode) === null)
      .map((child) => once(child, 'exit'));
    for (const child of all) child.kill('SIGKILL');
    await Promise.all(gone);
  }

  private async replace(signal: 'SIGKILL' | 'SIGTERM'): Promise<number> {
    const child = this.chance.pick([...this.live.keys()]);
    if (!child || this.live.size < 2) return 0;
    const worker = this.live.get(child) ?? '';
    this.live.delete(child);
    const gone = once(child, 'exit');
    if (signal === 'SIGKILL') this.kills.push({ worker, at: Date.now() });
    child.kill(signal);
    const late = setTimeout(() => child.kill('SIGKILL'), DRAIN_MS);
    await gone;
    clearTimeout(late);
    await this.hire();
    return 1;
  }
}
