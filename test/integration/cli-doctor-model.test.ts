import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Finding } from '../../bridge/doctor/finding.ts';
import { examineModel } from '../../bridge/doctor/model.ts';
import { inspectSettings, machineEnvironment } from '../../config/settings.ts';
import { command, withStateDir } from '../support/command.ts';
import { type Answer, KEY, withMessagesApi } from '../support/messages-api.ts';
import { suite } from '../support/suite.ts';

const test = suite('doctor: the model', { timeoutMs: 60_000 });
const stateDir = withStateDir(test);
const api = withMessagesApi(test);

const YES: Answer = { content: [{ type: 'text', text: 'Yes.' }] };
test.before.each(() => api().script(YES));

interface Told {
  code: number | null;
  /** `level text → remedy` of each finding about the model. */
  said: string[];
}

/** What `doctor --model` finds out about the model; the command itself is typed in the tests that say so. */
async function doctor(args: '--model'[], env: Record<string, string> = {}, cwd = process.cwd()): Promise<Told> {
  const claude = { ANTHROPIC_API_KEY: KEY, ANTHROPIC_BASE_URL: api().url };
  const inspected = inspectSettings({ cwd, env: { ...machineEnvironment(), ...claude, ...env } });
  return told(await examineModel(inspected, args.includes('--model')));
}

async function typed(args: string[], env: Record<string, string> = {}): Promise<Told> {
  const claude = { ANTHROPIC_API_KEY: KEY, ANTHROPIC_BASE_URL: api().url };
  const asked = await command(['doctor', ...args, '--json', '--state-dir', stateDir()], { env: { ...claude, ...env } });
  assert.equal(asked.stderr, '');
  const findings = (JSON.parse(asked.stdout).findings as Finding[]).filter(({ part }) => part === 'model');
  assert.equal(told(findings).code, asked.code);
  return told(findings);
}

function told(findings: Finding[]): Told {
  const said = findings.map(
    ({ level, text, remedy }) => `${level} ${text}${remedy === undefined ? '' : ` → ${remedy}`}`,
  );
  assert.ok(!said.join().includes(KEY), 'the key is told');
  return { code: findings.some(({ level }) => level === 'fail') ? 1 : 0, said };
}

const NONE = { ANTHROPIC_API_KEY: '' };
const CHOSEN = { AGENT_PLATFORM_MODEL: 'anthropic' };

test('each model is asked the shortest question, once, and told is what it cost by which prices', async () => {
  const { code, said } = await typed(['--model']);
  assert.equal(code, 0);
  assert.match(
    said[0] ?? '',
    /^ok an Anthropic key was found: --model asks claude-opus-5-5 \(main\) and .* now; runs do not/,
  );
  assert.match(
    said[1] ?? '',
    /^ok main: claude-opus-5-5 answers in \d+ ms \(0\.0008 US dollars at prices of 2026-10-16, request req_\d\)$/,
  );
  assert.match(said[2] ?? '', /^ok sub: claude-haiku-5-5 answers/);
  assert.equal(api().seen.length, 2);
});

test('it is asked as runs ask: streamed, reasoning as they do, with a strict tool and their room to answer', async () => {
  const { code } = await doctor(['--model'], { AGENT_PLATFORM_MODEL_MAX_TOKENS: '5000' });
  assert.equal(code, 0);
  for (const { body } of api().seen) {
    const { stream, thinking, max_tokens, tools = [], tool_choice, messages } = body;
    assert.deepEqual([stream, thinking, max_tokens], [true, { type: 'adaptive' }, 5000]);
    assert.deepEqual([tool_choice, messages.length], [{ type: 'auto' }, 1]);
    assert.deepEqual(
      tools.map((tool) => 'strict' in tool && tool.strict),
      [true],
    );
  }
});

test('an API that cannot do what every run asks for is found out', async () => {
  const strict = 'tools.0.strict: Extra inputs are not permitted';
  const stream = 'stream: must be false';
  const wrong = (message: string): Answer => ({ status: 400, type: 'invalid_request_error', message });
  api().script((body) => {
    if (body.model === 'claude-haiku-5-5') return 'stream' in body ? wrong(stream) : YES;
    return body.tools?.some((tool) => 'strict' in tool) ? wrong(strict) : YES;
  });
  const { code, said } = await doctor(['--model']);
  assert.equal(code, 1);
  for (const [i, message] of [strict, stream].entries()) {
    const told = said[i + 1] ?? '';
    assert.match(told, /^fail (main|sub), .*model\.rejected: .* → runs are asked in the same way: see whether/);
    assert.ok(told.includes(message), told);
  }
});

