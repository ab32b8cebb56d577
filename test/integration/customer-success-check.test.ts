import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openData } from '../../packs/customer-success/data/open.ts';
import { customerTables } from '../../packs/customer-success/data/tables.ts';
import { formatDataProblem } from '../../runtime/pack.ts';
import { dataFolder, defaultPlaybook, HEADERS, rawFolder, SAMPLE_FOLDER } from '../support/customer-data.ts';
import { convert, foreignFolder } from '../support/foreign-folder.ts';
import { suite } from '../support/suite.ts';

const test = suite('customer data: all that is wrong, at once');
const BIN = fileURLToPath(new URL('../../bin/agent-platform.mjs', import.meta.url));
const PACK = fileURLToPath(new URL('../../packs/customer-success', import.meta.url));
const ACCOUNT = 'one,One Ltd,active,growth,100.50,2026-01-01,2027-01-01,Ann Lee,#ann';

async function problems(folder: string): Promise<string[]> {
  return (await customerTables.check(folder)).map(formatDataProblem);
}

/** A good folder with this columns.yaml. */
function withLayout(yaml: string): string {
  const folder = dataFolder();
  writeFileSync(join(folder, 'columns.yaml'), yaml);
  return folder;
}

const LAYOUTS: [why: string, yaml: string, problem: RegExp][] = [
  [
    'an unknown table',
    'tables: {account: {}}',
    /^columns\.yaml:1:10 tables\.account: unknown key, .*did you mean "accounts"\?$/,
  ],
  [
    'an unknown column of ours',
    'tables:\n  nps:\n    columns:\n      scores: Note\n',
    /^columns\.yaml:4:7 tables\.nps\.columns\.scores: unknown key, expected one of account_id, date, score; did you mean "score"\?$/,
  ],
  [
    'a column that the file lacks',
    'tables:\n  nps:\n    columns:\n      score: Note\n',
    /^columns\.yaml:4:14 tables\.nps\.columns\.score: nps\.csv has no column "Note", found account_id, date, score$/,
  ],
  [
    'a date format without a year',
    'dates: DD.MM.',
    /^columns\.yaml:1:8 dates: got the text "DD\.MM\.", expected a date format such as DD\.MM\.YYYY, /,
  ],
  [
    'a date format with letters of its own',
    'dates: dd/mm/yyyy',
    /^columns\.yaml:1:8 dates: got the text "dd\/mm\/yyyy", /,
  ],
  [
    'a date format for a column that holds no date',
    'tables: {nps: {dates: {score: unix}}}',
    /^columns\.yaml:1:24 tables\.nps\.dates\.score: unknown key, expected date$/,
  ],
  [
    'a delimiter of two characters',
    'delimiter: "||"',
    /^columns\.yaml:1:12 delimiter: got the text "\|\|", expected one character such as ; or \\t$/,
  ],
  ['a decimal that is neither', 'decimal: ";"', /^columns\.yaml:1:10 decimal: got the text ";", expected "," or "\."$/],
  [
    'a file that is not there',
    'tables: {usage: {file: log.csv}}',
    /^columns\.yaml:1:24 tables\.usage\.file: the folder has no log\.csv, expected the file of usage$/,
  ],
  [
    'a file outside of the folder',
    'tables: {usage: {file: ../usage.csv}}',
    /^columns\.yaml:1:24 tables\.usage\.file: got the text "\.\.\/usage\.csv", expected a file of this folder/,
  ],
  [
    'a value that is no text',
    'tables: {accounts: {values: {status: {live: 1}}}}',
    /^columns\.yaml:1:45 tables\.accounts\.values\.status\.live: got the number 1, expected text$/,
  ],
  [
    'a column that is also a constant',
    'tables: {nps: {columns: {score: score}, constants: {score: "9"}}}',
    /^columns\.yaml:1:53 tables\.nps\.constants\.score: the column stands under columns as well/,
  ],
  ['no YAML', 'tables: {accounts', /^columns\.yaml:1:\d+: .*expected valid YAML$/],
  ['nothing in it', '', /^columns\.yaml:1:1: got nothing, expected a mapping with delimiter, decimal, dates, tables$/],
];

for (const [why, yaml, problem] of LAYOUTS) {
  test(`columns.yaml is named with line and column: ${why}`, async () => {
    const folder = withLayout(yaml);
    const found = await problems(folder);
    assert.equal(found.length, 1, found.join('\n'));
    assert.match(found[0] ?? '', problem);
    await assert.rejects(openData(folder, defaultPlaybook()), { code: 'data.invalid' });
  });
}

