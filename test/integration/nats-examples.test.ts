import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import pino from 'pino';
import { Worker } from '../../actors/worker.ts';
import { NatsDoor } from '../../bridge/nats/door.ts';
import { openPlatform, type Platform } from '../../bridge/platform/platform.ts';
import { CUSTOMER_SUCCESS } from '../support/platform.ts';
import { testSettings } from '../support/servers.ts';
import { suite } from '../support/suite.ts';

const test = suite('clients that are not ours', { timeoutMs: 60_000 });
const EXAMPLES = resolve(import.meta.dirname, '../../examples');
const CLIENTS: Record<string, [command: string, ...args: string[]]> = {
  'the Node example': [process.execPath, join(EXAMPLES, 'node/health-check.mjs')],
  'the Python example': ['python3', join(EXAMPLES, 'python/health_check.py')],
};

let dir = '';
let platform: Platform;
let worker: Worker;
let door: NatsDoor;

test.before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'agent-platform-test-'));
  const settings = testSettings(dir, { packs: [CUSTOMER_SUCCESS] });
  platform = await openPlatform(settings, pino({ level: 'silent' }));
  worker = new Worker(platform.nc, platform.runtime, {
    maxLive: settings.maxLive,
    ackWaitMs: settings.ackWaitMs,
    graceMs: 0,
    limits: settings,
  });
  await worker.start();
  door = new NatsDoor(platform);
  await door.start();
});
test.after(async () => {
  await door?.stop();
  await worker?.stop();
  await platform?.close();
  rmSync(dir, { recursive: true, force: true });
});

interface Ended {
  code: number | string;
  stdout: string;
  stderr: string;
}

/** Runs a client in the folder of the platform, as its user would; only PATH and what is given are in its environment. */
function run([command = '', ...args]: string[], env: Record<string, string> = {}, cwd = dir): Promise<Ended> {
  const PATH = process.env.PATH ?? '';
  return new Promise((done) => {
    execFile(command, args, { cwd, env: { PATH, ...env }, timeout: 50_000 }, (error, stdout, stderr) => {
      done({ code: error ? (error.code ?? error.signal ?? 'failed') : 0, stdout, stderr });
    });
  });
}

test('the address and login of an embedded server lie in a file for the owner only', () => {
  const file = join(dir, '.agent-platform/nats.json');
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

for (const [name, client] of Object.entries(CLIENTS)) {
  test(`${name} starts a health check and follows it to its alert`, async () => {
    const { code, stdout, stderr } = await run([...client, 'acme-corp']);
    assert.equal(code, 0, stderr);
    const { subject, id, data } = JSON.parse(stdout);
    assert.match(subject, /^csm_alerts\.sample\.urgent\.acme-corp\./);
    assert.match(id, /-acme-corp-0-1-4$/);
    assert.equal(data.severity, 'urgent');
    assert.ok(stderr.includes(data.run), 'the alert is that of the run that was accepted');
  });

  test(`${name} says so when a check ends without an alert`, async () => {
    const { code, stdout, stderr } = await run([...client, 'fable-studios']);
    assert.deepEqual([code, stdout], [2, ''], stderr);
    assert.match(stderr, /no alert: completed/);
  });

  test(`${name} shows a refusal by its code, and an account that the data does not have`, async () => {
    const refused = await run([...client, 'acme-corp', 'elsewhere']);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /tenant\.unknown/);
    const unknown = await run([...client, 'nowhere-ltd']);
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /no account nowhere-ltd/);
  });

  test(`${name} takes the server from NATS_URL`, async () => {
    const { url, user = '', pass = '' } = platform.services.nats;
    const NATS_URL = url.replace('://', `://${user}:${pass}@`);
    const { code, stderr } = await run([...client, 'lumen-retail'], { NATS_URL }, dirname(dir));
    assert.equal(code, 0, stderr);
  });
}

test('the file stays while the servers run, whoever closes a door, and goes with them', async () => {
  const file = join(dir, '.agent-platform/nats.json');
  const another = new NatsDoor(platform);
  await another.start();
  await another.stop();
  assert.equal(existsSync(file), true);
  await door.stop();
  assert.equal(existsSync(file), true);
  await worker.stop();
  await platform.close();
  assert.equal(existsSync(file), false);
});

test.run();
