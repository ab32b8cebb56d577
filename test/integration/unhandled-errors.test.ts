import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { command, withStateDir } from '../support/command.ts';
import { ARCHIVE, LOOK } from '../support/archive.ts';
import { suite } from '../support/suite.ts';

const test = suite('what a tool leaves behind', { timeoutMs: 60_000 });
const state = withStateDir(test);

test('a throw that nobody waits for ends neither the worker nor the run, and the log says whose it is', async () => {
  const payload = JSON.stringify({ box: 'b1', script: [[{ name: 'stray', input: {} }], [LOOK], [LOOK]] });
  const args = ['run', 'archivist', '--payload', payload, '--run-id', 'strayed', '--json', '--state-dir', state()];
  const done = await command(args, { env: { AGENT_PLATFORM_PACKS: ARCHIVE.packs.join() } });
  assert.equal(done.code, 0, done.stderr);
  assert.match(done.stdout, /look_into done/);
  const log = readFileSync(join(state(), 'agent-platform.log'), 'utf8');
  for (const message of ['a promise that strayed', 'a timer that strayed']) {
    const line = log.split('\n').find((each) => each.includes(message) && each.includes('nobody waits'));
    assert.match(line ?? log, /"run":"strayed"/);
  }
});

test.run();
