/** NATS and Redis: which run, which would be used, and whether they answer. Starts none unless asked. */
import type { Redis } from 'ioredis';
import type { NatsConnection } from 'nats';
import { locateServer } from '../../config/services/binaries.ts';
import { joinServices, openServices, type Services } from '../../config/services/open.ts';
import { neededText, type ServerName } from '../../config/services/version.ts';
import { parseNatsUrl, parseRedisUrl } from '../../config/services/address.ts';
import type { Settings } from '../../config/settings.ts';
import { connectNats } from '../../runtime/bus/connect.ts';
import { connectRedis } from '../../runtime/memory/connect.ts';
import { examine, fail, type Finding, ok, warn } from './finding.ts';

/** What was reached; null for what does not run or does not answer. */
export interface Reached {
  findings: Finding[];
  services: Services | null;
  nc: NatsConnection | null;
  redis: Redis | null;
  close(): Promise<void>;
}

export async function reachServers(settings: Settings, start: boolean): Promise<Reached> {
  const findings: Finding[] = [];
  let services: Services | null = null;
  const embedded = settings.natsUrl === undefined || settings.redisUrl === undefined;
  if (embedded) {
    const remedy = 'read what the message says, then run `agent-platform doctor` again';
    const opened = await examine('servers', remedy, async () => {
      services = await (start ? openServices(settings) : joinServices(settings));
      return [];
    });
    findings.push(...opened);
  }
  const running = services as Services | null;
  const natsAddress = settings.natsUrl === undefined ? running?.nats : parseNatsUrl(settings.natsUrl);
  const redisAddress = settings.redisUrl === undefined ? running?.redis : parseRedisUrl(settings.redisUrl);
  let nc: NatsConnection | null = null;
  let redis: Redis | null = null;
  findings.push(
    ...(await examine('nats', 'start it, or correct NATS_URL; unset, an embedded server is used', async () => {
      if (!natsAddress) return locate('nats-server');
      nc = await connectNats(natsAddress, { name: 'agent-platform doctor' });
      const whose = settings.natsUrl === undefined ? 'embedded' : 'external';
      const login = natsAddress.user ?? natsAddress.token;
      const said = login === undefined ? 'without a login' : 'login accepted';
      return [ok('nats', `nats-server ${nc.info?.version} at ${natsAddress.url} (${whose}), JetStream on, ${said}`)];
    })),
    ...(await examine('redis', 'start it, or correct REDIS_URL; unset, an embedded server is used', async () => {
      if (!redisAddress) return locate('redis-server');
      redis = await connectRedis(redisAddress);
      const version = /^redis_version:(.+)$/m.exec(await redis.info('server'))?.[1]?.trim();
      const whose = settings.redisUrl === undefined ? 'embedded' : 'external';
      return [ok('redis', `redis-server ${version} at ${redisAddress.url} (${whose}), vector sets, login accepted`)];
    })),
  );
  const connected: { nc: NatsConnection | null; redis: Redis | null } = { nc, redis };
  const close = async (): Promise<void> => {
    await connected.nc?.close();
    connected.redis?.disconnect();
    await running?.close();
  };
  return { findings, services: running, ...connected, close };

  async function locate(name: ServerName): Promise<Finding[]> {
    const part = name === 'nats-server' ? 'nats' : 'redis';
    const located = await locateServer(name, settings.host);
    const not = `${name} is not running`;
    if (located.kind === 'path' || located.kind === 'cache') {
      const { version, file } = located.program;
      const where = located.kind === 'path' ? `on PATH at ${file}` : `in the cache at ${settings.host.cacheDir}`;
      return [ok(part, `${not}; would use ${version} ${where}`)];
    }
    const old = located.tooOld === null ? '' : ` (PATH has ${located.tooOld.version}, ${neededText(name)} is needed)`;
    if (located.kind === 'fetch') {
      const text = `${not}; would be fetched from Debian into ${settings.host.cacheDir}${old}`;
      return [warn(part, text, `the first command fetches it; or install ${neededText(name)}`)];
    }
    return [fail(part, `${not} and cannot be found${old}`, located.remedy)];
  }
}
