import assert from 'node:assert/strict';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { loadPack } from '../../runtime/definitions/load.ts';
import { suite } from '../support/suite.ts';
import { type Files, findingsOf, greenhouse, removeFolders, spoil, writeFiles } from './definitions-fixture.ts';

const test = suite('definitions: findings');
test.after(removeFolders);

const G = 'agents/gardener.yaml';
const B = 'agents/botanist.yaml';

test('everything wrong in a pack is found in one load, a line each, in the order of the files', async () => {
  let files: Files = greenhouse();
  files = spoil(files, 'pack.yaml', 'cron: 0 0 6 * * 1', 'cron: daily');
  files = spoil(files, G, '- get_moisture', '- get_moistrue');
  files = spoil(files, G, 'role: main', 'rule: main');
  files = spoil(files, B, 'model_tier: sub', 'model_tier: huge');
  files = spoil(files, 'limits.yaml', '-0.20', 'low');
  files = spoil(files, 'agents/prompts/botanist.md', 'limits', 'limit');
  const folder = await writeFiles(files);
  await assert.rejects(loadPack(folder, { log: pino({ level: 'silent' }) }), (error: Error & { code: string }) => {
    assert.equal(error.code, 'definitions.invalid');
    const lines = error.message.split('\n').map((line) => line.replace(`${folder}/`, '').split(': ')[0]);
    assert.deepEqual(lines, [
      'agents/botanist.yaml:8:15 metadata.model_tier',
      'agents/gardener.yaml:4:3 metadata.role',
      'agents/gardener.yaml:7:3 metadata.rule',
      'agents/prompts/botanist.md:1:7 limit.beds',
      'limits.yaml:1:12 dry_below',
      'pack.yaml:18:11 schedules.rounds.cron',
    ]);
    return true;
  });
});

test('a prompt that is a symbolic link out of the pack is refused', async () => {
  const files = greenhouse();
  delete files['agents/prompts/botanist.md'];
  const folder = await writeFiles(files);
  await symlink('/etc/hostname', join(folder, 'agents/prompts/botanist.md'));
  await assert.rejects(
    loadPack(folder, { log: pino({ level: 'silent' }) }),
    /botanist\.yaml:11:11 .*leads out of the pack's folder/,
  );
});

test('values nested without end are a finding, not a crash', async () => {
  const [finding, ...others] = await findingsOf({ ...greenhouse(), [B]: `a: ${'['.repeat(20_000)}` });
  assert.equal(finding?.message, 'nested too deeply, expected valid YAML');
  assert.deepEqual(others, []);
});

test.run();
