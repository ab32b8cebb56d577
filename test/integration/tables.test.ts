import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { column, defineTables } from 'agent-platform/tables';
import { NODE_ARGUMENTS } from '../../config/root.ts';
import { PlatformError } from '../../config/errors.ts';
import { formatDataProblem } from '../../runtime/pack.ts';
import { suite } from '../support/suite.ts';

const test = suite('tables of any trade');
let folder = '';

test.before.each(() => {
  folder = mkdtempSync(join(tmpdir(), 'tables-'));
});
test.after.each(() => rmSync(folder, { recursive: true, force: true }));

/** Trucks, their trips and the depots that a trip leads to. Some names are words of SQL. */
const fleet = defineTables({
  tables: {
    trucks: {
      key: 'order',
      columns: { order: column.id(), model: column.text(), bought: column.date({ empty: true }) },
    },
    depots: { key: 'group', columns: { group: column.text() } },
    trips: {
      columns: {
        truck: column.text({ of: 'trucks' }),
        row: column.text({ of: 'depots', empty: true }),
        end: column.date({ observed: true }),
        km: column.whole(1, 2_000),
        celsius: column.number({ empty: true }),
      },
    },
    logs: { optional: true, large: true, columns: { text: column.text(), paid: column.oneOf(['$', "d'or"]) } },
  },
  subjects: { table: 'trucks', called: 'truck', since: 'bought' },
  targets: { all: () => true, bought: ({ bought }) => bought !== null },
});

const measures = fleet.measures({
  km: { table: 'trips', on: 'end', figure: 'sum(km)', days: 2, value: 'change' },
  celsius: { table: 'trips', on: 'end', figure: 'avg(celsius)', days: 2, value: 'difference' },
  trips: { table: 'trips', on: 'end', figure: 'count(*)', days: 2, value: 'now' },
});

const GOOD = {
  'trucks.csv': 'order,model,bought\n7,Long,2026-01-02\n8,Short,\n10,Old,0000-01-01\n',
  'depots.csv': 'group\nnorth\n',
  'trips.csv':
    'truck,row,end,km,celsius\n7,north,2026-05-01,100,-4.5\n7,,2026-05-03,50,\n7,north,2026-05-04,100,8\n8,,2026-04-30,5,\n',
};