test('a value is named as the folder’s own file has it, in the words of its columns.yaml', async () => {
  const folder = await foreignFolder();
  const bad = 'Firma;Kundennummer;Zustand;Tarif;Umsatz;Kunde seit;Verlängerung;Betreuer\n';
  writeFileSync(
    join(folder, 'Kunden.csv'),
    `${bad}A;a;paused;growth;1.5;2026-01-01;;Ann\nB;b;live;growth;1,5;31.02.2026;;Ann\n`,
  );
  for (const file of ['Tickets.txt', 'Umfrage.csv', 'contacts.csv', 'memories.csv']) unlinkSync(join(folder, file));
  writeFileSync(join(folder, 'Tickets.txt'), 'Nr\tKundennummer\teröffnet\teskaliert\n1\ta\t13/01/2026\t2026\n');
  writeFileSync(join(folder, 'Umfrage.csv'), 'Kundennummer;Tag;Note\nc;01.02.2026;9\n');
  writeFileSync(join(folder, 'Nutzung', '1.csv'), 'Kundennummer;Benutzer;Zeitpunkt;Funktion\n');
  writeFileSync(
    join(folder, 'Nutzung', '2.csv'),
    'Kundennummer;Benutzer;Zeitpunkt;Funktion\na;u;2026-06-01 10:00:00;f\na;u;2026-06-01;f\n',
  );
  assert.deepEqual(await problems(folder), [
    'Kunden.csv:2 Zustand: got "paused", expected live, gone, active or churned',
    'Kunden.csv:2 Umsatz: got "1.5", expected a number, 0 or more, with a decimal comma',
    'Kunden.csv:2 Kunde seit: got "2026-01-01", expected a date such as 16.11.2026',
    'Kunden.csv:3 Kunde seit: got "31.02.2026", expected a date such as 16.11.2026',
    'Nutzung/2.csv:3 Zeitpunkt: got "2026-06-01", expected a date such as 2026-11-16 09:30:00',
    'Tickets.txt:2 eröffnet: got "13/01/2026", expected a date such as 11/16/2026',
    'Umfrage.csv:2 Kundennummer: got "c", expected an account_id of Kunden.csv',
  ]);
});

test('missing files and columns do not hide wrong values elsewhere', async () => {
  const folder = dataFolder({ 'accounts.csv': [ACCOUNT, ACCOUNT], 'usage.csv': ['two,u,2026-06-01,f', 'one,u,no,f'] });
  unlinkSync(join(folder, 'tickets.csv'));
  writeFileSync(join(folder, 'nps.csv'), 'account_id,date\n');
  assert.deepEqual(await problems(folder), [
    'tickets.csv: the file is missing, expected with columns ticket_id, account_id, opened_date, escalated_date',
    'nps.csv:1: column score is missing, found account_id, date, expected account_id, date, score',
    'accounts.csv:3 account_id: got "one", expected a value that no row above has',
    'usage.csv:2 account_id: got "two", expected an account_id of accounts.csv',
    'usage.csv:3 date: got "no", expected a date such as 2026-11-16',
  ]);
});

test('a value in Parquet is named with its row, of the file that holds it', async () => {
  const folder = dataFolder();
  unlinkSync(join(folder, 'usage.csv'));
  mkdirSync(join(folder, 'usage'));
  const row = `SELECT 'one' AS account_id, 'u' AS user_id, DATE '2026-06-01' AS date, 'f' AS feature`;
  await convert([
    [`${row} FROM range(3)`, join(folder, 'usage', 'a.parquet'), ''],
    [`${row} UNION ALL ${row.replace('one', 'two')}`, join(folder, 'usage', 'b.parquet'), ''],
    [
      `SELECT 'one' AS account_id, 'u' AS user_id, 20260601 AS date, [1] AS feature`,
      join(folder, 'usage', 'c.parquet'),
      '',
    ],
  ]);
  assert.deepEqual(await problems(folder), [
    'usage/c.parquet: column feature holds INTEGER[], expected text, numbers or dates',
    'usage/b.parquet:2 account_id: got "two", expected an account_id of accounts.csv',
  ]);
});

