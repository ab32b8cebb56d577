/** Real processes that hold the embedded servers of one folder, and what runs for that folder. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { NODE_ARGUMENTS } from '../../config/root.ts';
import type { NatsAddress, RedisAddress } from '../../config/services/address.ts';
import { isRunning } from '../../config/services/process.ts';
import { testSettings } from './servers.ts';

const HOLDER = fileURLToPath(new URL('./hold-servers.ts', import.meta.url));

export interface Opened {
  nats: NatsAddress;
  redis: RedisAddress;
  /** The keeper's pid. */
  keeper: number;
}

export interface Said {
  open?: Opened;
  failed?: { code: string; message: string };
  lost?: string;
}

export interface Holder {
  readonly process: ChildProcess;
  /** What it says next; undefined when it has ended. */
  next(): Promise<Said | undefined>;
  /** Lets go as a command that ends does; resolves when the process has ended. */
  end(): Promise<void>;
  kill(): Promise<void>;
}

export class HeldFolder {
  readonly cwd = realpathSync(mkdtempSync(join(tmpdir(), 'holders-')));
  readonly services = join(this.cwd, '.agent-platform/services');
  private readonly holders: ChildProcess[] = [];

  hold(settings: Record<string, unknown> = {}): Holder {
    const child = spawn(
      process.execPath,
      [...NODE_ARGUMENTS, HOLDER, JSON.stringify(testSettings(this.cwd, settings))],
      {
        cwd: this.cwd,
        detached: true,
        stdio: ['pipe', 'pipe', 'inherit'],
      },
    );
    this.holders.push(child);
    const exited = once(child, 'exit');
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return {
      process: child,
      next: async () => {
        const { value, done } = await lines.next();
        return done ? undefined : (JSON.parse(value) as Said);
      },
      end: async () => {
        child.stdin.end();
        await exited;
      },
      kill: async () => {
        child.kill('SIGKILL');
        await exited;
      },
    };
  }

  async holdOpen(settings: Record<string, unknown> = {}): Promise<Holder & { open: Opened }> {
    const holder = this.hold(settings);
    const said = await holder.next();
    return said?.open ? { ...holder, open: said.open } : assert.fail(`it did not open: ${JSON.stringify(said)}`);
  }

  /** Another process on this folder that must not outlive the test. */
  adopt(child: ChildProcess): void {
    this.holders.push(child);
  }

  /** Command lines of keepers, shells and servers of this folder, each with its pid. */
  running(): string[] {
    const table = execFileSync('ps', ['-axww', '-o', 'pid=,args='], { encoding: 'utf8' });
    return table.split('\n').filter((line) => line.includes(`${this.services}/`) || line.endsWith(this.services));
  }

  keepers(): number[] {
    return this.running().flatMap((line) => (line.includes('--keeper-of=') ? [Number.parseInt(line, 10)] : []));
  }

  /** Resolves when nothing does. A look at one process costs nothing, one at the table of all of them does. */
  async nothingRuns(): Promise<void> {
    const end = performance.now() + 20_000;
    for (let left = this.running(); left.length > 0; left = this.running()) {
      const [first = ''] = left;
      do {
        assert.ok(performance.now() < end, `still running:\n${left.join('\n')}`);
        await delay(5);
      } while (isRunning(Number.parseInt(first, 10), first.split(' ').at(-1) ?? ''));
    }
  }

  /** Kills the holders and checks that nothing stays; removes the folder. */
  async remove(): Promise<void> {
    for (const holder of this.holders) holder.kill('SIGKILL');
    await this.nothingRuns().finally(() => {
      // A failed test leaves no server to the next one.
      for (const line of this.running()) process.kill(Number.parseInt(line, 10), 'SIGKILL');
    });
    rmSync(this.cwd, { recursive: true, force: true });
  }
}
