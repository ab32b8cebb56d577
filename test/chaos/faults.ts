/** What is done to workers and servers while runs are in flight. Each fault counts itself. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Redis } from 'ioredis';
import type { Msg, NatsConnection } from 'nats';
import { addressKey } from '../../runtime/address.ts';
import { parseMailbox } from '../../runtime/subjects.ts';
import type { ChaosWorker } from './chaos-worker.ts';
import type { Chance } from './random.ts';
import type { Restartable } from './servers.ts';

export type FaultName =
  | 'kill worker'
  | 'drain worker'
  | 'pause worker'
  | 'kill actor'
  | 'restart nats'
  | 'restart redis'
  | 'flush redis'
  | 'duplicate mail';

export const WEIGHTS: Record<FaultName, number> = {
  'kill worker': 5,
  'drain worker': 2,
  'pause worker': 5,
  'kill actor': 4,
  'restart nats': 2,
  'restart redis': 1,
  'flush redis': 1,
  'duplicate mail': 6,
};

const WORKER = fileURLToPath(new URL('./chaos-worker.ts', import.meta.url));
const REMEMBERED_MAIL = 200;

/** A fixed number of worker processes: whoever dies is replaced. */
export class Crew {
  private readonly live = new Map<ChildProcess, string>();
  private readonly chance: Chance;
  private readonly options: Omit<ChaosWorker, 'seed'>;

  constructor(chance: Chance, options: Omit<ChaosWorker, 'seed'>) {
    this.chance = chance;
    this.options = options;
  }

  /** Resolves when the new worker takes mail. */
  async hire(): Promise<void> {
    const argument: ChaosWorker = { ...this.options, seed: Math.floor(this.chance.next() * 2 ** 32) };
    const child = fork(WORKER, [JSON.stringify(argument)], {
      execArgv: ['--import', 'tsx'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const exited = once(child, 'exit').then(() => undefined);
    const said = await Promise.race([once(child, 'message'), exited]);
    const [greeting] = (said ?? []) as { worker: string }[];
    if (greeting) this.live.set(child, greeting.worker);
  }

  get names(): string[] {
    return [...this.live.values()];
  }

  async kill(): Promise<void> {
    await this.replace('SIGKILL');
  }

  async drain(): Promise<void> {
    await this.replace('SIGTERM');
  }

  /** Stops the process for a while; it wakes up in the belief that no time has passed. */
  async pause(ms: number): Promise<void> {
    const child = this.chance.pick([...this.live.keys()]);
    child?.kill('SIGSTOP');
    await pause(ms);
    child?.kill('SIGCONT');
  }

  async dismiss(): Promise<void> {
    const all = [...this.live.keys()];
    this.live.clear();
    const gone = all
      .filter((child) => (child.exitCode ?? child.signalCode) === null)
      .map((child) => once(child, 'exit'));
    for (const child of all) child.kill('SIGKILL');
    await Promise.all(gone);
  }

  private async replace(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.chance.pick([...this.live.keys()]);
    if (!child) return;
    this.live.delete(child);
    const gone = once(child, 'exit');
    child.kill(signal);
    const late = setTimeout(() => child.kill('SIGKILL'), 20_000);
    await gone;
    clearTimeout(late);
    await this.hire();
  }
}

/** What has passed lately on the mail subjects, to be sent again. */
export class Duplicator {
  private readonly recent: Msg[] = [];
  private readonly nc: NatsConnection;

  constructor(nc: NatsConnection) {
    this.nc = nc;
    const remember = (message: Msg): void => {
      this.recent.push(message);
      if (this.recent.length > REMEMBERED_MAIL) this.recent.shift();
    };
    for (const subject of ['mail.>', 'start.>']) {
      nc.subscribe(subject, { callback: (error, message) => void (error ?? remember(message)) });
    }
  }

  /** Posts a copy of a mail, without its expectation to be the first. */
  async again(chance: Chance): Promise<void> {
    const message = chance.pick(this.recent);
    if (message) await this.nc.jetstream().publish(message.subject, message.data);
  }

  /** The address of a lately active invocation. */
  key(chance: Chance): string | null {
    const message = chance.pick(this.recent.slice(-20));
    return message ? addressKey(parseMailbox(message.subject)) : null;
  }
}

export interface Stage {
  chance: Chance;
  crew: Crew;
  nats: Restartable;
  redis: Restartable;
  redisClient: Redis;
  nc: NatsConnection;
  duplicator: Duplicator;
  ackWaitMs: number;
}

export async function inflict(stage: Stage, fault: FaultName): Promise<void> {
  const { chance, crew, nats, redis, redisClient, nc, duplicator, ackWaitMs } = stage;
  switch (fault) {
    case 'kill worker':
      return crew.kill();
    case 'drain worker':
      return crew.drain();
    case 'pause worker':
      return crew.pause(chance.between(1.2, 3) * ackWaitMs);
    case 'kill actor': {
      const key = duplicator.key(chance);
      for (const worker of crew.names) nc.publish(`worker.${worker}`, JSON.stringify({ type: 'kill', key }));
      return;
    }
    case 'restart nats':
      return nats.restart(chance.happens(0.5) ? 'kill' : 'stop', chance.between(0, 2) * ackWaitMs);
    case 'restart redis':
      return redis.restart(chance.happens(0.5) ? 'kill' : 'stop', chance.between(0, 2) * ackWaitMs);
    case 'flush redis':
      await redisClient.flushall();
      return;
    case 'duplicate mail':
      for (let copies = Math.ceil(chance.between(0, 5)); copies > 0; copies -= 1) await duplicator.again(chance);
  }
}
