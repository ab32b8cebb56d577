import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { reportOf } from '../../actors/invocation/report.ts';
import { type RunTree, waitingOf } from '../../bridge/journals/runs.ts';
import { type CustomerData, openData } from '../../packs/customer-success/data/open.ts';
import { customerTables } from '../../packs/customer-success/data/tables.ts';
import { flattenReports } from '../../runtime/report.ts';
import { defaultPlaybook, SAMPLE_FOLDER } from '../support/customer-data.ts';
import { FOREIGN_LAYOUT, foreignFolder, parquetFolder } from '../support/foreign-folder.ts';
import { withPlatforms } from '../support/platform.ts';
import { suite } from '../support/suite.ts';

const test = suite('customer data: the sample as another system would write it', { timeoutMs: 120_000 });
const platforms = withPlatforms(test);
const playbook = defaultPlaybook();

/** All that agents can learn from a folder. */
async function contents(folder: string): Promise<Record<string, unknown>> {
  const data: CustomerData = await openData(folder, playbook);
  try {
    const accounts = [];
    for (const { account_id } of data.subjects) {
      const { owner_channel: _, ...lifecycle } = await data.lifecycle(account_id, data.asOf);
      accounts.push({ lifecycle, metrics: await data.metrics(account_id, data.asOf) });
    }
    const targets = await data.targets('active_accounts', data.asOf);
    return { asOf: data.asOf, accounts, targets, memories: await data.memories() };
  } finally {
    await data.close();
  }
}

function verdict(tree: RunTree): string {
  const waiting = waitingOf(tree);
  if (waiting) return `waits: ${waiting.rule}`;
  const report = reportOf(tree.state, tree.context);
  if (!report) return tree.state;
  const data = flattenReports(report).map(({ data }) => data as { assessment?: string; status?: string } | null);
  return data.find((each) => each?.assessment)?.assessment ?? data[0]?.status ?? report.outcome;
}

async function verdicts(data?: string): Promise<Record<string, string>> {
  const open = await platforms(data === undefined ? {} : { data });
  const { trees } = await open.batch({});
  return Object.fromEntries([...trees].map(([target, tree]) => [target, verdict(tree)]));
}

test('other file names, columns, values, delimiters and date formats hold the same data', async () => {
  assert.deepEqual(await contents(await foreignFolder()), await contents(SAMPLE_FOLDER));
});

test('typed Parquet files, one table in several of them, hold the same data', async () => {
  assert.deepEqual(await contents(await parquetFolder()), await contents(SAMPLE_FOLDER));
});

test('a weekly check of either gives every account the verdict that the sample gives it', async () => {
  const expected = await verdicts();
  assert.equal(Object.keys(expected).length, 11);
  assert.deepEqual(await verdicts(await foreignFolder()), expected);
  assert.deepEqual(await verdicts(await parquetFolder()), expected);
});

test('the README shows the columns.yaml of this test, and every column of every table', () => {
  const readme = readFileSync(new URL('../../packs/customer-success/README.md', import.meta.url), 'utf8');
  const section = readme.slice(readme.indexOf('### Your own names'), readme.indexOf('All keys and date formats'));
  const example = section.split('\n').filter((line) => line.startsWith('    '));
  assert.deepEqual(parse(example.join('\n')), parse(FOREIGN_LAYOUT));
  let table = '';
  const documented = readme.split('\n').flatMap((line) => {
    const [, name = '', column = ''] = line.split('|').map((cell) => cell.trim());
    table = /^\*\*(\w+)\*\*/.exec(name)?.[1] ?? table;
    return /^\| (\*\*.*|)\| `/.test(line) ? [`${table}.${column.replaceAll('`', '')}`] : [];
  });
  assert.deepEqual(
    documented,
    customerTables.declared.all.flatMap(({ name, columns }) => columns.map((column) => `${name}.${column.name}`)),
  );
});

test.run();
