import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { PlatformError } from '../../config/errors.ts';
import { openData } from '../../packs/customer-success/data/open.ts';
import { customerTables } from '../../packs/customer-success/data/tables.ts';
import { type DataFile, dataFolder, defaultPlaybook, HEADERS, rawFolder } from '../support/customer-data.ts';
import { suite } from '../support/suite.ts';

const test = suite('customer data: what is wrong with a folder');
const playbook = defaultPlaybook();
const AGENTS = new URL('../../packs/customer-success/agents/', import.meta.url);
const ACCOUNT = 'one,One Ltd,active,growth,100.50,2026-01-01,2027-01-01,Ann Lee,#ann';

async function failure(folder: string): Promise<PlatformError> {
  try {
    await (await openData(folder, playbook)).close();
  } catch (error) {
    assert.ok(error instanceof PlatformError, String(error));
    return error;
  }
  assert.fail('the folder opened');
}

/** The lines below the message's first. */
function findings(error: PlatformError): string[] {
  return error.message.split('\n').slice(1);
}

const WRONG_VALUES: [file: DataFile, rows: string[], finding: string][] = [
  [
    'usage.csv',
    ['one,u1,2026-02-30,reports'],
    'usage.csv:2 date: got "2026-02-30", expected a date such as 2026-11-16',
  ],
  [
    'usage.csv',
    ['one,u1,2026-06-01,reports', 'one,u1,1.6.2026,reports'],
    'usage.csv:3 date: got "1.6.2026", expected a date such as 2026-11-16',
  ],
  ['usage.csv', ['one,,2026-06-01,reports'], 'usage.csv:2 user_id: got "", expected a text'],
  [
    'usage.csv',
    ['two,u1,2026-06-01,reports'],
    'usage.csv:2 account_id: got "two", expected an account_id of accounts.csv',
  ],
  [
    'accounts.csv',
    [ACCOUNT.replace('active', 'paused')],
    'accounts.csv:2 status: got "paused", expected active or churned',
  ],
  ['accounts.csv', [ACCOUNT.replace('100.50', '-5')], 'accounts.csv:2 mrr_usd: got "-5", expected a number, 0 or more'],
  [
    'accounts.csv',
    [ACCOUNT.replace('100.50', 'nan')],
    'accounts.csv:2 mrr_usd: got "nan", expected a number, 0 or more',
  ],
  ['accounts.csv', [ACCOUNT, ACCOUNT], 'accounts.csv:3 account_id: got "one", expected a value that no row above has'],
  [
    'accounts.csv',
    [ACCOUNT.replace('2027-01-01', 'soon')],
    'accounts.csv:2 renewal_date: got "soon", expected a date such as 2026-11-16, or nothing',
  ],
  ['accounts.csv', [ACCOUNT.replace('One Ltd', '')], 'accounts.csv:2 name: got "", expected a text'],
  ['nps.csv', ['one,2026-06-02,11'], 'nps.csv:2 score: got "11", expected a whole number from 0 to 10'],
  ['nps.csv', ['one,2026-06-02,7.5'], 'nps.csv:2 score: got "7.5", expected a whole number from 0 to 10'],
  ['nps.csv', ['two,2026-06-02,7'], 'nps.csv:2 account_id: got "two", expected an account_id of accounts.csv'],
  [
    'tickets.csv',
    ['T-1,two,2026-06-01,'],
    'tickets.csv:2 account_id: got "two", expected an account_id of accounts.csv',
  ],
  [
    'tickets.csv',
    ['T-1,one,2026-06-01,yes'],
    'tickets.csv:2 escalated_date: got "yes", expected a date such as 2026-11-16, or nothing',
  ],
  [
    'tickets.csv',
    ['T-1,one,2026-06-01,', 'T-1,one,2026-06-02,'],
    'tickets.csv:3 ticket_id: got "T-1", expected a value that no row above has',
  ],
  ['usage.csv', ['one,u1,2026-06-01'], 'usage.csv:2: got "one,u1,2026-06-01", expected 4 columns as in the header'],
  [
    'usage.csv',
    ['one,u1,2026-06-01,reports,x'],
    'usage.csv:2: got "one,u1,2026-06-01,reports,x", expected 4 columns as in the header',
  ],
  ['contacts.csv', ['one,,CEO'], 'contacts.csv:2 name: got "", expected a text'],
  [
    'memories.csv',
    ['one,2026-01-01,,quirk,,-3,,text'],
    'memories.csv:2 dip_percent: got "-3", expected a number, 0 or more, or nothing',
  ],
  [
    'memories.csv',
    ['one,2026-01-01,,assessment,bad,,,text'],
    'memories.csv:2 assessment: got "bad", expected stable, watch or urgent_intervention, or nothing',
  ],
  [
    'memories.csv',
    [`one,2026-01-01,,assessment,${'x'.repeat(101)},,,text`],
    `memories.csv:2 assessment: got "${'x'.repeat(80)}…", expected stable, watch or urgent_intervention, or nothing`,
  ],
  [
    'memories.csv',
    ['one,2026-01-01,nope,,,,,text'],
    'memories.csv:2 scope: got "nope", expected risk_analysis, or nothing',
  ],
];

