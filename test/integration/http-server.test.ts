import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { RunView } from '../../bridge/contract/schemas.ts';
import { httpDoor } from '../../bridge/http/server.ts';
import { settleRun } from '../../bridge/follow/settle.ts';
import { PlatformError } from '../../config/errors.ts';
import { appOf, gatedModel, LIBRARY, listening, messagesOf, STOCK, withSettings } from '../support/http.ts';
import { type TestPlatform, withPlatforms } from '../support/platform.ts';
import { suite } from '../support/suite.ts';

const test = suite('the HTTP door on a socket');
// Doors close before the platforms they belong to.
const closing: (() => Promise<void>)[] = [];
test.after.each(async () => {
  for (const close of closing.splice(0)) await close();
});
const platforms = withPlatforms(test);
const json = { 'content-type': 'application/json' };

async function open(opened: TestPlatform, options: Parameters<typeof listening>[1] = {}): Promise<string> {
  const { door, url } = await listening(opened, options);
  closing.push(() => door.stop());
  return url;
}

/** Sends bytes as they are and reads to the end of the connection. */
async function exchange(url: string, text: string, end = false): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let answer = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => void (answer += chunk));
  socket.on('error', () => {}); // A door that does not read on may reset what still comes.
  const closed = new Promise((resolve) => socket.once('close', resolve));
  if (end) socket.end(text);
  else socket.write(text);
  await closed;
  return answer;
}

function invalidSetting(says: RegExp) {
  return (error: unknown) =>
    error instanceof PlatformError && error.code === 'settings.invalid' && says.test(error.message);
}

test('binding to anything but loopback without a token is refused, with the remedy', async () => {
  const { platform } = await platforms(LIBRARY);
  for (const httpHost of ['0.0.0.0', '::', '192.0.2.1', 'example.com', '127.0.0.1.example.com']) {
    const door = httpDoor(withSettings(platform, { httpHost, httpPort: 0 }));
    await assert.rejects(door.start(), invalidSetting(/set http_token, or bind to 127\.0\.0\.1/), httpHost);
  }
});

test('with a token it binds to every address, and asks for it', async () => {
  const opened = await platforms(LIBRARY);
  const url = await open(opened, { settings: { httpHost: '0.0.0.0', httpToken: 's3cret' } });
  const local = url.replace('0.0.0.0', '127.0.0.1');
  assert.equal((await fetch(`${local}/metrics`)).status, 401);
  assert.equal((await fetch(`${local}/readyz`, { headers: { authorization: 'Bearer s3cret' } })).status, 200);
});

test('a port that is taken is told with what to do', async () => {
  const opened = await platforms(LIBRARY);
  const { port } = new URL(await open(opened));
  const door = httpDoor(withSettings(opened.platform, { httpPort: Number(port) }));
  await assert.rejects(
    door.start(),
    invalidSetting(new RegExp(`port ${port} \\(EADDRINUSE\\); set http_host and http_port`)),
  );
});

test('a client that goes away leaves its run as it is', async () => {
  const gate = gatedModel();
  const opened = await platforms({ ...LIBRARY, model: gate.model });
  const url = await open(opened);
  const leave = new AbortController();
  const body = JSON.stringify({ ...STOCK, run_id: 'left-alone' });
  const asking = fetch(`${url}/run`, { method: 'POST', headers: json, body, signal: leave.signal });
  await gate.asked;
  leave.abort();
  await assert.rejects(asking);
  gate.open();
  const signal = new AbortController().signal;
  await settleRun(opened.platform, { tenant: 'town', run: 'left-alone', path: '0' }, { signal });
  const view = (await (await fetch(`${url}/runs/left-alone`)).json()) as RunView;
  assert.equal(view.state, 'completed');
});

test('a closing door answers who waits, and then nobody', async () => {
  const gate = gatedModel();
  const opened = await platforms({ ...LIBRARY, model: gate.model });
  const { door, url } = await listening(opened);
  const asking = fetch(`${url}/run`, {
    method: 'POST',
    headers: json,
    body: JSON.stringify({ ...STOCK, run_id: 'open' }),
  });
  await gate.asked;
  await door.stop();
  const answer = await asking;
  assert.deepEqual([answer.status, answer.headers.get('location')], [202, '/runs/open']);
  await answer.arrayBuffer();
  await assert.rejects(fetch(`${url}/healthz`));
  gate.open();
  const { signal } = new AbortController();
  await settleRun(opened.platform, { tenant: 'town', run: 'open', path: '0' }, { signal });
});

