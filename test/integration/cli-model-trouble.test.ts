import assert from 'node:assert/strict';
import { command, type CommandOptions, type CommandResult, withHeldState } from '../support/command.ts';
import { type Answer, KEY, withMessagesApi } from '../support/messages-api.ts';
import { suite } from '../support/suite.ts';

const test = suite('command line: a model that refuses or is busy', { timeoutMs: 120_000 });
const stateDir = withHeldState(test);
const api = withMessagesApi(test);

const DENIED: Answer = { status: 403, type: 'permission_error', message: 'no such model for you' };
const WRONG: Answer = { status: 400, type: 'invalid_request_error', message: 'too odd' };
const BUSY: Answer = {
  status: 529,
  type: 'overloaded_error',
  message: 'Overloaded',
  headers: { 'x-should-retry': 'false' },
};

function run(args: string[], options: CommandOptions = {}): Promise<CommandResult> {
  const env = { ANTHROPIC_API_KEY: KEY, ANTHROPIC_BASE_URL: api().url };
  return command([...args, '--state-dir', stateDir(), '--model', 'anthropic'], { ...options, env });
}

const CHECK = ['schedules', 'run-now', 'weekly_health_check'];
const ACME = ['run', 'account_health_main', '--payload', '{"account_id": "acme-corp"}'];

test('a batch whose key was refused is told as what it came to once the key is repaired, not as refused again', async () => {
  // One run is refused; the others have no answer yet.
  api().script((body) => (JSON.stringify(body.messages).includes('dunmore-foods') ? DENIED : 'silence'));
  const first = await run([...CHECK, '--batch', 'denied']);
  assert.equal(first.code, 1);
  assert.match(first.stdout, /^batch denied: 11 runs, 10 cancelled, 1 failed; 0 model turns/m);
  assert.match(first.stdout, /^10 runs cancelled, run\.cancelled: /m);
  assert.match(first.stderr, /error\[model\.denied\]: the batch denied failed: .*no such model for you/);
  assert.match(first.stderr, /what became of its runs: .*runs show denied/);

  api().seen.splice(0);
  for (const json of [[], ['--json']]) {
    const { code, stdout, stderr } = await run([...CHECK, '--batch', 'denied', ...json]);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(
      stderr,
      /^error\[run\.batch_ended\]: the batch denied ended at \d{4}-\d\d-\d\d [\d:]{8} UTC as failed/,
    );
    assert.match(stderr, /as failed, model\.denied: .*no such model for you/);
    assert.match(stderr, /its result is kept, .*`runs show denied`.*give --batch another id or leave it out/);
  }
  assert.equal(api().seen.length, 0, 'nothing is asked for it any more');
});

test('… and of each of its targets it is shown what became of it', async () => {
  const { code, stdout } = await run(['runs', 'show', 'denied']);
  assert.equal(code, 0);
  assert.match(stdout, /^model\.denied: .*no such model for you/m);
  assert.match(stdout, /^dunmore-foods +failed +denied-dunmore-foods$/m);
  assert.match(stdout, /^acme-corp +cancelled +denied-acme-corp$/m);
  assert.doesNotMatch(stdout, /not reported/);
  const { runs } = JSON.parse((await run(['runs', 'show', 'denied', '--json'])).stdout) as {
    runs: { outcome: string; state: string }[];
  };
  const outcomes = runs.map(({ outcome }) => outcome).toSorted((a, b) => a.localeCompare(b));
  assert.deepEqual(outcomes, [...Array.from({ length: runs.length - 1 }, () => 'cancelled'), 'failed']);
  assert.ok(runs.length > 5 && runs.every(({ outcome, state }) => outcome === state));
});