for (const [file, rows, finding] of WRONG_VALUES) {
  test(`names file, line, column and value: ${finding.split(', expected')[0]}`, async () => {
    const error = await failure(dataFolder({ [file]: rows }));
    assert.equal(error.code, 'data.invalid');
    assert.ok(findings(error).includes(finding), error.message);
    assert.equal(error.details.total, findings(error).length);
  });
}

test('memories are judged by the memory schema', async () => {
  const rows = ['one,2026-01-01,,rumour,,,,text', 'one,2026-01-01,,,,150,,text', 'one,2026-01-01,,,,,luck,text'];
  const found = findings(await failure(dataFolder({ 'memories.csv': rows })));
  assert.equal(found.length, 3);
  assert.match(found[0] ?? '', /^memories\.csv:2 kind: got "rumour", expected a value of a memory \(.*"quirk"/);
  assert.match(found[1] ?? '', /^memories\.csv:3 dip_percent: got "150", /);
  assert.match(found[2] ?? '', /^memories\.csv:4 resolved_by: got "luck", .*"self"/);
});

test('lines are those of the file, after blank lines, fields over two lines and rows that are no rows', async () => {
  const usage = [
    HEADERS['usage.csv'],
    '',
    'one,u1,2026-06-01,"re',
    'ports"',
    '',
    'one,u1,2026-06-01',
    'one,u2,2026-06-01,"say ""hi"""',
    'one,u3,June,reports',
  ].join('\r\n');
  const folder = dataFolder();
  writeFileSync(join(folder, 'usage.csv'), usage);
  assert.deepEqual(findings(await failure(folder)), [
    'usage.csv:6: got "one,u1,2026-06-01", expected 4 columns as in the header',
    'usage.csv:8 date: got "June", expected a date such as 2026-11-16',
  ]);
});

test('an open quote is named at its line, and nothing is guessed about what follows it', async () => {
  const error = await failure(
    dataFolder({ 'usage.csv': ['one,u1,2026-06-01,x', 'one,"u2,2026-06-01,x', 'two,u3,no,x'] }),
  );
  assert.equal(findings(error).length, 1);
  assert.match(findings(error)[0] ?? '', /^usage\.csv:3: got .*expected a quoted field that ends with its quote$/);
});

test('text that is not UTF-8 is an error', async () => {
  const folder = dataFolder();
  const head = Buffer.from(`${HEADERS['contacts.csv']}\none,Ann,CEO\none,`);
  writeFileSync(join(folder, 'contacts.csv'), Buffer.concat([head, Buffer.from([0xff, 0xe9]), Buffer.from(',CTO\n')]));
  assert.match(findings(await failure(folder))[0] ?? '', /^contacts\.csv:3: .*expected text in UTF-8$/);
});

test('lines may end in more than one way, and what is wrong among them keeps its line', async () => {
  const one = (text: string) => text.replace(' ', '\r\n');
  const head = HEADERS['usage.csv'];
  const mixed = `${head}\r\none,u1,2026-06-01,"re\r\nports"\r\none,u2,2026-06-02,x\none,u3,2026-06-03,x\r\n`;
  const folder = dataFolder();
  writeFileSync(join(folder, 'usage.csv'), mixed);
  const data = await openData(folder, playbook);
  assert.deepEqual((await data.counts?.())?.find(({ label }) => label === 'usage rows')?.value, 3);
  await data.close();

  writeFileSync(join(folder, 'usage.csv'), `${mixed}one,u4,June,x\none,u5\r\n`);
  assert.deepEqual(findings(await failure(folder)), [
    'usage.csv:6 date: got "June", expected a date such as 2026-11-16',
    'usage.csv:7: got "one,u5", expected 4 columns as in the header',
  ]);
  writeFileSync(join(folder, 'usage.csv'), one(`${head} one,u1,2026-06-01,x\r\none,u2,2026-06-02,x\rone,u3,no,x\r\n`));
  assert.match(findings(await failure(folder)).join('\n'), /^usage\.csv:4 date: got "no"/);
});

test('a file in UTF-16, or with a header in another encoding, is told to be not UTF-8', async () => {
  const folder = dataFolder();
  const text = `\uFEFF${HEADERS['nps.csv']}\r\none,2026-06-02,9\r\n`;
  for (const bytes of [
    Buffer.from(text, 'utf16le'),
    Buffer.from(text, 'utf16le').swap16(),
    Buffer.from(text.slice(1), 'utf16le'),
  ]) {
    writeFileSync(join(folder, 'nps.csv'), bytes);
    assert.deepEqual(findings(await failure(folder)), [
      'nps.csv:1: the file is not UTF-8 but UTF-16, expected text in UTF-8',
    ]);
  }
  writeFileSync(
    join(folder, 'nps.csv'),
    Buffer.from('account_id,date,score,caf\u00e9\none,2026-06-02,9,x\n', 'latin1'),
  );
  assert.deepEqual(findings(await failure(folder)), ['nps.csv:1: the file is not UTF-8, expected text in UTF-8']);
});

test('a column that stands twice is named with its line', async () => {
  const folder = dataFolder();
  writeFileSync(join(folder, 'nps.csv'), 'account_id,date,score,score\none,2026-06-02,9,8\n');
  assert.deepEqual(findings(await failure(folder)), ['nps.csv:1: column score stands twice, expected it once']);
});

test('problems of all files are listed together, in the order of files and lines', async () => {
  const error = await failure(
    dataFolder({
      'nps.csv': ['one,2026-06-02,x'],
      'accounts.csv': [ACCOUNT.replace('2026-01-01', '?')],
      'usage.csv': ['one,u,no,f', 'six,u,2026-06-01,f'],
    }),
  );
  assert.deepEqual(
    findings(error).map((line) => line.split(': got')[0]),
    ['accounts.csv:2 created_date', 'usage.csv:2 date', 'usage.csv:3 account_id', 'nps.csv:2 score'],
  );
});

test('twenty problems are listed and all are counted', async () => {
  const rows = Array.from({ length: 50 }, (_, index) => `one,2026-06-02,${11 + index}`);
  const error = await failure(dataFolder({ 'nps.csv': rows }));
  assert.equal(findings(error).length, 21);
  assert.equal(findings(error).at(-1), '… and 30 more');
  assert.match(error.message, /has 50 wrong values/);
});

test('a broken line of accounts.csv does not make its rows elsewhere unknown', async () => {
  const error = await failure(dataFolder({ 'accounts.csv': ['one,One Ltd'] }));
  assert.deepEqual(findings(error), ['accounts.csv:2: got "one,One Ltd", expected 9 columns as in the header']);
});

test('a folder that is not there is named with what was expected', async () => {
  const error = await failure(join(tmpdir(), 'no-such-folder-of-customers'));
  assert.equal(error.code, 'data.missing');
  assert.match(
    error.message,
    /no-such-folder-of-customers does not exist, expected a folder with accounts\.csv, usage\.csv/,
  );
});

test('an empty folder, and a file in place of a folder, are named', async () => {
  const folder = rawFolder({});
  assert.match((await failure(folder)).message, /is empty, expected a folder with accounts\.csv/);
  writeFileSync(join(folder, 'x'), '');
  assert.match((await failure(join(folder, 'x'))).message, /is not a folder/);
});

test('all missing files are named at once; contacts and memories may be missing', async () => {
  const folder = dataFolder();
  unlinkSync(join(folder, 'usage.csv'));
  unlinkSync(join(folder, 'nps.csv'));
  const error = await failure(folder);
  assert.equal(error.code, 'data.missing');
  assert.deepEqual(findings(error), [
    'usage.csv: the file is missing, expected with columns account_id, user_id, date, feature',
    'nps.csv: the file is missing, expected with columns account_id, date, score',
  ]);
});

test('the scopes of memories are the agents with a long-term memory', () => {
  const remembering = readdirSync(AGENTS)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => parse(readFileSync(new URL(name, AGENTS), 'utf8')))
    .filter(({ memory_config }) => memory_config.long_term_enabled)
    .map(({ metadata }) => metadata.name);
  assert.deepEqual(customerTables.declared.memories?.scopes, remembering);
});

