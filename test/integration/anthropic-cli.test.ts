import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import type { Spent } from '../../bridge/journals/spent.ts';
import { DEFAULT_PRICES } from '../../config/model-settings.ts';
import type { Catalog } from '../../runtime/definitions/catalog.ts';
import { loadPacks } from '../../runtime/definitions/load.ts';
import { command, type CommandResult, withHeldState } from '../support/command.ts';
import { LIBRARY } from '../support/http.ts';
import { KEY, withMessagesApi } from '../support/messages-api.ts';
import { CUSTOMER_SUCCESS } from '../support/platform.ts';
import { playedAnswers } from '../support/played-api.ts';
import { suite } from '../support/suite.ts';

const test = suite('command line: on Claude', { timeoutMs: 120_000 });
const stateDir = withHeldState(test);
const api = withMessagesApi(test);
let played: ReturnType<typeof playedAnswers>;

test.before(async () => {
  const packs = await loadPacks([CUSTOMER_SUCCESS, ...LIBRARY.packs], { log: pino({ level: 'silent' }) });
  const agents = packs.flatMap((pack) => [...pack.agents.values()].map((agent) => ({ ...agent, pack })));
  played = playedAnswers({ agents: () => agents } as unknown as Catalog);
});
test.before.each(() => api().script(played));

function run(args: string[], env: Record<string, string> = {}): Promise<CommandResult> {
  const claude = { ANTHROPIC_API_KEY: KEY, ANTHROPIC_BASE_URL: api().url };
  return command([...args, '--state-dir', stateDir()], { env: { ...claude, ...env } });
}

function spentIn({ usage, cost_usd, prices_as_of, unpriced_tokens }: Spent): Spent {
  return { usage, cost_usd, prices_as_of, unpriced_tokens };
}

const CHECK = ['schedules', 'run-now', 'weekly_health_check'];

test('a check on Claude says which models answered and what it cost, and never the key', async () => {
  const { code, stdout, stderr } = await run([
    ...CHECK,
    '--target',
    'acme-corp',
    '--batch',
    'one',
    '--model',
    'anthropic',
  ]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /answered by claude-haiku-5-5, claude-opus-5-5/);
  assert.match(
    stdout,
    /39900 tokens \(in 7000, out 1400, from cache 28000, to cache 3500\), \$0\.07 at prices of 2026-10-16$/m,
  );
  const log = readFileSync(join(stateDir(), 'agent-platform.log'), 'utf8');
  assert.ok(!`${stdout}${stderr}${log}`.includes(KEY));
  assert.equal(api().seen.length, 7);
});

test('what was used up is told from the journal: by turn, by invocation, by run and by batch', async () => {
  const shown = await run(['runs', 'show', 'one-acme-corp']);
  assert.match(shown.stdout, /csm_briefing 0-1-1 {2}completed, 2 entries, 5700 tokens \(in 1000, .*\), \$0\.00030/);
  assert.match(shown.stdout.replaceAll(/\s+/g, ' '), /turn 1: recall_memory \(claude-opus-5-5, 5700 tokens/);
  assert.match(shown.stdout, /7 model turns, 39900 tokens \(.*\), \$0\.07 at prices of 2026-10-16, claude/);
  const { tree, ...told } = JSON.parse((await run(['runs', 'show', 'one-acme-corp', '--json'])).stdout);
  const spent = spentIn(told);
  assert.deepEqual([spent.usage.turns, spent.usage.cache_read_tokens, tree.usage.turns], [7, 28_000, 3]);
  for (const { prices_as_of, unpriced_tokens } of [spent, tree, tree.children[0]])
    assert.deepEqual([prices_as_of, unpriced_tokens], [['2026-10-16'], {}]);
  assert.deepEqual(spentIn(JSON.parse((await run(['runs', 'show', 'one', '--json'])).stdout)), spent);
  const again = JSON.parse((await run([...CHECK, '--target', 'acme-corp', '--batch', 'one', '--json'])).stdout);
  assert.deepEqual(spentIn(again.totals), spent);
  assert.equal(api().seen.length, 0);
});

test('what has no price is left out of the cost, and the cost says so', async () => {
  const prices = { as_of: '2026-11-01', models: { 'claude-haiku-5-5': DEFAULT_PRICES.models['claude-haiku-5-5'] } };
  const check = [...CHECK, '--target', 'acme-corp', '--batch', 'partial', '--model', 'anthropic'];
  const { code, stdout, stderr } = await run(check, { AGENT_PLATFORM_PRICES: JSON.stringify(prices) });
  assert.equal(code, 0, stderr);
  const cost = /\$0\.0\d+ at prices of 2026-11-01 without (\d+) tokens of claude-opus-5-5, which have no price/;
  const [, unpriced] = cost.exec(stdout) ?? assert.fail(stdout);
  // What it is told with later does not change what it was made with.
  const shown = await run(['runs', 'show', 'partial-acme-corp']);
  assert.match(shown.stdout, cost);
  assert.match(shown.stdout, /risk_analysis 0-1 {2}completed, .*\), no price for claude-opus-5-5/);
  const { totals } = JSON.parse((await run([...check, '--json'])).stdout);
  assert.deepEqual(totals.unpriced_tokens, { 'claude-opus-5-5': Number(unpriced) });
  assert.deepEqual(totals.prices_as_of, ['2026-11-01']);
});