test('a batch that one refused tier ended still tells what was achieved and spent, and then what ended it', async () => {
  const reads = (account: string): Answer => ({
    content: [{ type: 'tool_use', id: 'one', name: 'get_account_metrics', input: { account_id: account } }],
  });
  api().script((body) => {
    if (JSON.stringify(body.messages).includes('dunmore-foods'))
      return body.messages.length > 1 ? DENIED : reads('dunmore-foods');
    return 'silence';
  });
  const { code, stdout, stderr } = await run([...CHECK, '--batch', 'tier', '--json']);
  assert.equal(code, 1);
  assert.match(stderr, /error\[model\.denied\]: the batch tier failed: .*no such model for you/);
  const { error, results, totals } = JSON.parse(stdout);
  assert.equal(error.code, 'model.denied');
  assert.match(error.message, /^claude-opus-5-5 is refused: .*no such model for you/);
  assert.deepEqual([results.length, totals.outcomes, totals.usage.turns], [11, { failed: 1, cancelled: 10 }, 1]);
  assert.ok(totals.cost_usd > 0);
});

test('a run that nobody answered says so, and names no model', async () => {
  api().script(DENIED);
  const { code, stdout } = await run([...ACME, '--run-id', 'unanswered']);
  assert.equal(code, 1);
  assert.match(stdout, /^account_health_main on acme-corp as of [\d-]{10}, no model answered$/m);
  const again = JSON.parse((await run([...ACME, '--run-id', 'unanswered', '--json'])).stdout);
  assert.deepEqual([again.model, again.outcome, again.error.code], [null, 'failed', 'model.denied']);
  assert.match((await run(['runs', 'show', 'unanswered'])).stdout, /0 model turns, no model answered,/);
});

test('a batch that waits for people because nothing was answered says so as well', async () => {
  api().script(WRONG);
  const { code, stdout } = await run([...CHECK, '--target', 'acme-corp', '--batch', 'wrong']);
  assert.equal(code, 0);
  assert.match(stdout, /^weekly_health_check as of [\d-]{10}, no model answered$/m);
  assert.equal(JSON.parse((await run([...CHECK, '--batch', 'wrong', '--json'])).stdout).model, null);
});

test('what several runs ask alike is said once, with what to type for each', async () => {
  api().script(WRONG);
  const { code, stdout } = await run([...CHECK, '--batch', 'all-wrong']);
  assert.equal(code, 0);
  assert.match(stdout, /^11 runs wait for a person, model\.rejected: .*too odd/m);
  assert.equal(stdout.match(/too odd/g)?.length, 1, stdout);
  const asks = stdout.match(/^ {2}\S.* human decide all-wrong-\S+ --approve .*$/gm) ?? [];
  assert.equal(new Set(asks).size, 11, stdout);
});