test('another separator than the comma is named, with what to do', async () => {
  const headers = {
    ';': 'account_id;date;score',
    '\t': 'account_id\tdate\tscore',
    '|': '"account_id"|"date, time"|"score"',
  };
  for (const [separator, header] of Object.entries(headers)) {
    const folder = dataFolder();
    writeFileSync(join(folder, 'nps.csv'), `${header}\none${separator}2026-06-02${separator}9\n`);
    const error = await failure(folder);
    const got = JSON.stringify(separator);
    assert.equal(error.code, 'data.missing');
    assert.deepEqual(findings(error), [
      `nps.csv:1: the columns are separated by ${got}, expected ","; if ${got} is right, say delimiter: ${got} in columns.yaml in the data folder`,
    ]);
    if (separator === '|') continue;
    writeFileSync(join(folder, 'columns.yaml'), `tables: {nps: {delimiter: ${got}}}\n`);
    await (await openData(folder, playbook)).close();
  }
});

test('a missing column is named with the columns found', async () => {
  const folder = dataFolder();
  writeFileSync(join(folder, 'nps.csv'), 'account_id,date;time,note\none,2026-06-02,9\n');
  assert.deepEqual(findings(await failure(folder)), [
    'nps.csv:1: column date, score is missing, found account_id, date;time, note, expected account_id, date, score',
  ]);
});