test('a body that is too large is answered before it has come, and the connection is closed', async () => {
  const opened = await platforms(LIBRARY);
  const url = await open(opened, { settings: { maxRequestBytes: 1024 } });
  const before = await messagesOf(opened.platform);
  const head = 'POST /run HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
  const declared = await exchange(url, `${head}Content-Length: 100000000\r\n\r\n{"a":`);
  assert.match(declared, /^HTTP\/1\.1 413 [\s\S]*request\.too_large/);
  const chunk = `800\r\n${' '.repeat(2048)}\r\n`;
  const chunked = await exchange(url, `${head}Transfer-Encoding: chunked\r\n\r\n${chunk}${chunk}`);
  assert.match(chunked, /^HTTP\/1\.1 413 [\s\S]*request\.too_large/);
  assert.deepEqual(await messagesOf(opened.platform), before);
});

test('what is no HTTP, too long a head and a head that does not end are answered with a code', async () => {
  const opened = await platforms(LIBRARY);
  const url = await open(opened, { settings: { httpIdleMs: 200 } });
  assert.match(await exchange(url, 'hello\r\n\r\n'), /^HTTP\/1\.1 400 [\s\S]*request\.invalid/);
  const long = `GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`;
  assert.match(await exchange(url, long), /^HTTP\/1\.1 431 [\s\S]*request\.too_large/);
  const slow = await exchange(url, 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ');
  assert.match(slow, /^HTTP\/1\.1 408 [\s\S]*did not arrive in time/);
});

test('a body that does not end in time is given up', async () => {
  const opened = await platforms(LIBRARY);
  const url = await open(opened, { settings: { httpIdleMs: 200 }, requestTimeoutMs: 300 });
  const before = await messagesOf(opened.platform);
  const slow = await exchange(
    url,
    'POST /run HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"a"',
  );
  assert.match(slow, /^HTTP\/1\.1 408 [\s\S]*did not arrive in time/);
  const cut = 'POST /run HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{}';
  await exchange(url, cut, true);
  assert.equal((await appOf(opened).request('/healthz')).status, 200);
  assert.deepEqual(await messagesOf(opened.platform), before);
});

test('a connection that says nothing is closed, also when the client keeps its half of it open', async () => {
  const opened = await platforms(LIBRARY);
  const url = await open(opened, { settings: { httpIdleMs: 100 } });
  const { hostname, port } = new URL(url);
  const silent = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  silent.on('error', () => {}).resume();
  await once(silent, 'end');
  // A write into what is closed is answered with a reset; a door that only said goodbye would take it.
  const closed = new Promise((resolve) => silent.once('close', resolve));
  const poke = setInterval(() => void silent.write('GET '), 50);
  await closed;
  clearInterval(poke);
});

test('whoever holds all connections keeps nobody from asking whether the process lives', async () => {
  const opened = await platforms(LIBRARY);
  for (const limits of [{ httpConnections: 3 }, { httpConnectionsPerAddress: 3 }]) {
    const url = await open(opened, { settings: limits });
    const { hostname, port } = new URL(url);
    const held = Array.from({ length: 200 }, () => connect(Number(port), hostname).on('error', () => {}));
    await Promise.all(held.map((socket) => once(socket, 'connect')));
    for (const path of ['/healthz', '/readyz']) {
      const answer = await exchange(url, `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      assert.match(answer, /^HTTP\/1\.1 200 [\s\S]*connection: close/i, path);
    }
    const other = await exchange(url, 'GET /human HTTP/1.1\r\nHost: localhost\r\n\r\n');
    assert.match(other, /^HTTP\/1\.1 503 [\s\S]*retry-after: 5[\s\S]*platform\.busy/i);
    for (const socket of held) socket.destroy();
    // The door learns of it a little later.
    while (!(await exchange(url, 'GET /human HTTP/1.0\r\nHost: localhost\r\n\r\n')).startsWith('HTTP/1.1 200'));
  }
});

test('several requests on one connection are each answered, and a request to a foreign name is not', async () => {
  const opened = await platforms(LIBRARY);
  const url = await open(opened);
  const one = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n';
  const both = await exchange(url, `${one}${one.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')}`);
  assert.equal(both.match(/HTTP\/1\.1 200/g)?.length, 2);
  const foreign = await exchange(url, 'GET /readyz HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n');
  assert.match(foreign, /^HTTP\/1\.1 421 [\s\S]*request\.host_refused/);
});

test('a client that sends requests without waiting for answers loses its connection, and keeps nobody waiting', async () => {
  const opened = await platforms(LIBRARY);
  const url = await open(opened);
  const answers = await exchange(url, 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(5_000));
  assert.ok((answers.match(/HTTP\/1\.1 200/g) ?? []).length < 1_000);
  assert.equal((await fetch(`${url}/healthz`)).status, 200);
});

test.run();
