import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HumanTaskView } from '../../bridge/contract/human-schemas.ts';
import { decideCommand, promptCommand, retryCommand, showCommand } from '../../bridge/cli/render/hints.ts';
import { resolveSettings } from '../../config/settings.ts';
import { suite } from '../support/suite.ts';

const test = suite('hints');
const settings = (env: Record<string, string>, stateDir = '.agent-platform') =>
  resolveSettings({ cwd: tmpdir(), env, options: { stateDir: join(process.cwd(), stateDir) } });

test('a command is named as it was started: by npm in a checkout, else by its own name', () => {
  const npm = { npm_lifecycle_event: 'health-check', npm_package_name: 'agent-platform' };
  assert.equal(showCommand('r', settings(npm)), 'npm run -s agent-platform -- runs show r');
  assert.equal(showCommand('r', settings({})), 'agent-platform runs show r');
  assert.equal(retryCommand('r', settings({})), 'agent-platform runs retry r');
});

test('another state folder and an odd run id are written so that a shell reads them back', () => {
  assert.equal(showCommand("it's", settings({}, 'a b')), "agent-platform runs show 'it'\\''s' --state-dir 'a b'");
});

test('a question is answered by the person whom it names, else by the role; what no approval lifts is sent back', () => {
  const question = (name: string | null, kind = 'approval') =>
    ({ task: 'r.0.1', kind, decides: { name, role: 'operator' } }) as HumanTaskView;
  const typed = (task: HumanTaskView) => decideCommand(task, settings({}));
  assert.equal(typed(question(null)), 'agent-platform human decide r.0.1 --approve --role operator');
  assert.equal(typed(question('Dana Fox')), "agent-platform human decide r.0.1 --approve --by 'Dana Fox'");
  assert.equal(typed(question(null, 'breach')), 'agent-platform human decide r.0.1 --ask-again NOTE --role operator');
});

test('a run goes on with the model that it began with, which is named unless nothing but the default is meant', () => {
  const task = { task: 'r.0.1', kind: 'model', decides: { name: null, role: 'operator' } } as HumanTaskView;
  const ends = (own: string, begun?: string) =>
    decideCommand(task, settings({ AGENT_PLATFORM_MODEL: own }), begun).replace(/^.* operator/, '');
  assert.deepEqual([ends('rehearsal'), ends('rehearsal', 'rehearsal')], ['', '']);
  assert.deepEqual([ends('rehearsal', 'anthropic'), ends('anthropic')], [' --model anthropic', ' --model anthropic']);
  assert.equal(ends('anthropic', 'rehearsal'), ' --model rehearsal');
});

test('a prompt is named by its run, its path and its turn', () => {
  const typed = promptCommand({ run: 'r 1', path: '0-2' }, 3, settings({}));
  assert.equal(typed, "agent-platform runs prompt 'r 1' 0-2 --turn 3");
});

test.run();
