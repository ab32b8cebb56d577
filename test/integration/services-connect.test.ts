import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { RedisAddress } from '../../config/services/address.ts';
import { findServers } from '../../config/services/binaries.ts';
import { connectNats } from '../../runtime/bus/connect.ts';
import { connectRedis } from '../../runtime/memory/connect.ts';
import { suite } from '../support/suite.ts';
import { testSettings, withServers } from '../support/servers.ts';

const test = suite('connections to NATS and Redis');
const servers = withServers(test);
const open: Server[] = [];
const sockets = new Set<Socket>();

test.after.each(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of open.splice(0)) server.close();
});

/** A TCP server that says what it is told to: only banners are spoken this way. Resolves to its port. */
async function listener(onSocket: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    onSocket(socket);
  });
  open.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const redisAt = (port: number, login: Partial<RedisAddress> = {}): RedisAddress => ({
  url: `redis://127.0.0.1:${port}`,
  host: '127.0.0.1',
  port,
  ...login,
});

async function refused(work: Promise<unknown>, code: string, message: RegExp): Promise<void> {
  const error = await work.then(
    () => assert.fail('it connected'),
    (reason) => reason as { code: string; message: string },
  );
  assert.equal(error.code, code, error.message);
  assert.match(error.message, message);
  assert.doesNotMatch(error.message, /s3cret/);
}

test('an address where nobody listens, or no such host, is unreachable', async () => {
  const login = { user: 'jo', pass: 's3cret' };
  const nats = (url: string) => connectNats({ url, ...login }, { name: 'test' });
  await refused(nats('nats://127.0.0.1:1'), 'nats.unreachable', /at nats:\/\/127\.0\.0\.1:1 .*2\.14.*NATS_URL/);
  await refused(nats('nats://nowhere.invalid:4222'), 'nats.unreachable', /nowhere\.invalid/);
  const redis = connectRedis(redisAt(1, { password: 's3cret' }));
  await refused(redis, 'redis.unreachable', /at redis:\/\/127\.0\.0\.1:1 .*Redis 8.*REDIS_URL/);
});

test('a server that accepts and says nothing is unreachable after 5 s', async () => {
  let tries = 0;
  const port = await listener(() => void (tries += 1));
  const begin = performance.now();
  await Promise.all([
    refused(
      connectNats({ url: `nats://127.0.0.1:${port}` }, { name: 'test' }),
      'nats.unreachable',
      /does not speak NATS/,
    ),
    refused(connectRedis(redisAt(port)), 'redis.unreachable', /no answer in 5 s/),
  ]);
  assert.ok(performance.now() - begin > 4_900);
  assert.equal(tries, 2, 'each has tried once');
});

test('another server behind the address of NATS is told from a missing one, and leaves no socket open', async () => {
  const { redis } = servers().services;
  const connecting = connectNats({ url: `nats://${redis.host}:${redis.port}` }, { name: 'test' });
  await refused(connecting, 'nats.unreachable', /does not speak NATS|closed the connection/);
});

test('a server that refuses the login is told from one that is unreachable', async () => {
  const { nats, redis } = servers().services;
  const wrong = connectNats({ url: nats.url, user: 'jo', pass: 's3cret' }, { name: 'test' });
  await refused(wrong, 'nats.denied', /refused the login of jo/);
  await refused(connectNats({ url: nats.url }, { name: 'test' }), 'nats.denied', /without a login/);
  await refused(connectNats({ url: nats.url, token: 's3cret' }, { name: 'test' }), 'nats.denied', /a token/);
  await refused(connectRedis(redisAt(redis.port, { password: 's3cret' })), 'redis.denied', /WRONGPASS/);
  await refused(connectRedis(redisAt(redis.port)), 'redis.denied', /without a password/);
});

test('a NATS server before 2.14 is too old', async () => {
  const port = await listener((socket) => {
    socket.write('INFO {"server_id":"x","version":"2.12.15","proto":1,"jetstream":true,"max_payload":1048576}\r\n');
    socket.on('data', (data) => data.includes('PING') && socket.write('PONG\r\n'));
  });
  const connecting = connectNats({ url: `nats://127.0.0.1:${port}` }, { name: 'test' });
  await refused(connecting, 'nats.too_old', /runs version 2\.12\.15; nats-server 2\.14 or newer/);
});

test('a Redis server before 8 is too old', async () => {
  const info = 'redis_version:7.2.4\r\n';
  const speaking = (hello: string) =>
    listener((socket) => {
      socket.on('data', (data) => {
        for (const command of data.toString().match(/^(HELLO|PING|INFO|CLIENT)\r$/gim) ?? []) {
          const name = command.trim().toUpperCase();
          if (name === 'HELLO') socket.write(hello);
          else if (name === 'INFO') socket.write(`$${info.length}\r\n${info}\r\n`);
          else socket.write(name === 'PING' ? '+PONG\r\n' : '+OK\r\n');
        }
      });
    });
  // The second does not know the client's greeting, as servers before 6.
  for (const hello of ['%1\r\n+server\r\n+redis\r\n', "-ERR unknown command 'HELLO'\r\n"]) {
    const connecting = connectRedis(redisAt(await speaking(hello)));
    await refused(connecting, 'redis.too_old', /runs version 7\.2\.4; Redis 8 or newer/);
  }
});

test('a NATS server without JetStream is refused, and a lost connection comes back by itself', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'nats-'));
  const { nats } = await findServers({ nats: true, redis: false }, testSettings(dir).host);
  const running: ChildProcess[] = [];
  const start = async (port: string, ...args: string[]): Promise<string> => {
    const all = [...(nats?.args ?? []), '-a', '127.0.0.1', '-p', port, '--ports_file_dir', dir, '-sd', dir, ...args];
    running.push(spawn(nats?.file ?? '', all, { stdio: 'ignore' }));
    for (;;) {
      const file = readdirSync(dir).find((name) => name.endsWith(`_${running.at(-1)?.pid}.ports`));
      const url = file && /nats:\/\/127\.0\.0\.1:\d+/.exec(readFileSync(join(dir, file), 'utf8'))?.[0];
      if (url) return url;
      assert.equal(running.at(-1)?.exitCode, null, `nats-server ended by itself at port ${port}`);
      await delay(5);
    }
  };
  try {
    await refused(connectNats({ url: await start('-1') }, { name: 'test' }), 'nats.too_old', /JetStream disabled/);
    // Below the ports that the system gives out: nobody else gets it while the server is gone.
    const url = await start(String(20_000 + Math.floor(Math.random() * 12_000)), '-js');
    const connection = await connectNats({ url }, { name: 'test' });
    const reconnected = (async () => {
      for await (const status of connection.status()) if (status.type === 'reconnect') return true;
      return false;
    })();
    running.at(-1)?.kill('SIGKILL');
    await start(new URL(url).port, '-js');
    assert.equal(await reconnected, true);
    await connection.close();
  } finally {
    for (const child of running) child.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  }
});

test('a connection to Redis that breaks is reported once and comes back by itself', async () => {
  const { redis } = servers().services;
  const errors: string[] = [];
  const first = await connectRedis(redis, { onError: (error) => errors.push(error.message) });
  const second = await connectRedis(redisAt(redis.port, { password: redis.password ?? '' }));
  const back = once(first, 'ready');
  await second.client('KILL', 'ID', await first.client('ID'));
  await back;
  assert.equal(await first.ping(), 'PONG');
  assert.ok(errors.length <= 1, errors.join());
  first.disconnect();
  second.disconnect();
});

test.run();