test('a file that is no Parquet, and two files that both are a table, are named', async () => {
  const folder = dataFolder();
  writeFileSync(join(folder, 'nps.parquet'), 'account_id,date,score\n');
  unlinkSync(join(folder, 'tickets.csv'));
  writeFileSync(join(folder, 'tickets.parquet'), HEADERS['tickets.csv']);
  const found = await problems(folder);
  assert.equal(found.length, 2);
  assert.match(
    found[0] ?? '',
    /^tickets\.parquet: the file cannot be read \(.*No magic bytes.*, expected columns ticket_id/,
  );
  assert.equal(found[1], 'nps.csv: nps.csv and nps.parquet both hold nps, expected one of them');
});

test('an account id that no run could be called by is named with the limit', async () => {
  const found = await problems(
    dataFolder({
      'accounts.csv': [
        ACCOUNT,
        ACCOUNT.replace('one', 'x'.repeat(151)),
        ACCOUNT.replace('one', '"a\nb"'),
        ACCOUNT.replace('one', '🙂'.repeat(150)),
        ACCOUNT.replace('one', 'a\u0085b'),
        ACCOUNT.replace('one', 'a\u202eb'),
      ],
    }),
  );
  assert.deepEqual(
    found.map((line) => line.replace(/"x+…"/, '"x…"')),
    [
      'accounts.csv:3 account_id: got "x…", expected at most 150 characters and no control characters',
      'accounts.csv:4 account_id: got "a\\nb", expected at most 150 characters and no control characters',
      'accounts.csv:7 account_id: got "a\u0085b", expected at most 150 characters and no control characters',
      'accounts.csv:8 account_id: got "a\u202eb", expected at most 150 characters and no control characters',
    ],
  );
});

test('an account id that a column of decimals has rounded is no id', async () => {
  const folder = dataFolder();
  unlinkSync(join(folder, 'accounts.csv'));
  const columns = HEADERS['accounts.csv'].split(',');
  const account = (id: string) =>
    `SELECT ${ACCOUNT.split(',')
      .map((value, i) => `${i === 0 ? `${id}::DOUBLE` : `'${value}'`} AS ${columns[i]}`)
      .join(', ')}`;
  await convert([[`${account('7')} UNION ALL ${account('9007199254740993')}`, join(folder, 'accounts.parquet'), '']]);
  assert.deepEqual(
    (await problems(folder)).filter((line) => line.startsWith('accounts')),
    [
      'accounts.parquet:2 account_id: got "9007199254740992", ' +
        'expected a text, or a whole number within ±9007199254740991 where the column holds decimals',
    ],
  );
});

test('a thousand problems of one kind are listed, and the rest is counted', async () => {
  const rows = Array.from({ length: 1_500 }, () => 'one,2026-06-02,11');
  const found = await problems(dataFolder({ 'nps.csv': rows }));
  assert.equal(found.length, 1_001);
  assert.equal(found.at(-1), 'nps.csv score: and 500 more, expected a whole number from 0 to 10');
});

test('a columns.yml is not overlooked', async () => {
  const folder = dataFolder();
  writeFileSync(join(folder, 'columns.yml'), 'dates: unix\n');
  assert.deepEqual(await problems(folder), ['columns.yml: is not read, expected columns.yaml']);
});

test('good folders have no problems', async () => {
  for (const folder of [dataFolder(), SAMPLE_FOLDER, await foreignFolder()])
    assert.deepEqual(await problems(folder), []);
});

/** The command in a folder of its own, with the pack named in the environment. */
function command(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const { PATH, HOME } = process.env;
  const env = { PATH, HOME, AGENT_PLATFORM_PACKS: PACK };
  return spawnSync(process.execPath, [BIN, 'data', 'check', ...args], { cwd: rawFolder({}), env, encoding: 'utf8' });
}

test('`data check` says what a good folder holds, and exits 0', () => {
  const { status, stdout } = command(SAMPLE_FOLDER);
  assert.equal(status, 0);
  assert.match(stdout, / is good\n/);
  assert.match(stdout, /^accounts +12$/m);
  assert.match(stdout, /^usage rows +7702$/m);
  assert.match(stdout, /^usage dates +2026-07-20 to 2026-11-16$/m);
  assert.match(stdout, /^targets of weekly_health_check +11$/m);
  const document = JSON.parse(command(SAMPLE_FOLDER, '--json').stdout);
  assert.deepEqual([document.ok, document.as_of, document.problems], [true, '2026-11-16', []]);
  assert.deepEqual(document.targets, { weekly_health_check: 11 });
});

test('`data check` lists all problems, and exits 1', () => {
  const folder = dataFolder({ 'nps.csv': ['one,2026-06-02,11', 'two,2026-06-02,9'] });
  const text = command(folder, '--pack', 'customer-success');
  assert.equal(text.status, 1);
  assert.deepEqual(text.stdout.trimEnd().split('\n').slice(1), [
    'nps.csv:2 score: got "11", expected a whole number from 0 to 10',
    'nps.csv:3 account_id: got "two", expected an account_id of accounts.csv',
  ]);
  const json = command(folder, '--json');
  assert.equal(json.status, 1);
  assert.deepEqual(JSON.parse(json.stdout).problems[0], {
    file: 'nps.csv',
    line: 2,
    column: 'score',
    value: '11',
    message: 'expected a whole number from 0 to 10',
  });
});

test('`data check` of a folder or a pack that is not there is a coded error', () => {
  const missing = command('no-such-folder');
  assert.equal(missing.status, 1);
  assert.match(missing.stderr, /^error\[data\.missing\]: the data folder .*no-such-folder does not exist/);
  const pack = command(SAMPLE_FOLDER, '--pack', 'other');
  assert.equal(pack.status, 2);
  assert.match(pack.stderr, /^error\[usage\.invalid\]: no loaded pack is called other; there are: customer-success$/m);
});

test.run();
