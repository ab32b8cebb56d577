import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { parseRedisUrl, type RedisAddress } from '../../config/services/address.ts';
import { findServers } from '../../config/services/binaries.ts';
import { connectRedis } from '../../runtime/memory/connect.ts';
import { testSettings } from '../support/servers.ts';
import { suite } from '../support/suite.ts';

const test = suite('Redis that is promoted elsewhere');

let dir: string;
let running: ChildProcess[] = [];
let clients: Redis[] = [];

test.before.each(() => {
  dir = mkdtempSync(join(tmpdir(), 'redis-'));
});
test.after.each(() => {
  for (const client of clients) client.disconnect();
  for (const child of running) child.kill('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
  [running, clients] = [[], []];
});

/** Below the ports that the system gives out: nobody else gets it meanwhile. */
const anyPort = () => 20_000 + Math.floor(Math.random() * 12_000);

interface Started {
  port: number;
  client: Redis;
  child: ChildProcess;
}

async function start(lines: string[], password: string, ...options: string[]): Promise<Started> {
  const { redis } = await findServers({ nats: false, redis: true }, testSettings(dir).host);
  const port = anyPort();
  const config = join(dir, `${port}.conf`);
  const own = ['bind 127.0.0.1', `port ${port}`, `dir ${JSON.stringify(dir)}`, `requirepass ${password}`];
  writeFileSync(config, `${[...own, ...lines].join('\n')}\n`);
  const child = spawn(redis?.file ?? '', [...(redis?.args ?? []), config, ...options], { stdio: 'ignore' });
  running.push(child);
  const client = new Redis({ port, password, retryStrategy: () => 20, maxRetriesPerRequest: null });
  client.on('error', () => {});
  clients.push(client);
  await client.ping();
  return { port, client, child };
}

const LINES = ['save ""', 'set-proc-title no', 'repl-diskless-sync-delay 0', 'masterauth pw'];

/** A primary and its replica, in step. */
async function pair(): Promise<[Started, Started]> {
  const first = await start(LINES, 'pw');
  const second = await start([...LINES, `replicaof 127.0.0.1 ${first.port}`], 'pw');
  while (!(await second.client.info('replication')).includes('master_link_status:up')) await delay(20);
  return [first, second];
}

async function connected(url: string, errors: string[] = []): Promise<Redis> {
  const address = parseRedisUrl(url) as RedisAddress;
  const redis = await connectRedis(address, { onError: ({ message }) => errors.push(message) });
  clients.push(redis);
  return redis;
}

const several = (servers: Started[]) => `redis://:pw@${servers.map(({ port }) => `127.0.0.1:${port}`).join(',')}`;

test('of several addresses the primary is used, and the next one when it was demoted or is gone', async () => {
  const [first, second] = await pair();
  const errors: string[] = [];
  const redis = await connected(several([second, first]), errors);
  await redis.set('written', 'before');
  assert.equal(await first.client.get('written'), 'before');

  await second.client.replicaof('NO', 'ONE');
  await first.client.replicaof('127.0.0.1', String(second.port));
  assert.equal(await redis.set('written', 'after'), 'OK', 'the old primary still answers, and takes no writes');
  assert.equal(await second.client.get('written'), 'after');

  await first.client.replicaof('NO', 'ONE');
  const returned = once(redis, 'ready');
  second.child.kill('SIGKILL');
  await returned;
  assert.equal(await redis.set('written', 'at the first again'), 'OK');
  assert.equal(await first.client.get('written'), 'at the first again');
  assert.equal(new Set(errors).size, errors.length, `each trouble is told once:\n${errors.join('\n')}`);
});

test('while there is no primary each trouble is told once, however often it is tried', async () => {
  const [first] = await pair();
  const errors: string[] = [];
  const redis = await connected(several([first]), errors);
  const fifth = new Promise<void>((resolve) => {
    let tries = 0;
    redis.on('reconnecting', () => void ((tries += 1) === 5 && resolve()));
  });
  first.child.kill('SIGKILL');
  await fifth;
  assert.equal(errors.filter((message) => message.includes('ECONNREFUSED')).length, 1, errors.join('\n'));
});

test('a replica alone is refused with what to name instead', async () => {
  const [, second] = await pair();
  await assert.rejects(connected(several([second])), ({ code, message }: Error & { code: string }) => {
    assert.equal(code, 'redis.read_only');
    assert.match(message, /is a replica and takes no writes.*redis:\/\/host:6379,host:6379.*redis\+sentinel:/);
    return true;
  });
});

test('sentinels lead to the primary, and to the one that they promote when it is killed', async () => {
  const [first, second] = await pair();
  const watching = [
    `sentinel monitor main 127.0.0.1 ${first.port} 1`,
    'sentinel auth-pass main pw',
    'sentinel down-after-milliseconds main 300',
    'sentinel failover-timeout main 2000',
  ];
  const sentinel = await start(watching, 'watch', '--sentinel');
  const url = (name: string) =>
    `redis+sentinel://:pw@127.0.0.1:1,127.0.0.1:${sentinel.port}/${name}?sentinel_password=watch`;
  const redis = await connected(url('main'));
  await redis.set('written', 'before');
  await assert.rejects(connected(url('other')), { code: 'redis.unreachable' });
  const replicas = async () => JSON.stringify(await sentinel.client.call('SENTINEL', 'REPLICAS', 'main'));
  while (!(await replicas()).includes(String(second.port))) await delay(50);
  first.child.kill('SIGKILL');
  assert.equal(await redis.set('written', 'after'), 'OK');
  assert.equal(await second.client.get('written'), 'after');
});

test.run();
