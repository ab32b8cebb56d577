/**
 * The records as a process reads them: servers, connection, streams and journals. No pack is loaded, so a command that only
 * looks starts sooner, and a broken pack is not in its way. Made once by a command.
 *
 * Owns everything it opens; `close` releases it in reverse order and may be called more than once.
 */
import { randomUUID } from 'node:crypto';
import type { JetStreamManager, NatsConnection } from 'nats';
import type { Logger } from 'pino';
import type { Runtime } from '../../actors/runtime.ts';
import type { PlatformError } from '../../config/errors.ts';
import { openServices, type Services } from '../../config/services/open.ts';
import type { Settings } from '../../config/settings.ts';
import { connectNats } from '../../runtime/bus/connect.ts';
import { orUnavailable, patiently } from '../../runtime/bus/patience.ts';
import { ensureStreams } from '../../runtime/bus/streams.ts';
import { Journal } from '../../runtime/journal/journal.ts';

export interface Records {
  readonly settings: Settings;
  readonly services: Services;
  readonly nc: NatsConnection;
  readonly jsm: JetStreamManager;
  readonly runtime: Pick<Runtime, 'worker' | 'journal' | 'log' | 'replicas'>;
  close(): Promise<void>;
}

export interface RecordsHooks {
  onProgress?(line: string): void;
  onLost?(error: PlatformError): void;
}

/** `topics`: whose streams are made, too. Throws a coded error with nothing left running. */
export async function openRecords(
  settings: Settings,
  log: Logger,
  { topics = [], ...hooks }: RecordsHooks & { topics?: string[] } = {},
): Promise<Records> {
  const closing: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const release of closing.splice(0).reverse()) await release();
  };
  try {
    const services: Services = await openServices(settings, hooks);
    closing.push(() => services.close());
    const worker = `w-${randomUUID().slice(0, 8)}`;
    const nc = await connectNats(services.nats, { name: `agent-platform ${worker}` });
    closing.push(() => nc.close());
    const { natsReplicas: replicas } = settings;
    const streams = { shards: settings.journalShards, topics, replicas };
    const { shards } = await patiently(nc, () => ensureStreams(nc, streams));
    const jsm = await patiently(nc, () => nc.jetstreamManager());
    const journal = new Journal(nc, shards, 'wait', replicas);
    return { settings, services, nc, jsm, runtime: { worker, journal, log, replicas }, close };
  } catch (error) {
    await close();
    throw orUnavailable(error);
  }
}