test('what is declined, or empty but for reasoning, is no answer; a call is one', async () => {
  const thinking = { type: 'thinking', thinking: '', signature: 'signed' };
  const declined: Answer = { content: [], stop_reason: 'refusal', stop_details: { explanation: 'not that' } };
  const each = (main: Answer, sub: Answer) => api().script(({ model }) => (model === 'claude-haiku-5-5' ? sub : main));
  each(declined, { content: [thinking], stop_reason: 'max_tokens' });
  const { code, said } = await doctor(['--model']);
  assert.equal(code, 1);
  assert.match(
    said[1] ?? '',
    /^fail main: claude-opus-5-5 declined to answer in \d+ ms \(.*request req_\d\): not that →/,
  );
  assert.match(said[2] ?? '', /^fail sub: claude-haiku-5-5 answered nothing in .*, and stopped with max_tokens →/);
  assert.match(said.slice(1).join(), /(→ run `agent-platform doctor --model` again; if that says the same, .*){2}/);

  const call = { type: 'tool_use', id: 'toolu_1', name: 'say', input: { word: 'Yes' } };
  each({ content: [call] }, { content: [{ type: 'text', text: ' \n' }] });
  const next = await doctor(['--model']);
  assert.match(next.said[1] ?? '', /^ok main: claude-opus-5-5 answers in/);
  assert.match(next.said[2] ?? '', /^fail sub: .* answered nothing in .*, and stopped with end_turn/);
});

test('a model that was chosen is named, and asked only with --model', async () => {
  const { code, said } = await doctor([], CHOSEN);
  assert.equal(code, 0);
  assert.deepEqual(said, [
    'ok an Anthropic key was found: claude-opus-5-5 (main) and claude-haiku-5-5 (sub) answer; doctor --model asks them',
  ]);
  assert.equal(api().seen.length, 0);
  const asked = await doctor(['--model'], CHOSEN);
  assert.match(asked.said[0] ?? '', /^ok an Anthropic key was found: .* answer$/);
  assert.equal(api().seen.length, 2);
});

test('a key that nothing uses is found, and whether it could be used stops nothing', async () => {
  assert.deepEqual(await doctor([]), {
    code: 0,
    said: ['ok an Anthropic key was found, not used: the model is rehearsal'],
  });
  const odd = await doctor([], { ANTHROPIC_API_KEY: 'sk-“odd”' });
  assert.equal(odd.code, 0);
  assert.match(odd.said.join(), /^warn .*not used.*cannot be sent: character 4 of 8 is not ASCII/);
  assert.equal(api().seen.length, 0);
});

test('without a key it is needed as soon as Claude is chosen or asked', async () => {
  const text = 'ok no Anthropic key was found, and none is needed: the model is rehearsal';
  assert.deepEqual(await doctor([], NONE), { code: 0, said: [text] });
  const asked = await doctor(['--model'], NONE);
  assert.deepEqual([asked.code, asked.said.length], [1, 1]);
  assert.match(asked.said[0] ?? '', /^fail --model asks Claude, and no key was found → set ANTHROPIC_API_KEY/);
  for (const args of [[], ['--model' as const]]) {
    const chosen = await doctor(args, { ...NONE, ...CHOSEN });
    assert.deepEqual([chosen.code, chosen.said.length], [1, 1]);
    assert.match(
      chosen.said[0] ?? '',
      /^fail the model is anthropic, and no key was found → .* use --model rehearsal$/,
    );
  }
});

test('a key that no request can carry is told as that, and not tried', async () => {
  const { code, said } = await doctor(['--model'], { ANTHROPIC_API_KEY: 'sk-one\ntwo' });
  assert.equal(code, 1);
  assert.deepEqual(said, [
    'fail --model asks Claude, and the key that was found cannot be sent: character 7 of 10 is a line break' +
      ' → set ANTHROPIC_API_KEY in the environment to the key alone',
  ]);
  assert.equal(api().seen.length, 0);
});

