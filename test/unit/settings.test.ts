import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_MODELS, DEFAULT_PRICES, keyProblem } from '../../config/model-settings.ts';
import { parseNatsUrl, parseRedisUrl, withoutCredentials } from '../../config/services/address.ts';
import { inspectSettings, resolveSettings } from '../../config/settings.ts';
import { suite } from '../support/suite.ts';

const test = suite('settings');
let cwd = '';

test.before.each(() => {
  cwd = mkdtempSync(join(tmpdir(), 'settings-'));
});
test.after.each(() => rmSync(cwd, { recursive: true, force: true }));

const file = (text: string) => writeFileSync(join(cwd, 'agent-platform.yaml'), text);
const yaml = () => join(cwd, 'agent-platform.yaml');

function problems(sources: Parameters<typeof resolveSettings>[0]): string[] {
  try {
    resolveSettings({ env: {}, cwd, ...sources });
  } catch (error) {
    const { code, details, message } = error as { code: string; details: { problems: string[] }; message: string };
    assert.equal(code, 'settings.invalid');
    assert.equal(message, details.problems.join('\n'));
    return details.problems;
  }
  return assert.fail('the settings were taken');
}

test('copies of streams are 1, 3 or 5, and more than one needs a NATS of your own', () => {
  const env = { NATS_URL: 'nats://a:1,nats://b:2' };
  assert.equal(resolveSettings({ cwd, env: { ...env, AGENT_PLATFORM_NATS_REPLICAS: '3' } }).natsReplicas, 3);
  assert.deepEqual(problems({ env: { ...env, AGENT_PLATFORM_NATS_REPLICAS: '2' } }), [
    'environment AGENT_PLATFORM_NATS_REPLICAS: nats_replicas: expected 1, 3 or 5, got "2"',
  ]);
  assert.deepEqual(problems({ env: { AGENT_PLATFORM_NATS_REPLICAS: '3' } }), [
    'environment AGENT_PLATFORM_NATS_REPLICAS: nats_replicas: 3 copies need a NATS cluster of your own, and nats_url is not set',
  ]);
});

test('without any source everything has its default', () => {
  assert.deepEqual(resolveSettings({ cwd, env: { PATH: '/bin', HOME: '/home/jo' } }), {
    stateDir: join(cwd, '.agent-platform'),
    packs: [],
    model: 'rehearsal',
    natsReplicas: 1,
    models: DEFAULT_MODELS,
    modelMaxTokens: 16_000,
    modelTimeoutMs: 600_000,
    modelStreaming: true,
    prices: DEFAULT_PRICES,
    durability: 'power',
    journalShards: 4,
    maxLive: 256,
    ackWaitMs: 2000,
    batchWindow: 5000,
    modelWindows: {},
    maxResultChars: 100_000,
    toolTimeoutMs: 60_000,
    restartIntensity: 3,
    restartPeriodMs: 60_000,
    maxStalls: 10,
    drainGraceMs: 10_000,
    httpHost: '127.0.0.1',
    httpPort: 8088,
    httpWaitMs: 30_000,
    httpIdleMs: 10_000,
    httpConnections: 2_048,
    httpConnectionsPerAddress: 1_024,
    maxRequestBytes: 262_144,
    threadTtlDays: 30,
    logLevel: 'info',
    host: { path: '/bin', cacheDir: '/home/jo/.cache/agent-platform', keys: { anthropic: false }, npmScript: false },
  });
});

test('an option goes before the environment, the environment before the file, the file before the default', () => {
  file('log_level: warn\nmax_live: 10\ntenant: from-file\n');
  const env = { AGENT_PLATFORM_MAX_LIVE: '20', AGENT_PLATFORM_TENANT: 'from-env' };
  const settings = resolveSettings({ cwd, env, options: { tenant: 'from-option' } });
  assert.deepEqual(
    [settings.tenant, settings.maxLive, settings.logLevel, settings.ackWaitMs],
    ['from-option', 20, 'warn', 2000],
  );
});

test('AGENT_PLATFORM_NATS_URL goes before NATS_URL, and an empty variable is not set', () => {
  const env = { AGENT_PLATFORM_NATS_URL: 'nats://one:1', NATS_URL: 'nats://two:2', REDIS_URL: '' };
  const settings = resolveSettings({ cwd, env });
  assert.equal(settings.natsUrl, 'nats://one:1');
  assert.equal(settings.redisUrl, undefined);
});