function write(files: Record<string, string>): string {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

async function problems(files: Record<string, string>): Promise<string[]> {
  return (await fleet.check(write({ ...GOOD, ...files }))).map(formatDataProblem);
}

test('rows have the types of their columns, in the file’s order; what is empty is null', async () => {
  const data = await fleet.open(write(GOOD));
  assert.deepEqual(data.subjects, [
    { order: '7', model: 'Long', bought: '2026-01-02' },
    { order: '8', model: 'Short', bought: null },
    { order: '10', model: 'Old', bought: '0000-01-01' },
  ]);
  assert.deepEqual((await data.rows('trips'))[1], { truck: '7', row: null, end: '2026-05-03', km: 50, celsius: null });
  assert.deepEqual(
    (await data.rowsAbout('7', 'trips')).map(({ km }) => km),
    [100, 50, 100],
  );
  assert.deepEqual(await data.query('SELECT sum(km)::INTEGER AS km FROM trips WHERE truck = $truck', { truck: '7' }), [
    { km: 250 },
  ]);
  await assert.rejects(data.rows('logs'), /the rows of logs are asked by measures and queries/);
  await data.close();
});

test('a folder is a source: targets by list, subjects, counts and the latest day that was observed', async () => {
  const data = await fleet.open(write(GOOD));
  assert.equal(data.asOf, '2026-05-04');
  assert.deepEqual(await data.targets('bought', data.asOf), [
    { id: '7', payload: { order: '7' } },
    { id: '10', payload: { order: '10' } },
  ]);
  assert.deepEqual([await data.knows?.('8'), await data.knows?.('9')], [true, false]);
  assert.deepEqual(await data.memories(), []);
  assert.deepEqual(await data.counts?.(), [
    { label: 'trucks', value: 3 },
    { label: 'depots rows', value: 1 },
    { label: 'trips rows', value: 4 },
    { label: 'logs rows', value: 0 },
    { label: 'all dates', value: '2026-04-30 to 2026-05-04' },
  ]);
  await assert.rejects(data.targets('some', data.asOf), { message: 'no target list "some", expected all, bought' });
  await assert.rejects(async () => data.subject('9'), { code: 'target.unknown', message: /has no truck "9"$/ });
  await data.close();
});

test('a sum or a mean of no row is no figure and says so; a count is 0', async () => {
  const data = await fleet.open(write(GOOD), measures);
  const { measures: found } = await data.measured('7', '2026-05-04');
  assert.deepEqual(found.km, { value: 0.5, now: 150, before: 100, window: '2 days', reason: null });
  assert.deepEqual(found.celsius, { value: 12.5, now: 8, before: -4.5, window: '2 days', reason: null });
  const none = (await data.measured('8', '2026-05-04')).measures;
  assert.deepEqual(none.trips, { value: 0, now: 0, before: 0, window: '2 days', reason: null });
  assert.deepEqual(none.km, {
    value: null,
    now: null,
    before: null,
    window: '2 days',
    reason: 'no trips rows in the 2 days ending 2026-05-04',
  });
  await data.close();
});

test('whatever a table refers to, a wrong value is named with its place', async () => {
  const trips = 'truck,row,end,km,celsius\n9,south,2026-05-01,0,warm\n8,,2026-05-01,07,-1e3\n';
  assert.deepEqual(await problems({ 'trips.csv': trips }), [
    'trips.csv:2 truck: got "9", expected an order of trucks.csv',
    'trips.csv:2 row: got "south", expected a group of depots.csv',
    'trips.csv:2 km: got "0", expected a whole number from 1 to 2000',
    'trips.csv:2 celsius: got "warm", expected a number, or nothing',
    'trips.csv:3 km: got "07", expected a whole number from 1 to 2000',
    'trips.csv:3 celsius: got "-1e3", expected a number, or nothing',
  ]);
  assert.deepEqual(await problems({ 'logs.csv': "text,paid\na,$\nb,d'or\nc,€\n" }), [
    'logs.csv:4 paid: got "€", expected $ or d\'or',
  ]);
  rmSync(join(folder, 'logs.csv'));
  assert.deepEqual(await problems({ 'trips.csv': 'truck,row,end,km,celsius\n' }), [
    'trips.csv: there is no row in trips.csv, expected at least one to date the data by',
  ]);
});

test('a folder’s own names and formats are mapped by columns.yaml', async () => {
  const layout = 'dates: D.M.YYYY\ntables: {trips: {decimal: ",", columns: {celsius: "°C"}}}\n';
  const trips = 'truck,row,end,km,°C\n7,,1.5.2026,9,"-4,5"\n';
  const data = await fleet.open(
    write({
      ...GOOD,
      'trucks.csv': 'order,model,bought\n7,Long,2.1.2026\n',
      'trips.csv': trips,
      'columns.yaml': layout,
    }),
  );
  assert.deepEqual(await data.rows('trips'), [{ truck: '7', row: null, end: '2026-05-01', km: 9, celsius: -4.5 }]);
  await data.close();
});

test('a declaration that contradicts itself is refused in its own words', () => {
  const columns = { id: column.id(), day: column.date({ observed: true }) };
  const of = (tables: Parameters<typeof defineTables>[0]['tables'], table = 'things') =>
    defineTables({ tables, subjects: { table, called: 'thing' }, targets: {} } as Parameters<typeof defineTables>[0]);
  for (const [declare, message] of [
    [() => of({ things: { columns } }), /subjects\.table is "things", expected a table with a key$/],
    [
      () => of({ Things: { columns, key: 'id' } }, 'Things'),
      /"Things" is no name, expected small letters, digits and _$/,
    ],
    [() => of({ things: { columns, key: 'ID' } }), /things\.key is "ID", expected a column$/],
    [() => of({ things: { columns: { id: column.id() }, key: 'id' } }), /no column is observed/],
    [
      () => of({ things: { columns: { ...columns, at: column.text({ of: 'places' }) }, key: 'id' } }),
      /things\.at is of "places", expected a table above it that has a key$/,
    ],
  ] as const) {
    assert.throws(declare, (error) => error instanceof PlatformError && message.test(error.message));
  }
});

test('where DuckDB is not installed, tables are declared all the same, and opening a folder says what to install', () => {
  const hooks = `export function resolve(specifier, context, next) {
    if (specifier.startsWith('@duckdb/')) throw Object.assign(new Error('Cannot find package'), {code: 'ERR_MODULE_NOT_FOUND'});
    return next(specifier, context);
  }`;
  const without = `import { register } from 'node:module';
    register('data:text/javascript,${encodeURIComponent(hooks).replaceAll("'", '%27')}');`;
  const file = join(write(GOOD), 'open.ts');
  writeFileSync(
    file,
    `import { column, defineTables } from 'agent-platform/tables';
    const beds = defineTables({
      tables: { beds: { key: 'bed', columns: { bed: column.id(), measured: column.date({ observed: true }) } } },
      subjects: { table: 'beds', called: 'bed' },
      targets: {},
    });
    await beds.open('.').catch(({ code, message }) => console.log(code, message));`,
  );
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [...NODE_ARGUMENTS, '--import', `data:text/javascript,${encodeURIComponent(without)}`, file],
    { encoding: 'utf8' },
  );
  assert.equal(
    stdout.trim(),
    'data.no_reader tables cannot be read without the package @duckdb/node-api (Cannot find package): install it beside the platform',
    stderr,
  );
});

test.run();
