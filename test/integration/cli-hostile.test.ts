import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { cancelRun } from '../../bridge/commands/cancel.ts';
import { runCommandLine } from '../../bridge/cli/main.ts';
import { decideTask } from '../../bridge/commands/decide.ts';
import { acceptPrepared, prepareRun } from '../../bridge/commands/start-run.ts';
import { settleRun } from '../../bridge/follow/settle.ts';
import { LIBRARY } from '../support/http.ts';
import { CUSTOMER_SUCCESS, type TestPlatform, withPlatforms } from '../support/platform.ts';
import { suite } from '../support/suite.ts';

/** Every command in this one process: a process for each would cost a second of CPU. */
const test = suite('hostile text and the command line', { timeoutMs: 120_000 });
const platforms = withPlatforms(test);
const LIBRARY_PACK = resolve(import.meta.dirname, '../packs/library');

/** Clears the screen, sets the title, rings, steers by C1, and reads backwards. */
const EVIL = 'e\u001b[2J\u001b]0;pwned\u0007\u009b31m\u0090q\u009c\u202egnp\u2066\u200f\u061c\u2028!';
const STEERS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;
const EVIL_IN_JSON = JSON.stringify(EVIL).slice(1, -1);
const signal = new AbortController().signal;

let folder = '';
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'agent-platform-hostile-'));
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