test('what the model refused is shown with its request id; what is printed then works as it stands', async () => {
  const claude = { ANTHROPIC_API_KEY: KEY, ANTHROPIC_BASE_URL: api().url };
  const typed = (line: string | undefined) => command((line ?? '').split(' '), { env: claude });
  const asked = ['human', 'show', 'wrong-acme-corp.0.1', '--state-dir', stateDir()];
  const { code, stdout } = await command(asked);
  assert.equal(code, 0);
  assert.match(stdout, /^the provider's id of the request: req_\d+$/m);
  const [, prompt] =
    /^to see what was sent: agent-platform (runs prompt wrong-acme-corp 0 --turn 1 .*)$/m.exec(stdout) ?? [];
  assert.match((await typed(prompt)).stdout, /^account_health_main, turn 1, not answered, request req_\d+$/m);
  const [, decide] =
    /^to answer: agent-platform (human decide .* --approve .* --model anthropic .*)$/m.exec(stdout) ?? [];
  const decided = await typed(decide);
  assert.match(decided.stderr, /^done: wrong-acme-corp\.0\.1 is decided: approve/m);
  assert.match(decided.stdout, /^to answer: .* wrong-acme-corp\.0\.2 --approve .* --model anthropic/m);

  const other = (await command([...asked, '--model', 'anthropic'], { env: claude })).stdout;
  assert.match(other, /^approve by /m);
  assert.match(other, /^to see what was sent: .* --turn 1 --model anthropic/m);
});

const WAITING =
  /^waiting: claude-opus-5-5 cannot answer now: (.*); asked again (?:in (\d+) s|now) \(attempt (\d) of 6\)$/;

test('while the model is busy the terminal says why, until when and which attempt; an interrupted run shows it', async () => {
  api().script(BUSY);
  let sent = false;
  const { code, stdout, stderr } = await run([...ACME, '--run-id', 'busy'], {
    onStderr: (text, kill) => {
      if (!sent && /attempt [3-6]/.test(text)) kill('SIGINT');
      sent ||= /attempt [3-6]/.test(text);
    },
  });
  assert.deepEqual([code, stdout], [130, '']);
  const said = stderr.split('\n').filter((line) => line.startsWith('waiting: '));
  const attempts = said.map((line) => {
    const [, reason = line, seconds = 0, attempt = 0] = WAITING.exec(line) ?? [];
    assert.equal(reason, '529 overloaded_error: Overloaded');
    assert.ok(Number(seconds) <= 2 ** (Number(attempt) - 1), line);
    return Number(attempt);
  });
  // A slow machine may look when the first wait is over, and may see another one before it is interrupted.
  const [first = 0, last = 0] = [attempts[0], attempts.at(-1)];
  assert.ok((first === 2 || first === 3) && last >= 3, stderr);
  assert.deepEqual(
    attempts,
    attempts.map((_, i) => first + i),
    'each wait is said once',
  );
  const { model_waits } = JSON.parse((await run(['runs', 'show', 'busy', '--json'])).stdout);
  const [{ path, attempt }] = model_waits;
  assert.deepEqual([model_waits.length, path, attempt >= last], [1, '0', true]);
  const shown = (await run(['runs', 'show', 'busy'])).stdout.replaceAll(/\s+/g, ' ');
  const [, at, next] =
    /account_health_main 0 waits for the model, model\.unavailable: .* asked again at ([\d-]{10} [\d:]{8}) UTC \(attempt (\d) of 6\)/.exec(
      shown,
    ) ?? [];
  assert.ok(at, shown);
  assert.equal(Number(next), attempt);
});

test('a busy model holds up a whole batch in one line', async () => {
  api().script(BUSY);
  let sent = false;
  const { stdout, stderr } = await run([...CHECK, '--batch', 'busy-batch'], {
    onStderr: (text, kill) => {
      if (!sent && text.includes('wait for the model')) kill('SIGINT');
      sent ||= text.includes('wait for the model');
    },
  });
  assert.equal(stdout, '');
  assert.match(
    stderr,
    /^\d+ runs wait for the model: claude-opus-5-5 cannot answer now: .*; the next is asked again /m,
  );
  assert.equal(stderr.match(/cannot answer now/g)?.length, 1, stderr);
  const shown = await run(['runs', 'show', 'busy-batch']);
  assert.match(shown.stdout, /^acme-corp +waits for the model +busy-batch-acme-corp$/m);
});

test('a batch that was cancelled is told as that', async () => {
  const cancelled = await run(['runs', 'cancel', 'busy-batch', '--reason', 'not needed', '--by', 'Ada']);
  assert.equal(cancelled.code, 0, cancelled.stderr);
  const { code, stderr } = await run([...CHECK, '--batch', 'busy-batch']);
  assert.equal(code, 1);
  assert.match(
    stderr,
    /error\[run\.batch_ended\]: the batch busy-batch ended at .* UTC as cancelled, Ada: not needed\n/,
  );
  const { state, runs } = JSON.parse((await run(['runs', 'show', 'busy-batch', '--json'])).stdout);
  assert.equal(state, 'cancelled');
  assert.ok(runs.every(({ outcome }: { outcome: string }) => outcome === 'cancelled'));
});

test.run();
