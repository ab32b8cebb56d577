import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding } from '../../bridge/doctor/finding.ts';
import { connectRedis } from '../../runtime/memory/connect.ts';
import { HeldFolder } from '../support/holders.ts';
import { commandIn, LIBRARY, serveIn } from '../support/serving.ts';
import { suite } from '../support/suite.ts';

const test = suite('doctor', { timeoutMs: 90_000 });
let folder: HeldFolder;

test.before.each(() => {
  folder = new HeldFolder();
});
test.after.each(() => folder.remove());

interface Health {
  code: number | null;
  healthy: boolean;
  findings: Finding[];
  /** `level text` of each finding of a part. */
  of(part: string): string[];
}

async function doctor(args: string[] = [], env: Record<string, string> = LIBRARY): Promise<Health> {
  const { code, stdout, stderr } = await commandIn(folder, ['doctor', '--json', ...args], env);
  assert.equal(stderr, '');
  const { healthy, findings } = JSON.parse(stdout) as { healthy: boolean; findings: Finding[] };
  assert.equal(code, healthy ? 0 : 1);
  for (const { level, remedy, text } of findings) assert.equal(level === 'ok', remedy === undefined, text);
  const of = (part: string) => findings.flatMap((each) => (each.part === part ? [`${each.level} ${each.text}`] : []));
  return { code, healthy, findings, of };
}

const some = (lines: string[], pattern: RegExp) =>
  assert.ok(
    lines.some((line) => pattern.test(line)),
    `${pattern} is not in:\n${lines.join('\n')}`,
  );

test('on a fresh folder everything is said, nothing runs, and nothing is made', async () => {
  const { healthy, of } = await doctor();
  assert.ok(healthy);
  some(of('node'), /^ok Node \d+\.\d+\.\d+ on/);
  some(of('platform'), /^ok agent-platform \d/);
  some(of('settings'), /^ok durability = power \(default\)/);
  some(of('settings'), /^ok packs = .*library \(environment AGENT_PLATFORM_PACKS\)/);
  some(of('packs'), /^ok library 0\.1\.0: 3 agents, 1 topic, 1 schedule/);
  some(of('packs'), /^warn .*librarian\.yaml:\d+:\d+ .*"binder" will be refused/);
  some(of('data'), /^ok library reads .*shelf, latest date 2026-11-14, tenant town/);
  some(of('state'), /^ok nobody holds/);
  some(of('nats'), /^(ok|warn) nats-server is not running; would (use 2\.|be fetched)/);
  some(of('redis'), /^(ok|warn) redis-server is not running; would (use|be fetched)/);
  some(of('clock'), /^ok 20\d\d-/);
  assert.deepEqual(readdirSync(folder.cwd), []);
});

test('running servers are looked into, with who holds them, and go on as they were', async () => {
  const up = serveIn(folder, ['up']);
  await up.line(/^serving/);
  const { healthy, of } = await doctor();
  assert.ok(healthy);
  some(
    of('state'),
    new RegExp(`^ok embedded servers held by 1 process ${up.process.pid}, kept by process \\d+ since 20`),
  );
  some(
    of('nats'),
    /^ok nats-server 2\.\d+\.\d+ at nats:\/\/127\.0\.0\.1:\d+ \(embedded\), JetStream on, login accepted/,
  );
  some(of('redis'), /^ok eviction policy noeviction/);
  some(of('redis'), /^ok the append-only file is on/);
  for (const stream of ['JOURNAL_3', 'MAIL', 'MEMORY', 'KV_DEFINITIONS', 'TOPIC_overdue'])
    some(of('streams'), new RegExp(`^ok ${stream}: \\d+ messages?, file storage, 1 replica`));
  some(of('memory'), /^ok 0 memories recorded, 0 with a hash and 0 with a vector/);
  assert.equal(of('clock').length, 3);
  assert.equal(folder.keepers().length, 1);
  const other = await doctor(['--state-dir', '.agent-platform'], { ...LIBRARY, AGENT_PLATFORM_DURABILITY: 'process' });
  assert.equal(other.code, 1);
  some(other.of('state'), /^fail they run with durability power, and the settings ask for process/);
  const shards = await doctor([], { ...LIBRARY, AGENT_PLATFORM_JOURNAL_SHARDS: '7' });
  some(shards.of('streams'), /^warn the journal has 4 shards since it was made, and journal_shards is 7/);
});

test('external servers are looked into: login, sync that cannot be seen, eviction, index and record', async () => {
  const { open } = await folder.holdOpen();
  const { user, pass, url } = open.nats;
  const { host, port, password } = open.redis;
  const env = (login: string) => ({
    ...LIBRARY,
    NATS_URL: url.replace('://', `://${user}:${login}@`),
    REDIS_URL: `redis://:${login === pass ? password : login}@${host}:${port}`,
  });
  const redis = await connectRedis(open.redis);
  await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
  await redis.config('SET', 'appendonly', 'no');
  await redis.hset('memory:{town/librarian}:id:stranger', { text: 'x' });
  redis.disconnect();
  const { healthy, of } = await doctor(['--state-dir', 'unused'], env(pass ?? ''));
  assert.ok(healthy);
  some(of('nats'), /^ok nats-server 2\.\S+ at nats:\/\/127\.0\.0\.1:\d+ \(external\), JetStream on, login accepted/);
  some(of('redis'), /^ok redis-server \S+ at redis:\/\/127\.0\.0\.1:\d+ \(external\)/);
  some(of('streams'), /^warn durability is power, and whether this external server syncs every write cannot be seen/);
  some(of('redis'), /^warn eviction policy allkeys-lru/);
  some(of('redis'), /^warn the append-only file is off/);
  some(of('memory'), /^warn 0 memories recorded, 1 with a hash and 0 with a vector/);
  const denied = await doctor([], env('wrong'));
  assert.equal(denied.code, 1);
  some(denied.of('nats'), /^fail nats\.denied: /);
  some(denied.of('redis'), /^fail redis\.denied: /);
  assert.doesNotMatch(
    JSON.stringify([...of('settings'), ...denied.findings]),
    new RegExp(`${pass}|${password}|wrong@`),
  );
});

