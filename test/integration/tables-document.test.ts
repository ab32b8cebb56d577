import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pino from 'pino';
import { loadPacks } from '../../runtime/definitions/load.ts';
import { openSource } from '../../runtime/tools/sources.ts';
import { missingLines, readTutorial, writeTutorial } from '../support/document.ts';
import { suite } from '../support/suite.ts';

const test = suite('docs/tables.md, as written', { timeoutMs: 120_000 });
const BIN = fileURLToPath(new URL('../../bin/agent-platform.mjs', import.meta.url));
const tutorial = readTutorial(new URL('../../docs/tables.md', import.meta.url));
let folder = '';

test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'tables-document-'));
  writeTutorial(tutorial, folder);
  symlinkSync(BIN, join(folder, 'agent-platform'));
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

test('the pack of the example reads its folder in forty lines', () => {
  assert.ok((tutorial.files.get('fleet/pack.ts') ?? '').trimEnd().split('\n').length <= 40);
});

test('the command prints what the document shows', () => {
  const [{ lines, prints } = { lines: [], prints: [] }, ...others] = tutorial.commands;
  assert.deepEqual([lines.length, others], [1, []]);
  const { PATH, HOME } = process.env;
  const env = { PATH: `${folder}:${PATH}`, HOME };
  const { stdout, stderr } = spawnSync('sh', ['-c', lines[0] ?? ''], { cwd: folder, env, encoding: 'utf8' });
  assert.deepEqual(missingLines(prints, stdout), [], stdout + stderr);
});

test('the tool answers what the document shows', async () => {
  const [pack] = await loadPacks([join(folder, 'fleet')], { log: pino({ level: 'silent' }) });
  assert.ok(pack);
  const source = await openSource(pack, join(folder, 'week'));
  const [tool] = pack.code.tools;
  const answers: Record<string, unknown> = {};
  for (const truck of Object.keys(tutorial.examples[0] as object)) {
    const context = { source, asOf: source.asOf } as Parameters<NonNullable<typeof tool>['run']>[1];
    answers[truck] = await tool?.run({ truck }, context);
  }
  await source.close();
  assert.deepEqual(answers, tutorial.examples[0]);
});

test.run();
