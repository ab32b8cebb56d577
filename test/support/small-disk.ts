import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { connect, StorageType } from 'nats';
import { findServers } from '../../config/services/binaries.ts';
import { startServer } from '../../config/services/server.ts';
import type { Settings } from '../../config/settings.ts';

export interface SmallDisk {
  url: string;
  /** Stores until the server takes nothing more, in any stream. */
  fill(): Promise<void>;
  makeRoom(): Promise<void>;
  stop(): Promise<void>;
}

const FILLER = 'FILLER';
const LIMIT = 6_000_000;

/** A NATS server of its own that may store a few megabytes. */
export async function startSmallDisk(dir: string, { host }: Settings): Promise<SmallDisk> {
  const { nats } = await findServers({ nats: true, redis: false }, host);
  if (!nats) throw new Error('there is no nats-server');
  const folder = join(dir, 'small');
  mkdirSync(folder);
  const config = join(folder, 'nats-server.conf');
  const jetstream = { store_dir: folder, max_file_store: LIMIT, sync_interval: 'always' };
  writeFileSync(config, JSON.stringify({ host: '127.0.0.1', port: -1, ports_file_dir: folder, jetstream }));
  const server = startServer('nats-server', folder, nats, config);
  const url = await portOf(folder);
  const nc = await connect({ servers: url });
  const jsm = await nc.jetstreamManager();
  return {
    url: `nats://${url}`,
    fill: async () => {
      await jsm.streams.add({ name: FILLER, subjects: ['filler'], storage: StorageType.File });
      for (const size of [100_000, 1_000, 1]) {
        const refused = () =>
          nc
            .jetstream()
            .publish('filler', new Uint8Array(size))
            .then(
              () => false,
              () => true,
            );
        while (!(await refused()));
      }
    },
    makeRoom: async () => void (await jsm.streams.delete(FILLER)),
    stop: async () => {
      await nc.close();
      await server.stop();
    },
  };
}

async function portOf(folder: string): Promise<string> {
  for (let tries = 0; tries < 1_000; tries++) {
    const file = readdirSync(folder).find((name) => name.endsWith('.ports'));
    const [, url] = /"nats:\/\/(127\.0\.0\.1:\d+)"/.exec(file ? readFileSync(join(folder, file), 'utf8') : '') ?? [];
    if (url) return url;
    await pause(10);
  }
  throw new Error('nats-server did not start');
}
