import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { showCommand } from '../../bridge/cli/hints.ts';
import { resolveSettings } from '../../config/settings.ts';
import { suite } from '../support/suite.ts';

const test = suite('hints');
const settings = (env: Record<string, string>, stateDir = '.agent-platform') =>
  resolveSettings({ cwd: tmpdir(), env, options: { stateDir: join(process.cwd(), stateDir) } });

test('a command is named as it was started: by npm in a checkout, else by its own name', () => {
  const npm = { npm_lifecycle_event: 'health-check', npm_package_name: 'agent-platform' };
  assert.equal(showCommand('r', settings(npm)), 'npm run -s agent-platform -- runs show r');
  assert.equal(showCommand('r', settings({})), 'agent-platform runs show r');
});

test('another state folder and an odd run id are written so that a shell reads them back', () => {
  assert.equal(showCommand("it's", settings({}, 'a b')), "agent-platform runs show 'it'\\''s' --state-dir 'a b'");
});

test.run();