test('with --start it starts servers, looks at them, and stops them', async () => {
  const { healthy, of } = await doctor(['--start']);
  assert.ok(healthy);
  some(of('state'), /^ok embedded servers started by this command/);
  some(of('streams'), /^ok MAIL is not there yet/);
  assert.deepEqual(folder.running(), []);
});

test('broken settings, packs and addresses are each told, and none hides another', async () => {
  writeFileSync(join(folder.cwd, 'agent-platform.yaml'), 'durability: maybe\nmodle: x\npacks: [bad, missing]\n');
  cpSync(LIBRARY.AGENT_PLATFORM_PACKS, join(folder.cwd, 'bad'), { recursive: true });
  writeFileSync(join(folder.cwd, 'bad/agents/binder.yaml'), 'kind: Agent\n');
  writeFileSync(join(folder.cwd, 'file'), '');
  const env = {
    NATS_URL: 'nats://jo:s3cret@127.0.0.1:1',
    REDIS_URL: 'redis://:s3cret@127.0.0.1:1',
    AGENT_PLATFORM_STATE_DIR: 'file',
    AGENT_PLATFORM_HTTP_TOKEN: 's3cret',
    ANTHROPIC_API_KEY: 's3cret',
  };
  const { code, findings, of } = await doctor([], env);
  assert.equal(code, 1);
  some(of('settings'), /^fail .*agent-platform\.yaml:1:13: durability: expected power or process, got "maybe"/);
  some(of('settings'), /^fail .*agent-platform\.yaml:2:1: unknown setting modle/);
  some(of('settings'), /^ok nats_url = nats:\/\/127\.0\.0\.1:1 \(environment NATS_URL\)/);
  some(of('packs'), /^fail definitions\.invalid: .*binder\.yaml:1:1/);
  some(of('packs'), /^fail pack\.not_found: .*missing/);
  some(of('nats'), /^fail nats\.unreachable: no NATS server answers at nats:\/\/127\.0\.0\.1:1/);
  some(of('redis'), /^fail redis\.unreachable: /);
  some(of('state'), /^fail .*file cannot be used/);
  some(of('model'), /^ok an Anthropic key was found, not used: the model is rehearsal/);
  some(of('streams'), /^ok not looked at/);
  assert.doesNotMatch(JSON.stringify(findings), /s3cret/);
});

test('servers that cannot be had or do not start are told with what to do', async () => {
  const bin = join(folder.cwd, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'nats-server'), '#!/bin/sh\necho nats-server: v2.10.1\n', { mode: 0o755 });
  const { of } = await doctor([], { ...LIBRARY, PATH: bin, XDG_CACHE_HOME: join(folder.cwd, 'cache') });
  some(
    of('nats'),
    /^(warn|fail) nats-server is not running(; would be fetched .*| and cannot be found) \(PATH has 2\.10\.1, nats-server 2\.14 or newer is needed\)/,
  );
  mkdirSync(join(folder.cwd, '.agent-platform/services/redis/appendonlydir'), { recursive: true });
  const manifest = '.agent-platform/services/redis/appendonlydir/appendonly.aof.manifest';
  writeFileSync(join(folder.cwd, manifest), 'spoilt');
  const started = await doctor(['--start']);
  assert.equal(started.code, 1);
  some(started.of('servers'), /^fail services\.start_failed: redis-server ended/);
  some(started.of('packs'), /^ok library/);
  assert.ok(existsSync(join(folder.cwd, manifest)));
});

test('for people each finding is a line, with what to do below it, and a summary at the end', async () => {
  const { code, stdout } = await commandIn(folder, ['doctor'], {});
  assert.equal(code, 1);
  assert.match(stdout, /^fail {2}packs {5}no pack is named\n {16}→ write `packs: \[FOLDER\]`/m);
  assert.match(stdout, /\n\n\d+ ok, \d+ warnings?, 1 failure\n$/);
});

test('what `/readyz` writes beside the journals is no broken journal', async () => {
  const up = serveIn(folder, ['up']);
  const [url = ''] = /http:\/\/\S+:\d+/.exec(await up.line(/^http: /)) ?? [];
  await up.line(/^serving/);
  assert.equal((await fetch(`${url}/readyz`)).status, 200);
  const { healthy, of } = await doctor();
  assert.ok(healthy);
  some(of('streams'), /^ok JOURNAL_0: 1 message,/);
  assert.deepEqual(
    of('streams').filter((line) => !line.startsWith('ok ')),
    [],
  );
});

test.run();