test('paths are relative to the file that names them, else to the working directory', () => {
  mkdirSync(join(cwd, 'sub'));
  file('packs: [packs/a, /abs/b]\nstate_dir: state\n');
  const settings = resolveSettings({ cwd, env: { AGENT_PLATFORM_DATA: 'data' } });
  assert.deepEqual(settings.packs, [join(cwd, 'packs/a'), '/abs/b']);
  assert.equal(settings.stateDir, join(cwd, 'state'));
  assert.equal(settings.data, join(cwd, 'data'));
  const packs = resolveSettings({ cwd, env: { AGENT_PLATFORM_PACKS: 'x:/y' } }).packs;
  assert.deepEqual(packs, [join(cwd, 'x'), '/y']);
});

test('data is one folder, or one for each pack: a map, an option for each, or separated as paths are', () => {
  const both = { 'a-b': join(cwd, 'x'), c: '/y' };
  assert.deepEqual(resolveSettings({ cwd, env: { AGENT_PLATFORM_DATA: 'a-b=x:c=/y' } }).data, both);
  assert.deepEqual(resolveSettings({ cwd, env: {}, options: { data: ['a-b=x', 'c=/y'] } }).data, both);
  assert.equal(resolveSettings({ cwd, env: {}, options: { data: ['x'] } }).data, join(cwd, 'x'));
  assert.equal(resolveSettings({ cwd, env: {}, options: { data: './a=b:c' } }).data, join(cwd, 'a=b:c'));
  file('data: {a-b: ./x, c: /y}\n');
  const { settings, lines } = inspectSettings({ cwd, env: {} });
  assert.deepEqual(settings.data, both);
  assert.equal(lines.find(({ key }) => key === 'data')?.value, `a-b=${join(cwd, 'x')}, c=/y`);
});

test('data of several folders that are not each for another pack is refused', () => {
  for (const data of [
    ['x', 'y'],
    ['a=x', 'y'],
    ['a=x', 'a=y'],
    ['a=x', 'b='],
    ['a=x:y'],
    [],
    {},
    { a: '' },
    { A: 'x' },
  ]) {
    const [problem] = problems({ options: { data } });
    assert.match(problem ?? '', /^option --data: data: expected a folder, or PACK=FOLDER for each pack, got/);
  }
});

test('only npm in a checkout makes it a script of npm', () => {
  const of = (env: Record<string, string>) => resolveSettings({ cwd, env }).host.npmScript;
  assert.equal(of({ npm_lifecycle_event: 'agent-platform', npm_package_name: 'agent-platform' }), true);
  assert.equal(of({ npm_lifecycle_event: 'check', npm_package_name: 'theirs' }), false);
});

test('a bad value is named with its key, its value and where it was written', () => {
  file('durability: maybe\njournal_shards: 65\npacks: one\ntenant:\n');
  assert.deepEqual(problems({ options: { logLevel: 'loud' }, env: { AGENT_PLATFORM_ACK_WAIT_MS: '2s' } }), [
    `${yaml()}:4:8: tenant: expected a name of at most 63 characters a–z, 0–9 and -, got null`,
    `${yaml()}:3:8: packs: expected a list of pack folders, got "one"`,
    `${yaml()}:1:13: durability: expected power or process, got "maybe"`,
    `${yaml()}:2:17: journal_shards: expected a whole number from 1 to 64, got 65`,
    'environment AGENT_PLATFORM_ACK_WAIT_MS: ack_wait_ms: expected milliseconds from 100 to 600000, got "2s"',
    'option --log-level: log_level: expected trace, debug, info, warn, error, fatal or silent, got "loud"',
  ]);
});

test('an unknown or repeated key, a syntax error and a file that is no map are named with their line', () => {
  file('model: rehearsal\nmodle: x\n');
  assert.match(problems({})[0] ?? '', new RegExp(`^${yaml()}:2:1: unknown setting modle; known are state_dir, `));
  file('tenant: a\ntenant: b\n');
  assert.match(problems({})[0] ?? '', new RegExp(`^${yaml()}:2:1: `));
  file('tenant: [a\n');
  assert.match(problems({})[0] ?? '', new RegExp(`^${yaml()}:\\d+:\\d+: `));
  file('- a\n');
  assert.match(problems({})[0] ?? '', /:1:1: expected a list of settings/);
  file('# nothing yet\n');
  assert.equal(resolveSettings({ cwd, env: {} }).maxLive, 256);
});

