import { resolve } from 'node:path';
import pino from 'pino';
import { batchMachine, targetRun } from '../../actors/batch/machine.ts';
import { fold } from '../../actors/fold.ts';
import { Worker, type WorkerOptions } from '../../actors/worker.ts';
import { type BatchRequest, startBatch, startRun, type RunRequest } from '../../bridge/door.ts';
import { openPlatform, type Platform } from '../../bridge/platform.ts';
import { readRun, type RunTree } from '../../bridge/runs.ts';
import { settleBatch, settleRun } from '../../bridge/settle.ts';
import type { Address } from '../../runtime/address.ts';
import type { ModelProvider } from '../../runtime/model/provider.ts';
import type { Suite } from './suite.ts';
import { testSettings, withServers } from './servers.ts';

export const CUSTOMER_SUCCESS = resolve(import.meta.dirname, '../../packs/customer-success');

/** A process of the platform inside the test: connections of its own, and one worker. */
export interface TestPlatform {
  platform: Platform;
  worker: Worker;
  /** Runs one agent to its end (or until it waits) and returns its tree. */
  run(request: RunRequest): Promise<RunTree>;
  batch(request: Partial<BatchRequest>): Promise<TestBatch>;
  stop(): Promise<void>;
}

export interface TestBatch {
  address: Address;
  /** Target id → its run's tree. */
  trees: Map<string, RunTree>;
}

export interface PlatformOptions {
  packs?: string[];
  data?: string;
  /** Wraps the rehearsal model: the only stand-in there is. */
  model?: (rehearsal: ModelProvider) => ModelProvider;
  ackWaitMs?: number;
  maxLive?: number;
  onTick?: WorkerOptions['onTick'];
  /** False: a process that only asks; others do the work. */
  works?: boolean;
}

/** Real servers for a suite; each call of the result opens one more process of the platform on them. */
export function withPlatforms(test: Suite): (options?: PlatformOptions) => Promise<TestPlatform> {
  const servers = withServers(test);
  const open: TestPlatform[] = [];
  test.after.each(async () => {
    for (const each of open.splice(0)) await each.stop();
  });
  return async (options = {}) => {
    const { services, dir } = servers();
    const { user, pass, url } = services.nats;
    const redis = services.redis;
    const settings = testSettings(dir, {
      packs: options.packs ?? [CUSTOMER_SUCCESS],
      natsUrl: user ? url.replace('://', `://${user}:${pass}@`) : url,
      redisUrl: `redis://:${redis.password ?? ''}@${redis.host}:${redis.port}`,
      ...(options.data && { data: options.data }),
    });
    const opened = await openTestPlatform(settings, options);
    open.push(opened);
    return opened;
  };
}

async function openTestPlatform(settings: Platform['settings'], options: PlatformOptions): Promise<TestPlatform> {
  const platform = await openPlatform(settings, pino({ level: 'silent' }));
  const { runtime } = platform;
  if (options.model) runtime.model = options.model(runtime.model);
  const worker = new Worker(platform.nc, runtime, {
    maxLive: options.maxLive ?? settings.maxLive,
    ackWaitMs: options.ackWaitMs ?? settings.ackWaitMs,
    ...(options.onTick && { onTick: options.onTick }),
  });
  if (options.works !== false) await worker.start();
  const signal = new AbortController().signal;
  const tree = async (address: Address): Promise<RunTree> => {
    const read = await readRun(runtime.journal, address);
    if (!read) throw new Error(`there is no journal of ${address.run}`);
    return read;
  };
  return {
    platform,
    worker,
    run: async (request) => {
      const { address } = await startRun(platform, request);
      await settleRun(platform, address, { signal });
      return tree(address);
    },
    batch: async (request) => {
      const { address, targets } = await startBatch(platform, { schedule: 'weekly_health_check', ...request });
      const runs = targets.map((target) => targetRun(address.run, target));
      await settleBatch(platform, address, runs, { signal });
      const trees = new Map<string, RunTree>();
      for (const target of targets) trees.set(target, await tree({ ...address, run: targetRun(address.run, target) }));
      return { address, trees };
    },
    stop: async () => {
      if (options.works !== false) await worker.stop();
      await platform.close();
    },
  };
}

/** The machine events of a tree's journals, as `path state: event+event`, in the order they were appended. */
export function chain(tree: RunTree): string[] {
  const all = (each: RunTree): { seq: number; text: string }[] => [
    ...each.entries.map((entry) => ({
      seq: entry.seq,
      text: `${each.address.path} ${entry.state}: ${entry.events.map(({ type }) => type).join('+')}`,
    })),
    ...each.children.flatMap(all),
  ];
  return all(tree)
    .sort((a, b) => a.seq - b.seq)
    .map(({ text }) => text);
}

/** What a process needs to open the platform on the same servers: see `mortal-worker.ts`. */
export function settingsFor({ platform }: TestPlatform): Record<string, unknown> {
  const { natsUrl, redisUrl, packs } = platform.settings;
  return { natsUrl, redisUrl, packs };
}

export async function batchState(platform: Platform, address: Address): Promise<string> {
  return String(fold(batchMachine, await platform.runtime.journal.read(address)).snapshot.value);
}
