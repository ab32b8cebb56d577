import { resolve } from 'node:path';
import { batchMachine } from '../../actors/batch/machine.ts';
import { fold } from '../../actors/fold.ts';
import type { BatchRequest } from '../../bridge/commands/start-batch.ts';
import type { Platform } from '../../bridge/platform/platform.ts';
import {
  openTestProcess,
  type ProcessOptions,
  type TestBatch,
  type TestProcess,
} from '../../bridge/testing/process.ts';
import type { Address } from '../../runtime/address.ts';
import type { Suite } from './suite.ts';
import { type TestServers, testSettings, withSharedServers } from './servers.ts';

export { chain } from '../../bridge/testing/chain.ts';

export const CUSTOMER_SUCCESS = resolve(import.meta.dirname, '../../packs/customer-success');

/** A process of the platform inside the test; a batch is one of the customer-success pack unless it says otherwise. */
export interface TestPlatform extends Omit<TestProcess, 'batch'> {
  batch(request: Partial<BatchRequest>): Promise<TestBatch>;
}

export interface PlatformOptions extends ProcessOptions {
  packs?: string[];
  data?: string;
}

/** Real servers for a suite, empty at its begin; each call of the result opens one more process of the platform on them. */
export function withPlatforms(test: Suite): (options?: PlatformOptions) => Promise<TestPlatform> {
  const servers = withSharedServers(test);
  const open: TestPlatform[] = [];
  test.after.each(async () => {
    for (const each of open.splice(0)) await each.stop();
  });
  return async (options = {}) => {
    const opened = await platformOn(servers(), options);
    open.push(opened);
    return opened;
  };
}

/** Opens one more process of the platform on these servers. */
export async function platformOn({ services, dir }: TestServers, options: PlatformOptions = {}): Promise<TestPlatform> {
  const { user, pass, url } = services.nats;
  const redis = services.redis;
  const settings = testSettings(dir, {
    packs: options.packs ?? [CUSTOMER_SUCCESS],
    natsUrl: user ? url.replace('://', `://${user}:${pass}@`) : url,
    redisUrl: `redis://:${redis.password ?? ''}@${redis.host}:${redis.port}`,
    ...(options.data && { data: options.data }),
  });
  const process = await openTestProcess(settings, options);
  const batch = (request: Partial<BatchRequest>) => process.batch({ schedule: 'weekly_health_check', ...request });
  return { ...process, batch };
}

/** What a process needs to open the platform on the same servers: see `mortal-worker.ts`. */
export function settingsFor({ platform }: TestPlatform): Record<string, unknown> {
  const { natsUrl, redisUrl, packs } = platform.settings;
  return { natsUrl, redisUrl, packs };
}

export async function batchState(platform: Platform, address: Address): Promise<string> {
  return String(fold(batchMachine, await platform.runtime.journal.read(address)).snapshot.value);
}