test('an inspection tells each value with its origin and no secret, and puts the default in place of a wrong one', () => {
  file('max_live: 10\ndurability: maybe\n');
  const env = { NATS_URL: 'nats://jo:s3cret@host:1', AGENT_PLATFORM_HTTP_TOKEN: 's3cret', ANTHROPIC_API_KEY: 's3cret' };
  const { settings, lines, problems } = inspectSettings({ cwd, env });
  const line = (key: string) => lines.find((each) => each.key === key);
  assert.deepEqual(line('max_live'), { key: 'max_live', value: '10', origin: `${yaml()}:1:11` });
  assert.deepEqual(line('durability'), { key: 'durability', value: 'power', origin: 'default' });
  assert.deepEqual(line('data'), { key: 'data', origin: 'not set' });
  assert.deepEqual(line('nats_url'), { key: 'nats_url', value: 'nats://host:1', origin: 'environment NATS_URL' });
  assert.deepEqual(line('http_token')?.value, '(hidden)');
  assert.doesNotMatch(JSON.stringify(lines), /s3cret/);
  assert.deepEqual([settings.durability, settings.maxLive, settings.host.keys.anthropic], ['power', 10, true]);
  assert.equal(problems.length, 1);
  mkdirSync(join(cwd, 'sub/agent-platform.yaml'), { recursive: true });
  assert.match(inspectSettings({ cwd: join(cwd, 'sub'), env: {} }).problems[0] ?? '', /cannot be read/);
});

test('a model that there is none of is refused', () => {
  assert.match(
    problems({ options: { model: 'gpt' } })[0] ?? '',
    /^option --model: model: expected rehearsal or anthropic/,
  );
});

test('models and prices are maps in the file and JSON in the environment; a tier that is not named keeps its default', () => {
  file('models:\n  main: some-model\nprices:\n  as_of: 2026-11-01\n  models: {}\n');
  const { models, prices } = resolveSettings({ cwd, env: {} });
  assert.deepEqual(
    [models, prices],
    [
      { ...DEFAULT_MODELS, main: 'some-model' },
      { as_of: '2026-11-01', models: {} },
    ],
  );
  const env = { AGENT_PLATFORM_MODELS: '{"sub": "small"}' };
  assert.deepEqual(resolveSettings({ cwd, env }).models, { ...DEFAULT_MODELS, sub: 'small' });
  assert.match(problems({ env: { AGENT_PLATFORM_MODELS: 'small' } })[0] ?? '', /models: expected model ids as/);
  assert.match(
    problems({ env: { AGENT_PLATFORM_PRICES: '{"as_of": "now", "models": {}}' } })[0] ?? '',
    /prices: expected/,
  );
});

test('a key is found under the vendor’s name, and an address of the API with a login in it is refused', () => {
  const { anthropicApiKey, host, model } = resolveSettings({ cwd, env: { ANTHROPIC_API_KEY: 'sk-1' } });
  assert.deepEqual([anthropicApiKey, host.keys.anthropic, model], ['sk-1', true, 'rehearsal']);
  const [problem] = problems({ env: { ANTHROPIC_BASE_URL: 'https://jo:s3cret@host' } });
  assert.match(problem ?? '', /^environment ANTHROPIC_BASE_URL: anthropic_base_url: expected an address/);
  assert.doesNotMatch(problem ?? '', /s3cret/);
});

