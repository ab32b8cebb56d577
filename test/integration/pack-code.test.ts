import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { targetRun } from '../../actors/batch/machine.ts';
import { readResults, totalsOf } from '../../bridge/views/batch-results.ts';
import { batchText } from '../../bridge/cli/render/batch-text.ts';
import { servedText } from '../../bridge/serve/up.ts';
import { Sources } from '../../runtime/tools/sources.ts';
import { command } from '../support/command.ts';
import { withPlatforms } from '../support/platform.ts';
import { suite } from '../support/suite.ts';

const LIBRARY = resolve(import.meta.dirname, '../packs/library');
const SCHEDULE = 'weekly_stocktaking';
const folders: string[] = [];

const test = suite('what a pack’s own code does wrong', { timeoutMs: 90_000 });
const platforms = withPlatforms(test);
test.after(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

/** The library with one text of its module replaced. */
function library(from: string, to: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'library-'));
  folders.push(folder);
  cpSync(LIBRARY, folder, { recursive: true });
  const text = readFileSync(join(folder, 'pack.ts'), 'utf8');
  assert.ok(text.includes(from));
  writeFileSync(join(folder, 'pack.ts'), text.replace(from, to));
  return folder;
}

test('a folder that the pack cannot open, or opens without a date, is invalid data and no bug of the platform', async () => {
  const [pack] = (await platforms({ packs: [LIBRARY] })).platform.runtime.catalog.packs;
  assert.ok(pack);
  const sources = new Sources();
  await assert.rejects(sources.get(pack, '/nowhere'), (error: Error & { code?: string }) => {
    assert.equal(error.code, 'data.invalid');
    assert.match(error.message, /^the pack library could not open \/nowhere: ENOENT/);
    assert.equal((error.cause as NodeJS.ErrnoException).code, 'ENOENT');
    return true;
  });
  for (const asOf of ['14.11.2026', '2026-02-30', '2026-11-14T00:00:00Z', undefined, 5]) {
    let closed = false;
    const open = async () => ({ asOf, close: async () => (closed = true) });
    const odd = { ...pack, code: { ...pack.code, open: open as unknown as typeof pack.code.open } };
    await assert.rejects(sources.get(odd, '/shelf'), {
      code: 'data.invalid',
      message: /opened \/shelf with asOf .*2026-01-31/,
    });
    assert.ok(closed);
  }
  const env = { AGENT_PLATFORM_PACKS: LIBRARY };
  const checked = await command(['data', 'check', tmpdir()], { cwd: folders[0] ?? tmpdir(), env });
  assert.equal(checked.code, 1);
  assert.match(checked.stderr, /error\[data\.invalid\].*the pack library could not open .*ENOENT/);
});

test('a row() that throws costs its row and never what the batch came to', async () => {
  const pack = library(
    'open: openShelf,',
    `open: openShelf,
    row: (_schedule, { target }) => ({ fields: { title: target === 'emma' ? nothing() : target }, rank: 0, tally: {} }),`,
  );
  writeFileSync(
    join(pack, 'pack.ts'),
    `${readFileSync(join(pack, 'pack.ts'), 'utf8')}\nfunction nothing(): never {\n  throw new Error('no title');\n}\n`,
  );
  const { platform, batch } = await platforms({ packs: [pack] });
  const { address, trees } = await batch({ schedule: SCHEDULE });
  const declared = platform.runtime.catalog.schedule(SCHEDULE);
  assert.ok(declared);
  const runs = [...trees.keys()].map((target) => ({ target, run: targetRun(address.run, target) }));
  const results = await readResults(platform, { ...declared, schedule: SCHEDULE, tenant: address.tenant, runs });
  assert.equal(results.length, trees.size);
  const spoilt = results.find(({ target }) => target === 'emma');
  assert.equal(spoilt?.error, 'row() of the pack library failed: no title');
  assert.deepEqual([spoilt?.fields, spoilt?.tally], [{}, {}]);
  assert.equal(results.filter(({ error }) => error === null).length, trees.size - 1);
  const plain = (text: string) => text;
  const text = batchText(
    {
      schedule: SCHEDULE,
      batch: address.run,
      asOf: '2026-11-14',
      dataEnds: '2026-11-14',
      today: '2026-11-14',
      model: 'rehearsal',
      wallMs: 0,
      columns: declared.schedule.columns,
      results,
      totals: totalsOf(results),
      documents: { folder: '', written: {} },
      showRun: (run) => run,
      retryRun: (run) => run,
      decide: ({ task }) => task,
    },
    200,
    { strong: plain, bad: plain, attention: plain, faint: plain },
  );
  assert.match(text, /^emma: row\(\) of the pack library failed: no title$/m);
});

test('an agent without a player is told by doctor, and when the platform is served', async () => {
  const pack = library(", binder: () => ({ text: 'A new spine.' })", '');
  const { platform } = await platforms({ packs: [pack] });
  const text = servedText(platform, { platform: '1', redis: '8' }, [], true);
  assert.match(text, /^warning: the agent binder of the pack library has no player: it needs a real model$/m);
  assert.doesNotMatch(text, /agent finder/);
  const looked = await command(['doctor', '--json'], { cwd: pack, env: { AGENT_PLATFORM_PACKS: pack } });
  const { findings } = JSON.parse(looked.stdout) as { findings: { level: string; text: string }[] };
  const told = findings.filter((finding) => finding.text.includes('no player'));
  assert.deepEqual(
    told.map((finding) => `${finding.level} ${finding.text}`),
    ['warn binder has no player: it needs a real model'],
  );
  const valid = await command(['agents', 'validate', '.'], { cwd: pack });
  assert.match(valid.stdout, /binder\.yaml:\d+:\d+ metadata\.name: "binder" has no player: it needs a real model/);
});

test('names that every object has are no schedules, topics or agents', async () => {
  const { catalog } = (await platforms({ packs: [LIBRARY] })).platform.runtime;
  for (const name of ['constructor', 'toString', '__proto__']) {
    assert.deepEqual(
      [catalog.schedule(name), catalog.topic(name), catalog.agent(name)],
      [undefined, undefined, undefined],
    );
  }
});

test.run();
