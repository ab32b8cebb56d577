import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { customerTables } from '../../packs/customer-success/data/tables.ts';
import { openDatabase } from '../../runtime/kit/tables/database.ts';
import { suite } from '../support/suite.ts';

const test = suite('customer data: folders from strangers');
const SAMPLE = new URL('../../packs/customer-success/sample', import.meta.url).pathname;
let dir = '';

test.before.each(() => {
  dir = mkdtempSync(join(tmpdir(), 'stranger-'));
  for (const name of readdirSync(SAMPLE).filter((each) => each.endsWith('.csv'))) {
    cpSync(join(SAMPLE, name), join(dir, name));
  }
});
test.after.each(() => rmSync(dir, { recursive: true, force: true }));

async function said(): Promise<string[]> {
  return (await customerTables.check(dir)).map(({ file, message }) => `${file}: ${message}`);
}

test('a pipe in place of a file is not waited for', async () => {
  rmSync(join(dir, 'usage.csv'));
  execFileSync('mkfifo', [join(dir, 'usage.csv'), join(dir, 'columns.yaml')]);
  assert.deepEqual(await said(), ['columns.yaml: is no regular file, expected one']);
  rmSync(join(dir, 'columns.yaml'));
  assert.deepEqual(await said(), ['usage.csv: is no regular file, expected one']);
});

test('a link out of the folder is neither read nor quoted, whatever of the path is the link; one inside it is followed', async () => {
  const elsewhere = join(dir, '../', `elsewhere-${process.pid}`);
  mkdirSync(join(elsewhere, 'usage'), { recursive: true });
  try {
    renameSync(join(dir, 'usage.csv'), join(elsewhere, 'usage/2026.csv'));
    symlinkSync(join(elsewhere, 'usage/2026.csv'), join(dir, 'usage.csv'));
    assert.deepEqual(await said(), ['usage.csv: leads out of the data folder, expected a file inside it']);
    rmSync(join(dir, 'usage.csv'));
    symlinkSync(join(elsewhere, 'usage'), join(dir, 'usage'));
    assert.deepEqual(await said(), ['usage/2026.csv: leads out of the data folder, expected a file inside it']);
    writeFileSync(join(elsewhere, 'secret'), 'a secret');
    symlinkSync(join(elsewhere, 'secret'), join(dir, 'columns.yaml'));
    assert.deepEqual(await said(), ['columns.yaml: leads out of the data folder, expected a file inside it']);
    rmSync(join(dir, 'columns.yaml'));
    rmSync(join(dir, 'usage'));
    mkdirSync(join(dir, 'kept'));
    renameSync(join(elsewhere, 'usage/2026.csv'), join(dir, 'kept/usage'));
    symlinkSync('kept/usage', join(dir, 'usage.csv'));
    assert.deepEqual(await said(), []);
  } finally {
    rmSync(elsewhere, { recursive: true, force: true });
  }
});

test('a columns.yaml of more than a megabyte is not read', async () => {
  writeFileSync(join(dir, 'columns.yaml'), `# ${'x'.repeat(1_048_576)}`);
  assert.deepEqual(await said(), ['columns.yaml: has 1048578 bytes, expected at most 1048576']);
});

test('a Parquet file of a few kilobytes that stands for gigabytes is refused by what it says of itself', async () => {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const write = async (feature: string, rows: number): Promise<void> => {
    const file = join(dir, 'usage.parquet');
    await connection.run(
      `COPY (SELECT 'acme-corp' AS account_id, 'u' AS user_id, '2026-11-01' AS date, ${feature} AS feature FROM range(${rows}))
       TO '${file}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${rows})`,
    );
    assert.ok(statSync(file).size < 10_000);
  };
  rmSync(join(dir, 'usage.csv'));
  await write(`repeat('x', 1000000)`, 2_000);
  assert.deepEqual(await said(), ['usage.parquet: the file holds a text of 1000000 bytes, expected at most 65536']);
  rmSync(join(dir, 'usage.parquet'));
  const nothing = ['scope', 'kind', 'assessment', 'dip_percent', 'resolved_by'].map(
    (name) => `NULL::VARCHAR AS ${name}`,
  );
  await connection.run(
    `COPY (SELECT 'acme-corp' AS account_id, '2026-11-01' AS date, ${nothing.join(', ')}, 'A note.' AS text FROM range(1000001))
     TO '${join(dir, 'memories.parquet')}' (FORMAT parquet, COMPRESSION zstd)`,
  );
  rmSync(join(dir, 'memories.csv'));
  cpSync(join(SAMPLE, 'usage.csv'), join(dir, 'usage.csv'));
  assert.deepEqual(await said(), ['memories.parquet: the file has 1000001 rows, expected at most 1000000']);
  connection.closeSync();
  instance.closeSync();
});

test('what does not fit into memory goes to a folder of its owner only, which is gone afterwards, also after a kill', async () => {
  const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith('agent-platform-data-'));
  // No process has that number.
  const abandoned = join(tmpdir(), 'agent-platform-data-2147483647-x');
  mkdirSync(abandoned, { recursive: true });
  const database = await openDatabase();
  const own = folders().filter((name) => name.startsWith(`agent-platform-data-${process.pid}-`));
  assert.equal(own.length, 1);
  assert.equal(statSync(join(tmpdir(), own[0] ?? '')).mode & 0o777, 0o700);
  const [limits] = await database.rows(
    `SELECT current_setting('memory_limit') AS memory, current_setting('max_temp_directory_size') AS disk`,
  );
  assert.match(`${String(limits?.memory)}, ${String(limits?.disk)}`, /^\d[\d.]* (MiB|GiB), \d[\d.]* (MiB|GiB)$/);
  await database.close();
  assert.ok(!folders().includes('agent-platform-data-2147483647-x'));
  assert.ok(!folders().includes(own[0] ?? ''));
});

test('where no temporary file can be written, the data are read all the same', async () => {
  const { TMPDIR = '' } = process.env;
  process.env.TMPDIR = join(dir, 'usage.csv');
  try {
    assert.deepEqual(await said(), []);
  } finally {
    if (TMPDIR === '') delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
  }
});

test.run();