test('a file without a header is named', async () => {
  const folder = dataFolder();
  writeFileSync(join(folder, 'nps.csv'), '');
  assert.deepEqual(findings(await failure(folder)), [
    'nps.csv: the file is empty, expected a header with columns account_id, date, score',
  ]);
});

test('a folder without a dated row has no as-of date and does not open', async () => {
  const error = await failure(dataFolder({ 'usage.csv': [], 'tickets.csv': [], 'nps.csv': [] }));
  assert.equal(error.code, 'data.missing');
  assert.match(error.message, /no row in usage\.csv, tickets\.csv and nps\.csv/);
});

test('columns may stand in any order, quoted, beside others, after a byte-order mark and with CRLF', async () => {
  const good = dataFolder();
  const files = Object.fromEntries(
    (['accounts.csv', 'usage.csv', 'tickets.csv'] as const).map((file) => [file, readFileSync(join(good, file))]),
  );
  const nps = '\uFEFFscore,"date",note,account_id\r\n3,2026-07-01,"a, b",one\r\n';
  const data = await openData(rawFolder({ ...files, 'nps.csv': nps }), playbook);
  assert.equal(data.asOf, '2026-07-01');
  await data.close();
});

test('a folder whose path holds wildcards is read as it is called', async () => {
  const folder = join(rawFolder({}), 'a[b]*?');
  mkdirSync(folder);
  cpSync(dataFolder(), folder, { recursive: true });
  await (await openData(folder, playbook)).close();
});

test('values that look like SQL are only values', async () => {
  const id = `one'); DROP TABLE accounts; --`;
  const data = await openData(
    dataFolder({
      'accounts.csv': [ACCOUNT.replace('one', id)],
      'usage.csv': [`${id},u1,2026-06-30,reports`],
      'tickets.csv': [],
      'nps.csv': [],
    }),
    playbook,
  );
  assert.equal((await data.metrics(id, data.asOf)).usage_rows, 1);
  assert.deepEqual(await data.targets('active_accounts', data.asOf), [{ id, payload: { account_id: id } }]);
  await data.close();
});

test.run();