interface Written {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a command in this process and takes what it writes. */
async function written(open: TestPlatform, words: string[], env: Record<string, string> = {}): Promise<Written> {
  const { natsUrl = '', redisUrl = '' } = open.platform.settings;
  const settings: Record<string, string> = {
    AGENT_PLATFORM_STATE_DIR: join(folder, 'state'),
    AGENT_PLATFORM_PACKS: LIBRARY_PACK,
    AGENT_PLATFORM_DATA: join(folder, 'shelf'),
    AGENT_PLATFORM_TENANT: 'default',
    NATS_URL: natsUrl,
    REDIS_URL: redisUrl,
    ...env,
  };
  const before = { ...process.env };
  const streams = [process.stdout, process.stderr] as const;
  const writes = streams.map((stream) => stream.write);
  const texts = ['', ''];
  Object.assign(process.env, settings);
  for (const [i, stream] of streams.entries()) {
    stream.write = ((text: string | Uint8Array) => {
      texts[i] += String(text);
      return true;
    }) as typeof stream.write;
  }
  try {
    const code = await runCommandLine(words);
    return { code, stdout: texts[0] ?? '', stderr: texts[1] ?? '' };
  } finally {
    for (const [i, stream] of streams.entries()) stream.write = writes[i] as typeof stream.write;
    for (const key of Object.keys(settings)) delete process.env[key];
    Object.assign(process.env, before);
    process.exitCode = 0;
  }
}

/** A run as a version before the rule for ids recorded it. */
async function record(open: TestPlatform, run: string, book: string): Promise<void> {
  const asked = { agent: 'librarian', instructions: EVIL, payload: { book, note: EVIL }, run: 'new' };
  const prepared = await prepareRun(open.platform, asked);
  const address = { ...prepared.address, run };
  const invocation = { ...prepared.invocation, address };
  await acceptPrepared(open.platform, { ...prepared, address, invocation });
  await settleRun(open.platform, address, { signal });
}

test('no text from data, journals, arguments or errors steers the terminal, and JSON says what it was', async () => {
  mkdirSync(join(folder, 'shelf'));
  writeFileSync(
    join(folder, 'shelf/books.csv'),
    `book,state\n${EVIL},overdue\nrare ${EVIL},rare\nlost ${EVIL},${EVIL}\n`,
  );
  const open = await platforms({ ...LIBRARY, data: join(folder, 'shelf') });
  const run = `run ${EVIL}`;
  const asking = `asks ${EVIL}`;
  await record(open, run, EVIL);
  await record(open, asking, `rare ${EVIL}`);
  await record(open, 'decided', `rare ${EVIL}`);
  await record(open, 'cancelled', `rare ${EVIL}`);
  const said = { answer: 'reject' as const, by: EVIL, role: 'operator', note: EVIL };
  await decideTask(open.platform, 'decided.0.1', said, { tenant: 'default', signal });
  const address = { tenant: 'default', run: 'cancelled', path: '0' };
  await cancelRun(open.platform, address, { by: EVIL, reason: EVIL }, { signal });

  const spoilt = join(folder, 'spoilt');
  cpSync(LIBRARY_PACK, spoilt, { recursive: true });
  writeFileSync(
    join(spoilt, 'agents/finder.yaml'),
    `"${EVIL.replaceAll(/[\u0000-\u001f\u007f]/g, '')}": 1\nname: "\\e[2J\\u009b"\n`,
  );
  const data = join(folder, 'export');
  cpSync(join(CUSTOMER_SUCCESS, 'sample'), data, { recursive: true });
  writeFileSync(join(data, 'nps.csv'), `account_id,date,score\n${EVIL},2026-01-01,${EVIL}\n`);

  const payload = JSON.stringify({ book: EVIL, note: EVIL });
  // What answers is asked for JSON, too; a refusal is the same text for both.
  const answered: string[][] = [
    ['runs', 'list'],
    ['runs', 'show', run],
    ['runs', 'show', 'decided', '--verdicts'],
    ['runs', 'show', 'cancelled'],
    ['runs', 'prompt', run, '0', '--turn', '2'],
    ['runs', 'prompt', run, '0', '--turn', '2', '--api'],
    ['human', 'list', '--all'],
    ['human', 'show', 'decided.0.1'],
    ['policy', 'explain', 'decided'],
    ['events', 'tail', 'overdue', '--no-follow'],
    ['run', 'librarian', '--payload', payload, '--run-id', 'fresh'],
    ['memory', 'search', EVIL, '--subject', EVIL],
    ['agents', 'validate', spoilt],
    ['data', 'check', data],
    ['doctor', '--data', join(folder, EVIL)],
  ];
  const refused: string[][] = [
    ['runs', 'show', EVIL],
    ['runs', 'retry', EVIL],
    ['runs', 'cancel', asking, '--by', 'me', '--reason', EVIL],
    ['human', 'show', EVIL],
    ['human', 'decide', 'decided.0.1', '--approve', '--by', EVIL],
    ['human', 'decide', 'decided.0.1', '--reject', EVIL, '--by', 'eve', '--role', 'nobody'],
    ['events', 'tail', EVIL, '--no-follow'],
    ['run', 'librarian', '--payload', payload, '--run-id', EVIL],
    ['run', 'librarian', '--payload', `{"a": 1, ${JSON.stringify(EVIL)}: 1, ${JSON.stringify(EVIL)}: ${EVIL}`],
    ['run', EVIL, '--payload', '{}'],
    ['schedules', 'run-now', 'weekly_stocktaking', '--target', EVIL, '--batch', 'b'],
    ['schedules', 'run-now', EVIL],
    ['memory', 'add', EVIL, '--subject', EVIL],
    ['agents', 'show', EVIL],
    ['agents', 'validate', join(folder, EVIL)],
    ['data', 'check', join(folder, EVIL)],
    ['backup', join(folder, 'shelf'), EVIL],
    ['schema', 'print', EVIL],
    [EVIL],
    ['runs', `--${EVIL}`],
  ];
  const seen = { texts: 0, documents: 0 };
  for (const words of [...answered, ...answered.map((each) => [...each, '--json']), ...refused]) {
    const env = words[0] === 'data' ? { AGENT_PLATFORM_PACKS: CUSTOMER_SUCCESS, AGENT_PLATFORM_DATA: data } : {};
    const { stdout, stderr } = await written(open, words, env);
    const text = stdout + stderr;
    assert.ok(text !== '' && !STEERS.test(text), `${JSON.stringify(words)}: ${JSON.stringify(text)}`);
    if (!words.includes('--json')) seen.texts += text.includes('pwned') ? 1 : 0;
    else if (JSON.stringify(JSON.parse(stdout.split('\n')[0] || 'null')).includes(EVIL_IN_JSON)) seen.documents += 1;
  }
  // Most of them had something hostile to show, and the documents had it unchanged.
  assert.ok(seen.texts >= 25 && seen.documents >= 8, JSON.stringify(seen));
});

test.run();