test('an address that is wrong is not replaced by the vendor’s: nobody is asked, and nobody gets the key', async () => {
  const { port } = new URL(api().url);
  for (const address of [`http://u:p@127.0.0.1:${port}`, `${api().url}/?a=b`, 'no address']) {
    const { code, said } = await typed(['--model'], { ANTHROPIC_BASE_URL: address });
    assert.equal(code, 1);
    assert.deepEqual(said, [
      'fail nobody was asked: as the settings are wrong, it is not certain what is meant by anthropic_base_url' +
        ' → correct the settings, so that the key goes to nobody else, then run `agent-platform doctor --model` again',
    ]);
  }
  assert.equal(api().seen.length, 0);
  const unasked = await doctor([], { ANTHROPIC_BASE_URL: 'no address' });
  assert.match(unasked.said.join(), /^ok an Anthropic key was found, not used/);
});

test('… nor when what is wrong of the settings file may have been the address or the key', async () => {
  const cwd = mkdtempSync(join(tmpdir(), 'doctor-'));
  const file = (text: string) => writeFileSync(join(cwd, 'agent-platform.yaml'), text);
  const ask = (env: Record<string, string>) => doctor(['--model'], env, cwd);
  try {
    const wrong = [`anthropic_base_ulr: ${api().url}\n`, `anthropic_base_url: '${api().url}\n`];
    for (const text of wrong) {
      file(text);
      const { said } = await ask({ ANTHROPIC_BASE_URL: '' });
      assert.match(said.join(), /^fail nobody was asked: .* meant by anthropic_base_url/);
    }
    file('anthropic_api_key: 12345\n');
    const { said } = await ask(NONE);
    assert.match(said.join(), /^fail nobody was asked: .* meant by anthropic_api_key/);
    assert.equal(api().seen.length, 0);
    // What is certain is asked, whatever else is wrong.
    file('durability: maybe\nmodle: x\n');
    assert.equal((await ask({})).code, 0);
    assert.equal(api().seen.length, 2);
  } finally {
    rmSync(cwd, { recursive: true });
  }
});

test('a model without a price is warned of where it would be asked', async () => {
  const { code, said } = await doctor([], {
    ...CHOSEN,
    AGENT_PLATFORM_PRICES: '{"as_of": "2026-11-01", "models": {}}',
  });
  assert.deepEqual([code, said.length], [0, 3]);
  assert.match(
    said[1] ?? '',
    /^warn claude-opus-5-5 has no price: no cost is told for its tokens, and max_usd ignores/,
  );
});

test('a refused key, an unknown model and an address that is another one are told with what to do', async () => {
  const refused = await typed(['--model'], { ANTHROPIC_API_KEY: 'sk-bad' });
  assert.equal(refused.code, 1);
  assert.match(
    refused.said[1] ?? '',
    /^fail main, claude-opus-5-5, request req_\d: model\.denied: .*401 .*ANTHROPIC_API_KEY/,
  );

  api().script(({ model }) =>
    model === 'claude-opus-5-5' ? YES : { status: 404, type: 'not_found_error', message: `model: ${model}` },
  );
  const unknown = await doctor(['--model']);
  assert.equal(unknown.code, 1);
  assert.match(unknown.said[1] ?? '', /^ok main/);
  assert.match(
    unknown.said[2] ?? '',
    /^fail sub, claude-haiku-5-5, request req_\d: model\.denied: .*404 not_found_error.*setting `models`/,
  );

  api().script('page');
  const page = await doctor(['--model']);
  assert.match(
    page.said[1] ?? '',
    /^fail main, claude-opus-5-5, request req_\d: model\.unavailable: .* → see whether that is the address/,
  );
});

test('a model that is busy is told as that, and not as one that is out of reach', async () => {
  api().script({ status: 529, type: 'overloaded_error', message: 'Overloaded' });
  const { code, said } = await doctor(['--model']);
  assert.equal(code, 1);
  assert.match(said[1] ?? '', /model\.unavailable: .*529 overloaded_error: Overloaded → try again in a minute/);
});

test('a bare --model is for the doctor; every other command names the two models, and so does a wrong name', async () => {
  for (const args of [['--model'], ['--model', 'claude']]) {
    const { code, stderr } = await command(['runs', 'list', ...args, '--state-dir', stateDir()]);
    assert.equal(code, 2);
    assert.match(stderr, /^error\[.*rehearsal(,| or) anthropic/);
  }
  const before = await command(['--model', 'runs', 'list']);
  assert.deepEqual([before.code, /--model .*'runs' is invalid/.test(before.stderr)], [2, true]);
});

test.run();
