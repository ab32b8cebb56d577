/**
 * A process of the platform as a test has it: connections of its own and, unless it only asks, one worker. Everything in
 * it is real except, when the test says so, the model.
 */
import pino from 'pino';
import { targetRun } from '../../actors/batch/machine.ts';
import { Worker, type WorkerOptions } from '../../actors/worker.ts';
import type { Settings } from '../../config/settings.ts';
import type { Address } from '../../runtime/address.ts';
import type { ModelProvider } from '../../runtime/model/provider.ts';
import { type BatchRequest, startBatch } from '../commands/start-batch.ts';
import { type RunRequest, startRun } from '../commands/start-run.ts';
import { openPlatform, type Platform } from '../platform/platform.ts';
import { readRun, type RunTree } from '../journals/runs.ts';
import { settleBatch, settleRun } from '../follow/settle.ts';

export interface TestProcess {
  platform: Platform;
  worker: Worker;
  /** Runs one agent to its end, or until it waits for a person. */
  run(request: RunRequest): Promise<RunTree>;
  /** Runs a batch until each of its runs has ended or waits for a person. */
  batch(request: BatchRequest): Promise<TestBatch>;
  stop(): Promise<void>;
}

export interface TestBatch {
  address: Address;
  /** Target id → its run's tree. */
  trees: Map<string, RunTree>;
}

export interface ProcessOptions {
  /** The model that answers; a function is given the rehearsal model and may wrap it. */
  model?: ModelProvider | ((rehearsal: ModelProvider) => ModelProvider);
  ackWaitMs?: number;
  graceMs?: number;
  maxLive?: number;
  limits?: Partial<WorkerOptions['limits']>;
  onTick?: WorkerOptions['onTick'];
  /** Milliseconds since 1970 as its machine has them. */
  ownClock?: () => number;
  /** False: a process that only asks; others do the work. */
  works?: boolean;
}

export async function openTestProcess(settings: Settings, options: ProcessOptions = {}): Promise<TestProcess> {
  const { ownClock } = options;
  const platform = await openPlatform(settings, pino({ level: 'silent' }), { ...(ownClock && { ownClock }) });
  const { runtime } = platform;
  const { model } = options;
  if (model) {
    runtime.model = typeof model === 'function' ? model(runtime.model) : model;
    // A test's model answers whatever the test began, and wherever it began it.
    runtime.otherModel = () => runtime.model;
  }
  const worker = new Worker(platform.nc, runtime, {
    maxLive: options.maxLive ?? settings.maxLive,
    ackWaitMs: options.ackWaitMs ?? settings.ackWaitMs,
    graceMs: options.graceMs ?? settings.drainGraceMs,
    limits: { ...settings, ...options.limits },
    ...(options.onTick && { onTick: options.onTick }),
  });
  const works = options.works !== false;
  if (works) await worker.start();
  const signal = new AbortController().signal;
  const treeOf = async (address: Address): Promise<RunTree> => {
    const tree = await readRun(runtime.journal, address);
    if (!tree) throw new Error(`there is no journal of ${address.run}`);
    return tree;
  };
  return {
    platform,
    worker,
    run: async (request) => {
      const { address } = await startRun(platform, request, { takesUp: true });
      await settleRun(platform, address, { signal });
      // What its last step sends, such as the event of its report, is there before the test looks.
      await worker.settled();
      return treeOf(address);
    },
    batch: async (request) => {
      const { address, targets } = await startBatch(platform, request);
      const runOf = (target: string) => targetRun(address.run, target);
      await settleBatch(platform, address, targets.map(runOf), { signal });
      await worker.settled();
      const trees = new Map<string, RunTree>();
      for (const target of targets) trees.set(target, await treeOf({ ...address, run: runOf(target) }));
      return { address, trees };
    },
    stop: async () => {
      if (works) await worker.stop();
      await platform.close();
    },
  };
}