test('an address of the API may have a path, and neither a query nor a fragment, which is not shown', () => {
  for (const url of ['http://127.0.0.1:8080', 'https://host/', 'https://host/anthropic/'])
    assert.equal(resolveSettings({ cwd, env: { ANTHROPIC_BASE_URL: url } }).anthropicBaseUrl, url);
  for (const end of ['?token=s3cret', '/path?token=s3cret', '#s3cret', '/?', '#']) {
    const [problem] = problems({ env: { ANTHROPIC_BASE_URL: `https://host${end}` } });
    assert.match(problem ?? '', /expected an address .* without a login, query or fragment in it, got "https:\/\/host/);
    assert.match(problem ?? '', /host(\/|\/path)?" and what is not shown here$/);
    assert.doesNotMatch(problem ?? '', /s3cret|token/);
  }
});

test('white space around a key is cut off, and a blank one is none', () => {
  const { anthropicApiKey } = resolveSettings({ cwd, env: { ANTHROPIC_API_KEY: ' sk-1\n' } });
  assert.equal(anthropicApiKey, 'sk-1');
  const env = { AGENT_PLATFORM_ANTHROPIC_API_KEY: ' \n', ANTHROPIC_API_KEY: 'sk-2' };
  assert.equal(resolveSettings({ cwd, env }).anthropicApiKey, 'sk-2');
  for (const blank of ['', '""', '"  "']) {
    file(`anthropic_api_key: ${blank}\n`);
    const { host, ...settings } = resolveSettings({ cwd, env: {} });
    assert.deepEqual([host.keys.anthropic, settings.anthropicApiKey], [false, undefined], blank);
  }
});

test('a key that no request can carry stops nothing by itself, and what is wrong with it is told without it', () => {
  const told = {
    'sk-one\ntwo': 'character 7 of 10 is a line break',
    'sk-one two': 'character 7 of 10 is white space',
    'sk-\u0000': 'character 4 of 4 is invisible',
    'sk-\u200b': 'character 4 of 4 is invisible',
    '“sk-1”': 'character 1 of 6 is not ASCII',
    'sk-🔑': 'character 4 of 4 is not ASCII',
  };
  for (const [key, problem] of Object.entries(told)) {
    assert.equal(keyProblem(key), problem);
    assert.equal(resolveSettings({ cwd, env: { ANTHROPIC_API_KEY: key } }).anthropicApiKey, key);
  }
  assert.equal(keyProblem('sk-ant-api03_~!'), null);
});

test('an option that needs a value and has none is told as such', () => {
  assert.match(problems({ options: { model: true } })[0] ?? '', /expected rehearsal or anthropic, got no value$/);
});

test('an error never shows a secret', () => {
  file('anthropic_api_key: 987654\nhttp_token: [s3cret]\n');
  const told = problems({});
  assert.match(told[0] ?? '', /:1:20: anthropic_api_key: expected a key, got something else \(number, not shown\)$/);
  assert.doesNotMatch(told.join('\n'), /987|s3cret/);
});

test('an error never shows credentials', () => {
  for (const url of [
    'http://jo:s3cret@host',
    'nats://jo:s3c/ret@:x',
    'nats://jo:s3cret,x@h:99999',
    'ftp://x?p=s3cret',
    'ftp://x#s3cret',
  ]) {
    const [problem] = problems({ env: { NATS_URL: url, REDIS_URL: url } });
    assert.match(problem ?? '', /^environment NATS_URL: nats_url: expected an address like nats:\/\/host:4222, got/);
    assert.doesNotMatch(problem ?? '', /s3c|ret@|jo/);
  }
});

test('addresses of NATS are split into servers and one login', () => {
  assert.deepEqual(parseNatsUrl('nats://a:1,nats://b'), { url: 'nats://a:1,nats://b:4222' });
  assert.deepEqual(parseNatsUrl('localhost:4222'), { url: 'nats://localhost:4222' });
  assert.deepEqual(parseNatsUrl('nats://jo:p%40ss@a'), { url: 'nats://a:4222', user: 'jo', pass: 'p@ss' });
  assert.deepEqual(parseNatsUrl('tls://t0ken@a'), { url: 'tls://a:4222', token: 't0ken' });
  for (const bad of ['', 'redis://a', 'nats://', 'nats://a:99999']) assert.equal(parseNatsUrl(bad), null, bad);
});

test('addresses of Redis are split into host, login and database', () => {
  assert.deepEqual(parseRedisUrl('redis://:p%2Fw@a/3'), {
    url: 'redis://a:6379/3',
    host: 'a',
    port: 6379,
    password: 'p/w',
    db: 3,
  });
  assert.deepEqual(parseRedisUrl('rediss://jo:pw@[::1]:7'), {
    url: 'rediss://[::1]:7',
    host: '::1',
    port: 7,
    username: 'jo',
    password: 'pw',
    tls: true,
  });
  assert.deepEqual(parseRedisUrl('redis://:pw@a,[::1]:7,b/2'), {
    url: 'redis://a:6379,[::1]:7,b:6379/2',
    host: 'a',
    port: 6379,
    others: [
      { host: '::1', port: 7 },
      { host: 'b', port: 6379 },
    ],
    password: 'pw',
    db: 2,
  });
  assert.deepEqual(parseRedisUrl('redis+sentinel://jo:pw@a,b:5/main/1?sentinel_password=s%26t'), {
    url: 'redis+sentinel://a:26379,b:5/main/1',
    host: 'a',
    port: 26379,
    others: [{ host: 'b', port: 5 }],
    sentinel: { name: 'main', password: 's&t' },
    username: 'jo',
    password: 'pw',
    db: 1,
  });
  const none = ['redis://a,', 'redis://a,http://b', 'redis+sentinel://a', 'redis+sentinel://a/n/x'];
  for (const bad of [...none, 'http://a', 'redis://a/x', 'redis://', 'redis://a#x'])
    assert.equal(parseRedisUrl(bad), null, bad);
  assert.equal(withoutCredentials('redis://jo:pw@h:1/2?x=y'), 'redis://h:1/2');
});

test.run();