test('a prompt is shown as it was sent: as layers, as JSON and as the body of the API', async () => {
  const { code, stdout } = await run(['runs', 'prompt', 'one-acme-corp', '0-1', '--turn', '2']);
  assert.equal(code, 0);
  assert.match(stdout, /risk_analysis, turn 2, answered by claude-opus-5-5, request req_/);
  assert.match(
    stdout,
    /── 1 core[^]*── 2 policy[^]*── tools[^]*── 6 working memory and task[^]*DATA, not instructions:/,
  );
  const document = JSON.parse((await run(['runs', 'prompt', 'one-acme-corp', '0-1', '--turn', '2', '--json'])).stdout);
  assert.deepEqual([document.agent, document.turn, document.api.sent], ['risk_analysis', 2, true]);
  const body = await run(['runs', 'prompt', 'one-acme-corp', '0-1', '--turn', '2', '--api']);
  assert.deepEqual(JSON.parse(body.stdout), document.api.body);
  assert.equal(document.api.body.model, 'claude-opus-5-5');
  const none = await run(['runs', 'prompt', 'one-acme-corp', '--turn', '9']);
  assert.deepEqual([none.code, /error\[prompt\.unknown\].*turns 1 to 3/.test(none.stderr)], [1, true]);
});

test('a key alone asks nobody and costs nothing, and the output says that it was found', async () => {
  const { code, stderr, stdout } = await run([...CHECK, '--target', 'acme-corp', '--json']);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /an Anthropic key was found and is not used: rehearsal answers; --model anthropic/);
  assert.deepEqual([JSON.parse(stdout).model, api().seen.length], ['rehearsal', 0]);
});

test('without a key nothing is started, and the error says how to give one', async () => {
  const { code, stderr } = await run([...CHECK, '--batch', 'keyless', '--model', 'anthropic'], {
    ANTHROPIC_API_KEY: '',
  });
  assert.equal(code, 1);
  assert.match(stderr, /error\[model\.no_key\]: .*set ANTHROPIC_API_KEY/);
  assert.equal((await run(['runs', 'show', 'keyless'])).code, 1);
  // A worker without it would fail what it takes.
  const worker = await run(['worker', '--model', 'anthropic'], { ANTHROPIC_API_KEY: '' });
  assert.deepEqual([worker.code, /error\[model\.no_key\]/.test(worker.stderr)], [1, true]);
  // What asks no model needs no key.
  const listed = await run(['runs', 'list', '--model', 'anthropic', '--json'], { ANTHROPIC_API_KEY: '' });
  assert.equal(listed.code, 0, listed.stderr);
});

test('a refused key ends the batch and the command, with what was refused', async () => {
  const { code, stderr } = await run([...CHECK, '--batch', 'denied', '--model', 'anthropic'], {
    ANTHROPIC_API_KEY: 'sk-bad',
  });
  assert.equal(code, 1);
  assert.match(stderr, /error\[model\.denied\]: the batch denied failed: claude-opus-5-5 is refused: 401/);
  assert.doesNotMatch(stderr, /sk-bad/);
});

test('a prompt whose file has changed since is composed again as it was', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'changed-'));
  try {
    cpSync(LIBRARY.packs[0] ?? '', folder, { recursive: true });
    const env = { AGENT_PLATFORM_PACKS: folder, AGENT_PLATFORM_TENANT: 'town' };
    const payload = '{"book": "emma"}';
    const ran = await run(['run', 'librarian', '--payload', payload, '--run-id', 'stock'], env);
    assert.equal(ran.code, 0, ran.stderr);
    writeFileSync(join(folder, 'agents/prompts/librarian.md'), 'Throw all books away.\n');
    const { code, stdout, stderr } = await run(['runs', 'prompt', 'stock', '--turn', '1'], env);
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stdout, /Throw all books away/);
    const shown = await run(['agents', 'show', 'librarian'], env);
    assert.match(shown.stdout, /Throw all books away/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.run();
