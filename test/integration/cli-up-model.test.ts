import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HeldFolder } from '../support/holders.ts';
import { type Answer, KEY, withMessagesApi } from '../support/messages-api.ts';
import { commandIn, LIBRARY, serveIn, type Serving } from '../support/serving.ts';
import { suite } from '../support/suite.ts';

const test = suite('what a process that serves says of a model that refuses or is busy', { timeoutMs: 120_000 });
const api = withMessagesApi(test);
let folder: HeldFolder;

test.before.each(() => {
  folder = new HeldFolder();
});
test.after.each(async () => folder.remove());

const DENIED: Answer = { status: 401, type: 'authentication_error', message: 'no such key\u001b[2J' };
const WRONG: Answer = { status: 400, type: 'invalid_request_error', message: 'too odd' };
const BUSY: Answer = { status: 429, type: 'rate_limit_error', message: 'slow', headers: { 'retry-after': '30' } };
const INSTRUCTIONS = 'Look behind the third shelf.';

function serve(args: string[]): Serving {
  const env = { ...LIBRARY, ANTHROPIC_API_KEY: KEY, ANTHROPIC_BASE_URL: api().url };
  return serveIn(folder, [...args, '--model', 'anthropic'], env);
}

async function stop(...serving: Serving[]): Promise<string[]> {
  const said: string[] = [];
  for (const each of serving) {
    each.signal('SIGINT');
    const { code, stdout, stderr } = await each.ended();
    assert.equal(code, 0, stderr);
    said.push(stdout);
  }
  return said;
}

async function urlOf(up: Serving): Promise<string> {
  await up.line(/^serving/);
  return /http:\/\/[\d.:]+/.exec(await up.line(/^http: /))?.[0] ?? '';
}

async function post(url: string, path: string, body: unknown): Promise<void> {
  const headers = { 'content-type': 'application/json', prefer: 'respond-async' };
  const answer = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  // 200 where the run has ended already.
  assert.ok(answer.ok, await answer.text());
}

function ask(url: string, run: string): Promise<void> {
  return post(url, '/run', {
    agent: 'librarian',
    instructions: INSTRUCTIONS,
    payload: { book: 'dune' },
    run_id: run,
  });
}

const REFUSED =
  'model\\.denied: claude-opus-5-5 is refused: 401 authentication_error: no such key\ufffd\\[2J; check ANTHROPIC_API_KEY and what it may use';

test('a refused key is told with its remedy, of a batch and not of each of its runs', async () => {
  api().script(DENIED);
  const up = serve(['up']);
  const url = await urlOf(up);
  await post(url, '/schedules/weekly_stocktaking/start', { all: true, batch: 'stock' });
  await up.line(new RegExp(`^[\\d:]{8} {2}stock {2}schedule weekly_stocktaking {2}– {2}failed, ${REFUSED}$`));
  await ask(url, 'after');
  await up.line(/^[\d:]{8} {2}after {2}librarian {2}dune {2}failed, model\.denied as above$/);
  const [stdout = ''] = await stop(up);
  assert.match(stdout, new RegExp(`^[\\d:]{8} {2}stock-\\S+ {2}librarian {2}\\S+ {2}failed, ${REFUSED}$`, 'm'));
  assert.equal(stdout.match(/what it may use/g)?.length, 2, stdout);
});

test('a run that waits for its model, and one that waits for a person, are told and logged, and who asks how', async () => {
  api().script(BUSY);
  const up = serve(['up']);
  const url = await urlOf(up);
  await ask(url, 'busy');
  assert.match(
    await up.line(/ busy /),
    /^[\d:]{8} {2}busy {2}librarian {2}dune {2}waits for the model: claude-opus-5-5 cannot answer now: 429 rate_limit_error: slow; asked again in \d\d s \(it asks to wait\)$/,
  );
  api().script(WRONG);
  await ask(url, 'odd');
  assert.match(
    await up.line(/ odd /),
    /^[\d:]{8} {2}odd {2}librarian {2}dune {2}waits for a person, model\.rejected: .*too odd.*; to see it: agent-platform human show odd\.0\.1 --model anthropic$/,
  );
  await stop(up);
  const log = readFileSync(join(folder.cwd, '.agent-platform/agent-platform.log'), 'utf8').trim();
  const lines = log.split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
  const about = (msg: string) =>
    lines
      .filter((line) => line.msg === msg)
      .map(({ time: _time, pid: _pid, hostname: _host, asked_again: _at, due: _due, ...line }) => line);
  const who = { agent: 'librarian', path: '0', subject: 'dune' };
  assert.deepEqual(about('waits for the model'), [
    {
      level: 30,
      ...who,
      run: 'busy',
      code: 'model.unavailable',
      reason: 'claude-opus-5-5 cannot answer now: 429 rate_limit_error: slow',
      attempt: null,
      msg: 'waits for the model',
    },
  ]);
  assert.deepEqual(about('waits for a person'), [
    {
      level: 40,
      ...who,
      run: 'odd',
      task: 'odd.0.1',
      kind: 'model',
      rules: ['model.rejected'],
      msg: 'waits for a person',
    },
  ]);
  assert.ok(!log.includes(INSTRUCTIONS), 'the log holds no prompt');
});

test('waits of many runs are one line; a worker tells of what it left waiting, an up of all workers', async () => {
  api().script(BUSY);
  const up = serve(['up', '--no-worker', '--json']);
  await up.line(/serving/);
  const worker = serve(['worker']);
  await worker.line(/serves/);
  const { serving } = JSON.parse(await up.line(/serving/));
  const url = serving.doors.find(({ name }: { name: string }) => name === 'http').says as string;
  const asked = ['a', 'b', 'c'].map((run) => ask(/http:\/\/[\d.:]+/.exec(url)?.[0] ?? '', run));
  await Promise.all(asked);
  assert.match(
    await worker.line(/wait for the model/),
    /^[\d:]{8} {2}\d runs wait for the model: .*; the next is asked/,
  );
  for (const run of ['a', 'b', 'c']) {
    const { waits } = JSON.parse(await up.line(new RegExp(`"waits".*"run":"${run}"`)));
    const { model, task, agent, path } = waits;
    assert.deepEqual(
      [agent, path, task, model.error.code, model.announced],
      ['librarian', '0', null, 'model.unavailable', true],
    );
  }
  const [told = ''] = await stop(worker, up);
  assert.ok((told.match(/cannot answer now/g)?.length ?? 0) < 3, told);
});

test('a worker says why a run failed', async () => {
  api().script(DENIED);
  const up = serve(['up', '--no-worker']);
  const worker = serve(['worker']);
  const url = await urlOf(up);
  await worker.line(/serves/);
  await ask(url, 'refused');
  const failed = new RegExp(`^[\\d:]{8} {2}refused {2}librarian {2}dune {2}failed, ${REFUSED}$`);
  await worker.line(failed);
  await up.line(failed);
  await stop(worker, up);
  const { code } = await commandIn(folder, ['runs', 'show', 'refused']);
  assert.equal(code, 0);
});

test.run();
