import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openServices, type Services } from '../../config/services/open.ts';
import { machineEnvironment, resolveSettings, type Settings } from '../../config/settings.ts';
import { connectNats } from '../../runtime/bus/connect.ts';
import { connectRedis } from '../../runtime/memory/connect.ts';
import type { Suite } from './suite.ts';

export interface TestServers {
  readonly services: Services;
  /** Those the servers were opened with; `stateDir` is `.agent-platform` in `dir`. */
  readonly settings: Settings;
  /** A temporary folder of this test. */
  readonly dir: string;
  /** Idempotent: stops the servers and removes the folder. */
  stop(): Promise<void>;
}

/** Settings as a command in `cwd` has them; of this process's environment only what says where programs and caches are. */
export function testSettings(cwd: string, options: Record<string, unknown> = {}): Settings {
  return resolveSettings({ cwd, options, env: machineEnvironment() });
}

/** A real NATS and a real Redis, embedded, with empty state. */
export async function startServers(options: Record<string, unknown> = {}): Promise<TestServers> {
  const dir = mkdtempSync(join(tmpdir(), 'agent-platform-test-'));
  const settings = testSettings(dir, options);
  try {
    const services = await openServices(settings, { onProgress: (line) => process.stderr.write(`${line}\n`) });
    const stop = async (): Promise<void> => {
      await services.close();
      rmSync(dir, { recursive: true, force: true });
    };
    return { services, settings, dir, stop };
  } catch (error) {
    rmSync(dir, { recursive: true, force: true });
    throw error;
  }
}

/** Starts servers before a suite's first test and stops them after its last; the result hands them out meanwhile. */
export function withServers(test: Suite, options: Record<string, unknown> = {}): () => TestServers {
  return servedBy(test, () => startServers(options));
}

/**
 * The same with servers that files of one process use one after the other: each finds them empty. For tests that leave the
 * servers themselves and their settings as they are.
 */
export function withSharedServers(test: Suite): () => TestServers {
  return servedBy(test, shareServers);
}

function servedBy(test: Suite, start: () => Promise<TestServers>): () => TestServers {
  let servers: TestServers | undefined;
  test.before(async () => {
    servers = await start();
  });
  test.after(async () => {
    await servers?.stop();
  });
  return () => {
    if (servers === undefined) throw new Error('the servers are up only while a test runs');
    return servers;
  };
}

let idle: TestServers | undefined;

async function shareServers(): Promise<TestServers> {
  const servers = idle ?? (await startServers());
  idle = undefined;
  const stop = async (): Promise<void> => {
    if (idle !== undefined) return servers.stop();
    await empty(servers.services);
    idle = servers;
  };
  return { ...servers, stop };
}

/** Stops those that the next file would have used. */
export async function stopSharedServers(): Promise<void> {
  await idle?.stop();
  idle = undefined;
}

async function empty(services: Services): Promise<void> {
  const nc = await connectNats(services.nats, { name: 'tests' });
  const { streams } = await nc.jetstreamManager();
  for await (const { config } of streams.list()) await streams.delete(config.name);
  await nc.close();
  const redis = await connectRedis(services.redis);
  await redis.flushall();
  redis.disconnect();
}
