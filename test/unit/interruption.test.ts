import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { NODE_ARGUMENTS } from '../../config/root.ts';
import { suite } from '../support/suite.ts';

const test = suite('signals');
const SCRIPT = join(import.meta.dirname, '../support/interrupted.ts');

/** How a command ends that is sent a signal while it waits. */
async function ends(
  signal: NodeJS.Signals,
  ...args: string[]
): Promise<[code: number | null, by: string | null, said: string]> {
  const child = spawn(process.execPath, [...NODE_ARGUMENTS, SCRIPT, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await once(child.stdout, 'data');
  child.kill(signal);
  const [code, by] = (await once(child, 'close')) as [number | null, string | null];
  return [code, by, said];
}

test('outside a graceful part a signal ends a command, also one that is blocked', async () => {
  assert.deepEqual(await ends('SIGTERM', 'NONE', 'blocked'), [null, 'SIGTERM', '']);
});

test('a graceful part that does not end is ended when its time is over, and that is said', async () => {
  const [code, by, said] = await ends('SIGTERM', 'PART', 'for ever');
  assert.deepEqual([code, by], [143, null]);
  assert.match(said, /not ended 0\.5 s after SIGTERM; ended at once/);
});

test.run();
