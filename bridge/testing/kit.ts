import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { absoluteData, type DataSetting } from '../../config/data-setting.ts';
import { PlatformError } from '../../config/errors.ts';
import { machineEnvironment, resolveSettings } from '../../config/settings.ts';
import type { Memory } from '../../runtime/memory/memory.ts';
import { MemoryRecord } from '../../runtime/memory/record.ts';
import type { BatchRequest } from '../commands/start-batch.ts';
import type { RunRequest } from '../commands/start-run.ts';
import type { RunTree } from '../journals/runs.ts';
import { type StoredEvent, tailTopic } from '../follow/topic-events.ts';
import { type TestPeople, testPeople } from './people.ts';
import { openTestProcess, type ProcessOptions, type TestBatch } from './process.ts';

export interface TestPlatformOptions {
  /** The folder of the pack under test; several when they work together. */
  pack: string | readonly string[];
  /** A data folder, or with several packs pack → folder; the pack's own when absent. */
  data?: DataSetting;
  /** The model that answers; the pack's players when absent. A function is given those and may wrap them. */
  model?: ProcessOptions['model'];
}

/** A platform of its own for one test file: NATS and Redis are real, empty at first, and gone after `stop`. */
export interface TestPlatform extends TestPeople {
  /** Runs one agent to its end, or until it waits for a person. */
  run(request: RunRequest): Promise<RunTree>;
  /** Runs a schedule's batch until each of its runs has ended or waits for a person. */
  batch(request: BatchRequest): Promise<TestBatch>;
  /** The events of a topic, oldest first. Throws `topic.unknown`. */
  events(topic: string): Promise<StoredEvent[]>;
  /** What was remembered, oldest first, those that the data folder brought along included. */
  memories(which?: { scope?: string; subject?: string }): Promise<Memory[]>;
  /** Stops everything and removes its folder. May be called more than once. */
  stop(): Promise<void>;
}

const MOST_EVENTS = 10_000;

/** Starts servers in a temporary folder, loads the pack and starts a worker. Throws coded errors with nothing left running. */
export async function startTestPlatform(options: TestPlatformOptions): Promise<TestPlatform> {
  const { pack, data, model } = options;
  const dir = mkdtempSync(join(tmpdir(), 'agent-platform-test-'));
  const remove = (): void => rmSync(dir, { recursive: true, force: true });
  try {
    const packs = [pack].flat().map((folder) => resolve(folder));
    const settings = resolveSettings({
      cwd: dir,
      env: machineEnvironment(),
      options: { packs, ...(data !== undefined && { data: absoluteData(data, process.cwd()) }) },
    });
    const opened = await openTestProcess(settings, model ? { model } : {});
    const { platform, run, batch, stop } = opened;
    let stopped: Promise<void> | undefined;
    return {
      run,
      batch,
      ...testPeople(opened),
      events: async (topic) => {
        if (!platform.runtime.catalog.topic(topic)) {
          throw new PlatformError('topic.unknown', `the pack declares no topic ${JSON.stringify(topic)}`);
        }
        const events: StoredEvent[] = [];
        const { signal } = new AbortController();
        const onEvent = (event: StoredEvent): void => void events.push(event);
        await tailTopic(platform, topic, { limit: MOST_EVENTS, follow: false, signal, onEvent });
        return events;
      },
      memories: async ({ scope, subject } = {}) => {
        const found = await new MemoryRecord(platform.nc, platform.jsm).all();
        return found
          .filter((memory) => scope === undefined || memory.scope === scope)
          .filter((memory) => subject === undefined || memory.subject === subject);
      },
      stop: () => (stopped ??= stop().finally(remove)),
    };
  } catch (error) {
    remove();
    throw error;
  }
}
